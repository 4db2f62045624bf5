"""One file for each format that is written; `images.write` chooses among them."""
