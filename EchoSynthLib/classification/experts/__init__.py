"""Frozen experts of several sites, fused by how well each knows the kind of image (Bransby et al. 2024)."""
