"""Drawn subjects in two scans each: hearts swept between views, and muscles swept along the thigh."""
