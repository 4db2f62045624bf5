"""Hearts and their beats drawn as latents: EchoNet-Synthetic (Reynaud et al. 2024, arXiv 2406.00808)."""
