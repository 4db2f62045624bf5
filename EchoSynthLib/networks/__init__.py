"""Network building blocks that two systems or more share (torch)."""
