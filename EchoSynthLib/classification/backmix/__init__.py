"""A classifier of frames that learns not to look beside the sector: its background is exchanged in training."""
