"""The functions a Python user calls: arrays in, arrays and a record out.

On the fast path, unless a diffusion model is chosen.
"""

from __future__ import annotations

from EchoSynthLib.api.analysis import Segmentation, classify_view, contour, contour_detailed, segment, segment_detailed
from EchoSynthLib.api.measure import measure
from EchoSynthLib.api.synthesis import synthesize, variations

__all__ = [
    "Segmentation",
    "classify_view",
    "contour",
    "contour_detailed",
    "measure",
    "segment",
    "segment_detailed",
    "synthesize",
    "variations",
]
