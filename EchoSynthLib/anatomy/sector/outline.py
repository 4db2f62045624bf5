"""The bright region of an image that an ultrasound sector may be fitted to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.masks import filled, grown, grown_by_disc, largest_part, shrunken_by_disc
from EchoSynthLib.types import Mask

DARK = 4 / 255  # of the brightest pixel: what compression and scanners leave outside the sector
_TILES_ALONG_SIDE = 28
_QUIET_TILES = 20  # percent of the frame's border that shows neither sector nor overlay


def noise_floor(gray: NDArray[np.float32]) -> float:
    """Gray level that noise outside the sector reaches: the brightest pixel of the quieter tiles along the border."""
    tile = max(4, min(gray.shape) // _TILES_ALONG_SIDE)
    strips = (gray[:tile], gray[-tile:], gray[:, :tile].T, gray[:, -tile:].T)
    peaks = [strip[:, k : k + tile].max() for strip in strips for k in range(0, strip.shape[1] - tile + 1, tile)]
    return float(np.percentile(peaks, _QUIET_TILES))


def outlines(gray: NDArray[np.float32]) -> Iterator[Mask]:
    """Candidate bright regions (H, W), the most faithful to faint tissue first.

    The later ones are for compressed pictures, whose blocks ring about the sector, and for overlays beside it: a
    higher threshold leaves the ringing out, a weaker closing does not join the overlay to the sector.
    """
    from scipy import ndimage

    top, floor = float(gray.max()), noise_floor(gray)
    faint = top * DARK
    if 1.25 * floor > faint:
        faint, gray = 1.25 * floor, ndimage.median_filter(gray, 3)
    bright = gray > faint
    if not bright.any():
        return
    typical = float(np.median(gray[bright]))
    for share, strong in ((0.0, True), (0.0, False), (0.15, True), (0.15, False), (0.3, True), (0.3, False)):
        yield _region(gray > faint + share * (typical - faint), strong=strong)


def _region(bright: Mask, *, strong: bool) -> Mask:
    """The largest bright region without the thin things (text, traces, rulers) that touch it, its holes filled."""
    size = max(1, min(bright.shape) // 60)
    padded = np.pad(bright, 4 * size)
    if strong:
        closed = grown_by_disc(grown_by_disc(padded, size), size)
        solid = filled(shrunken_by_disc(shrunken_by_disc(closed, size), size))
    else:
        # Holes are filled last here: a trace and a scale beside the sector may enclose what lies outside.
        solid = _closed_a_little(padded, max(1, size // 2))
    opened = grown_by_disc(shrunken_by_disc(solid, size), size)
    # Opening rounds the sharp corners away: grow back within what was bright.
    grown_back = grown_by_disc(largest_part(opened), size) & solid
    if not strong:
        grown_back = filled(grown_back)
    return grown_back[4 * size : -4 * size, 4 * size : -4 * size]


def _closed_a_little(mask: Mask, steps: int) -> Mask:
    for _ in range(steps):
        mask = grown(mask)
    outside = ~mask
    for _ in range(steps):
        outside = grown(outside)
    return ~outside
