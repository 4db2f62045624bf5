"""A parametric heart fitted to the outlines of its views, with the planes they were taken in."""
