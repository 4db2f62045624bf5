"""The Measure panel and its parts."""
