"""One file for each format that can be read; `images.read` chooses among them."""
