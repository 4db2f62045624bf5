"""Cascaded video diffusion: one frame and an ejection fraction to a cine (torch); Reynaud et al. 2023 (2303.12644)."""
