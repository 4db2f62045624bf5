"""The mean gray level, less that of the images it was trained on."""
