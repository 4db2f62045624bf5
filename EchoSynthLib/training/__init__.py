"""The one training loop and what the recipes share (torch)."""
