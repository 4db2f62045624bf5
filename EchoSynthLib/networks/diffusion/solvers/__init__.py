"""From noise to image: one file for each solver, and a table of which fits which process (torch)."""
