"""Diffusion U-Nets that a label map guides: SPADE in the middle and in the decoder."""
