"""Frames that show the same view, found by embeddings that two scans of one subject share (arXiv 2306.04739)."""
