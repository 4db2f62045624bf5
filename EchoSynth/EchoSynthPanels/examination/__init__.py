"""EchoStudy: a table of an examination's clips, the chosen one with its shares; all segmented, the study measured."""
