"""Label maps as files: told from images, read with their codes, brought onto the grid of an image."""
