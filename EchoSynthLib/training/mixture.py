"""How real and synthetic frames share a training, where the data hold both."""

from __future__ import annotations

REAL_SHARE = 0.5
"""Of a batch, at first: synthetic frames are many, and would crowd out the real ones."""
REAL_ALONE = 0.5
"""From this share of the training on all frames are real, so that what synthetic ones teach wrongly is unlearned."""


def real_frames(batch: int, spent: float) -> int:
    """How many of a batch's frames are real when the share `spent`, 0 to 1, of the training is over."""
    return batch if spent >= REAL_ALONE else round(REAL_SHARE * batch)
