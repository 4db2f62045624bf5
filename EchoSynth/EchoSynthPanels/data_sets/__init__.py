"""The panels that make data sets."""
