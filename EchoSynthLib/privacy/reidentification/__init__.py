"""Whose heart a frame shows: frames to numbers that are alike for one heart (arXiv 2406.00808, part 3)."""
