"""Sizes of the networks that tell views."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from EchoSynthLib.images.picture_box import SIDE

SIDES: Mapping[str, int] = MappingProxyType({"small": SIDE, "paper": 112})
"""Pixels along each side of what a network sees."""
STEM, WIDTHS = 16, (32, 64, 112)
"""Channels of the small one: of its stem, and of its three stages of two blocks."""
