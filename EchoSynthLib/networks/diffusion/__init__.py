"""Diffusion processes, noise levels and solvers, each chosen on its own; of images and of cines (torch)."""
