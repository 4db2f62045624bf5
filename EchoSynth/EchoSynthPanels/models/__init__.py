"""The panels of engine and models."""
