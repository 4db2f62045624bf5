"""Image to label map: one folder for each segmentation system."""
