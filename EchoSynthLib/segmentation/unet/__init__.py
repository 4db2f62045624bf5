"""The shipped segmenter: a residual U-Net with a view head, robust to probes, gain and overlays."""
