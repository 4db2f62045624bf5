"""A generator that gives each structure one gray level."""
