"""The panels of the main job: segment, edit, synthesize, vary."""
