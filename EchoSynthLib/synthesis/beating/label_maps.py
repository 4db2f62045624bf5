"""The label maps of a beating heart: carried along with the tissue, whole at the sector's edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.synthesis.beating.field import largest_membership, memberships
from EchoSynthLib.types import LabelMap

_REACH = 24
"""Pixels beyond the sector, into which labels at its edge go on: farther than a heart moves there."""
_RIM = 3
"""Pixels inside the sector's edge: what lies between a structure and the edge there is known no better."""
_SOFT = 1.5
"""Pixels over which outlines that are made up beyond the edge are smooth."""
_MOVED = 0.1
"""Pixels; a map that nowhere moves by more is the given one, with its gaps at the rim."""
_KNOWN = 6
"""Pixels along the edge within which a label beyond it tells how the structure goes on."""
_STRAY = 0.002
"""Part of a map's labels that may lie beyond the sector of one that the sector cuts: its edge is known to a pixel."""


class MovedLabels:
    """Moves one label map.

    A structure that is labeled up to the sector's edge goes on beyond it: what the sector hides in the given frame, and
    the motion brings in, is taken for more of the structure beside it, rather than for a notch; so is a gap of a pixel
    or two between them, which would come in as a line. The wall goes on as far as it is thick elsewhere. One that is
    labeled beyond the edge, as observers do who know where a wall goes, moves as it is, and goes on where the picture
    ends. In a map that has no label beyond the sector, none gets there.

    Args:
        label_map: (H, W) in CAMUS codes.
        sector: on its grid.
    """

    def __init__(self, label_map: LabelMap, sector: Sector) -> None:
        self._given = np.asarray(label_map, np.uint8)
        self._inside = sector.mask((self._given.shape[0], self._given.shape[1]))
        beyond = np.count_nonzero(self._given[~self._inside])
        self._cut = beyond <= _STRAY * np.count_nonzero(self._given)
        given, inside = np.pad(self._given, _REACH, mode="edge"), np.pad(self._inside, _REACH)
        ends = np.pad(np.zeros_like(self._inside), _REACH, constant_values=True)
        away, nearest = ndimage.distance_transform_edt(
            ~ndimage.binary_erosion(inside, iterations=_RIM), return_indices=True
        )
        told = (given > 0) & ~inside & ~ends & (not self._cut)
        known_beyond = ndimage.binary_dilation(told, iterations=_KNOWN)
        near_edge = (away > 0) & (away <= _REACH) & ~known_beyond[tuple(nearest)]
        hidden = near_edge & (given == CamusCode.BACKGROUND)
        taken = np.where(hidden, given[tuple(nearest)], given)
        far = ndimage.distance_transform_edt(taken != CamusCode.LV_CAVITY)
        outer = (given == CamusCode.MYOCARDIUM) & ndimage.binary_dilation(given == CamusCode.BACKGROUND) & (away == 0)
        thick = float(np.median(far[outer])) if outer.any() else np.inf
        taken[(hidden | ends) & (taken == CamusCode.MYOCARDIUM) & (far > thick)] = CamusCode.BACKGROUND
        whole = memberships(taken)
        self._seen = [np.where(hidden, ndimage.gaussian_filter(member, _SOFT), member) for member in whole]
        self._as_given = memberships(np.where(ends, taken, given))

    def __call__(self, displacement: NDArray[np.floating]) -> LabelMap:
        """The label map (H, W) of the frame whose x lies at x + u(x) in the given one.

        Args:
            displacement: u, (2, H, W) in pixels.
        """
        if np.abs(displacement).max() < _MOVED:
            return self._given.copy()
        at = np.indices(self._given.shape, dtype=np.float32) + displacement + np.float32(_REACH)
        moved = np.zeros_like(self._given)
        moved[self._inside] = largest_membership(self._seen, at[:, self._inside])
        if not self._cut:
            moved[~self._inside] = largest_membership(self._as_given, at[:, ~self._inside])
        return moved
