"""Label map to image: one folder for each synthesis system."""
