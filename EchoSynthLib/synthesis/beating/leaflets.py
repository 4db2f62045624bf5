"""The mitral leaflets: two sheets that are hinged at the annulus, and swing into the ventricle while it fills.

Each is what the frame itself shows of it, turned about its hinge; where the frame shows little, a thin sheet is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.types import LabelMap

Points = NDArray[np.floating]
"""(2, ...) rows and columns in pixels."""

ANTERIOR_SHARE = 0.6
"""Of the annulus' diameter that the anterior leaflet covers as the valve is closed, in the four-chamber view."""
CLOSED = np.radians(8.0)
"""By which the tips of closed leaflets rise from the plane of the annulus into the ventricle, where they meet."""
OPEN = np.radians(70.0)
"""The same of leaflets that are wide open; chosen, as they look in real cines."""
SETTLED_MS = 40.0
"""After which leaflets that lie otherwise in the given frame have come near to where the valve's opening has them."""
_TRAILING = 0.55  # of the tip's angle that a leaflet has at its hinge: it bends
_FAN = np.radians((-35.0, 100.0))  # over the annulus' plane: what lies between follows the leaflet
_LIFTS = np.radians(np.arange(0.0, 66.0, 4.0))  # at which a leaflet is looked for
_THINNEST = 1.2  # pixels, standard deviation of a drawn sheet
_SHORTEST = 8.0  # pixels of an annulus that has leaflets
_STRENGTH = (0.3, 0.55)  # of a drawn sheet over blood, in gray levels from -1 to 1


@dataclass(frozen=True, eq=False)
class Leaflet:
    """One leaflet, as it is when closed.

    Attributes:
        hinge: (2,) row and column in pixels.
        towards: (2,) unit vector along the annulus' plane, to the other hinge.
        apical: (2,) unit vector square to it, into the ventricle.
        length: in pixels.
    """

    hinge: NDArray[np.float64]
    towards: NDArray[np.float64]
    apical: NDArray[np.float64]
    length: float

    def places(self, points: Points) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Distance from the hinge, in pixels, and angle over the annulus' plane, of points."""
        down, right = points[0] - np.float32(self.hinge[0]), points[1] - np.float32(self.hinge[1])
        along, up = (np.float32(one[0]) * down + np.float32(one[1]) * right for one in (self.towards, self.apical))
        radius, angle = np.sqrt(along * along + up * up), np.arctan2(up, along)
        return radius.astype(np.float32, copy=False), angle.astype(np.float32, copy=False)

    def near(self, points: Points) -> NDArray[np.intp]:
        """Numbers of the points (2, N) that the leaflet may reach."""
        down, right = points[0] - np.float32(self.hinge[0]), points[1] - np.float32(self.hinge[1])
        return np.flatnonzero(down * down + right * right < np.float32((1.2 * self.length) ** 2))

    def at(self, radius: NDArray[np.floating], angle: NDArray[np.floating]) -> Points:
        """Points (2, ...) of distances and angles."""
        parts = np.stack([radius * np.cos(angle), radius * np.sin(angle)])
        moved = np.tensordot(np.stack([self.towards, self.apical], axis=1), parts, 1)
        return moved + self.hinge.reshape(2, *[1] * np.ndim(radius))

    def angle(self, lift: float, radius: NDArray[np.floating]) -> NDArray[np.float32]:
        """The angle of the leaflet at distances from its hinge, of one whose tip is lifted by `lift`."""
        bend = np.float32(_TRAILING) + np.float32(1 - _TRAILING) * np.clip(radius / np.float32(self.length), 0, 1)
        return (np.float32(lift) * bend).astype(np.float32, copy=False)

    def fan(self, points: Points) -> NDArray[np.float32]:
        """1 where the leaflet sweeps, soft at the border."""
        radius, angle = self.places(points)
        near = np.clip((1.15 * self.length - radius) / 3, 0, 1)
        between = np.clip((angle - _FAN[0]) / 0.3, 0, 1) * np.clip((_FAN[1] - angle) / 0.3, 0, 1)
        return (near * between).astype(np.float32)

    def sheet(self, points: Points, lift: float) -> NDArray[np.float32]:
        """Brightness, up to 1, of a thin sheet: thickest at the hinge and the tip."""
        radius, angle = self.places(points)
        quarter, length = np.float32(np.pi / 2), np.float32(self.length)
        off = radius * np.sin(np.clip(angle - self.angle(lift, radius), -quarter, quarter))
        thick = np.float32(_THINNEST) * (1 + np.float32(0.3) * np.abs(2 * np.clip(radius / length, 0, 1) - 1))
        ends = np.clip((length - radius) / 2 + np.float32(0.5), 0, 1)
        return (np.exp(-((off / thick) ** 2) / 2) * ends).astype(np.float32, copy=False)

    def turned(self, points: Points, lift: float, back_to: float) -> Points:
        """Where points are shown by a leaflet lifted by `back_to`, of one that is lifted by `lift`.

        The fan is stretched on one side of the leaflet as it is squeezed on the other, so that chordae follow.
        """
        radius, angle = self.places(points)
        now, then = self.angle(lift, radius), self.angle(back_to, radius)
        below = _FAN[0] + (angle - _FAN[0]) * (then - _FAN[0]) / (now - _FAN[0])
        above = _FAN[1] - (_FAN[1] - angle) * (_FAN[1] - then) / (_FAN[1] - now)
        return self.at(radius, np.where(angle < now, below, above))


