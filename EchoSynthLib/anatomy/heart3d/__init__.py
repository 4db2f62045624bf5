"""A beating heart in millimeters, known at every point and phase: tissue, displacement, volumes, strain."""
