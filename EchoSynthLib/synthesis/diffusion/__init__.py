"""Diffusion models in pixel or latent space: a process, a network and a solver, each chosen on its own (torch)."""
