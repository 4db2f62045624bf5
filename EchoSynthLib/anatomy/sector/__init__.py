"""The ultrasound sector: its geometry, its fit to an image, and which way up it stands."""