def leaflets_of(label_map: LabelMap, view: str) -> tuple[Leaflet, ...]:
    """Both leaflets, hinged where the border of ventricle and atrium meets the wall; none where there is none.

    Args:
        label_map: (H, W) in CAMUS codes.
        view: in the four-chamber view the leaflet at the septum, at the lower columns, is the longer one.
    """
    cavity, atrium = label_map == CamusCode.LV_CAVITY, label_map == CamusCode.LEFT_ATRIUM
    border = ndimage.binary_dilation(cavity, iterations=2) & ndimage.binary_dilation(atrium, iterations=2)
    points = np.argwhere(border).astype(np.float64)
    if len(points) < _SHORTEST:
        return ()
    middle = points.mean(axis=0)
    along = np.linalg.eigh(np.cov((points - middle).T))[1][:, 1]
    along *= np.sign(along[1]) or 1.0  # to higher columns
    share = (points - middle) @ along
    ends = np.quantile(share, [0.02, 0.98])
    diameter = float(ends[1] - ends[0])
    if diameter < _SHORTEST:
        return ()
    apical = np.array([-along[1], along[0]])
    inner = np.argwhere(cavity).mean(axis=0) - middle
    apical *= np.sign(apical @ inner) or 1.0
    first = ANTERIOR_SHARE if view == FOUR_CHAMBER.name else 0.5
    lengths = diameter * np.array([first, 1 - first]) / np.cos(CLOSED)
    hinges = [middle + end * along for end in ends]
    return (
        Leaflet(hinges[0], along, apical, float(lengths[0])),
        Leaflet(hinges[1], -along, apical, float(lengths[1])),
    )


def swept(leaflets: tuple[Leaflet, ...], points: Points) -> list[NDArray[np.float32]]:
    """What each leaflet sweeps of points (2, ...), 0 to 1; where both do, each has its side."""
    if not leaflets:
        return []
    fans = [leaflet.fan(points) for leaflet in leaflets]
    reach = [leaflet.places(points)[0] / leaflet.length for leaflet in leaflets]
    first = 1 / (1 + np.exp(np.clip((reach[0] - reach[1]) * 8, -30, 30)))
    return [fans[0] * first, fans[1] * (1 - first)]


class LeafletLayer:
    """What the leaflets add to a frame without them.

    Args:
        leaflets: as `leaflets_of` finds them.
        structure: (R, A) the frame's gray levels in beam space, less its speckle.
        bare: (R, A) the same as the blood around goes on where leaflets sweep.
        pools: (R, A) 1 in ventricle and atrium, soft at their border.
        places: (2, R, A) where the samples lie in the frame, in pixels.

    Attributes:
        bare: (R, A) structure without what the leaflets add.
        lifts: by which each is lifted in the given frame, as is seen there.
    """

    def __init__(
        self,
        leaflets: tuple[Leaflet, ...],
        structure: NDArray[np.float32],
        bare: NDArray[np.float32],
        pools: NDArray[np.float32],
        places: Points,
    ) -> None:
        self._leaflets = leaflets
        above = np.maximum(structure - bare, 0) * pools
        self._own = [above * share for share in swept(leaflets, places)]
        self.bare = structure - sum(self._own, np.zeros_like(structure))
        self.lifts = [_lift(leaflet, own, places) for leaflet, own in zip(leaflets, self._own, strict=True)]
        self._strength = [
            _strength(leaflet, own, places, lift)
            for leaflet, own, lift in zip(leaflets, self._own, self.lifts, strict=True)
        ]

    def added(
        self, points: Points, to_beams: Callable[[Points], Points], opening: float, given: float, since_ms: float
    ) -> NDArray[np.float32]:
        """(N,) by which the leaflets brighten points (2, N) of the given frame, moved there from another one.

        Args:
            points: in pixels.
            to_beams: from pixels to sample and beam.
            opening: of the valve in the other frame.
            given: of the valve in the given one.
            since_ms: between them.
        """
        added = np.zeros(points.shape[1], np.float32)
        fades = np.exp(-since_ms / SETTLED_MS)
        for leaflet, own, seen_lift, strength in zip(
            self._leaflets, self._own, self.lifts, self._strength, strict=True
        ):
            lift = _lifted(opening) + fades * (seen_lift - _lifted(given))
            near = leaflet.near(points)
            there = points[:, near]
            back = to_beams(leaflet.turned(there, lift, seen_lift))
            seen = ndimage.map_coordinates(own, back, order=1, mode="constant")
            drawn = (1 - fades) * strength * leaflet.sheet(there, lift)
            added[near] = np.maximum(added[near], np.maximum(seen, drawn))
        return added


def _lifted(opening: float) -> float:
    return float(CLOSED + (OPEN - CLOSED) * opening)


def _lift(leaflet: Leaflet, own: NDArray[np.float32], places: Points) -> float:
    """By which the leaflet is lifted where the frame is brightest along it."""
    found = []
    for lift in _LIFTS:
        on_it = leaflet.sheet(places, lift)
        found.append(float((own * on_it).sum() / max(on_it.sum(), 1e-6)))
    return float(_LIFTS[int(np.argmax(found))]) if max(found) > 0 else float(CLOSED)


def _strength(leaflet: Leaflet, own: NDArray[np.float32], places: Points, lift: float) -> float:
    """How bright a sheet is drawn: as the brighter half of what the frame shows along the leaflet, within limits."""
    on_it = leaflet.sheet(places, lift) > 0.6
    bright = float(np.quantile(own[on_it], 0.75)) if on_it.any() else 0.0
    return float(np.clip(bright, *_STRENGTH))
