"""The ejection fraction of a cine by one network, learned from synthetic cines alone (arXiv 2406.00808, part 5)."""
