"""Figures: overlap, outlines, speckle statistics, distances between sets of images, confidence."""
