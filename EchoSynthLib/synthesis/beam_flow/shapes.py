"""The sizes that both run-times of the generator share."""

from __future__ import annotations

from EchoSynthLib.anatomy.beam import BEAM_SHAPE

CLASSES = 4
"""CAMUS codes, one plane each in a one-hot label map."""
FACTOR = 4
"""The structure stage draws one pixel for FACTOR x FACTOR samples of beam space."""
COARSE_SHAPE = (BEAM_SHAPE[0] // FACTOR, BEAM_SHAPE[1] // FACTOR)
"""Range x angle of the structure stage's image."""
