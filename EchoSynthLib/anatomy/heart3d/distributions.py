"""Hearts of adults."""

from __future__ import annotations

from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters


def draw(seed: int, condition: str = "normal") -> HeartParameters:
    """To come."""
    return HeartParameters()
