"""Figures: overlap, speckle statistics, Frechet distance, cost."""
