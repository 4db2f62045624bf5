"""How noise is added and what a network learns of it: one file for each diffusion process (torch)."""
