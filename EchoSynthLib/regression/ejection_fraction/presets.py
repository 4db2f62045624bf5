"""What the networks of both presets are shown, and what is fixed of their training."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from EchoSynthLib.regression.ejection_fraction.windows import Sampling

SAMPLINGS: Mapping[str, Sampling] = MappingProxyType(
    {
        "small": Sampling(frames=24, seconds=2.0, side=64),
        "paper": Sampling(frames=32, seconds=2.0, side=112),  # every second of 64 frames at 32 a second
    }
)
"""Two seconds are more than one beat of nearly every heart."""
