"""The method of discs: long axis, widths and volume of a chamber in an apical label map."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.anatomy.masks import border, grown, places_of
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Mask, Spacing

DISCS = 20
"""Along the long axis, as the method of discs is done in the clinic."""

_SMALLEST_PLANE = 5  # pixels; fewer have no direction
_UP, _DOWN = -1, 1  # the transducer is above row 0


@dataclass(frozen=True, eq=False)
class LongAxis:
    """The line from the middle of the mitral plane to the far end of a chamber: the apex, or the atrium's roof.

    Attributes:
        base, end: (row, column) in pixels; pixel centers lie at whole numbers.
        spacing: (row, column) pixel size in mm, or (1, 1).
    """

    base: NDArray[np.float64]
    end: NDArray[np.float64]
    spacing: Spacing = (1.0, 1.0)

    @property
    def direction(self) -> NDArray[np.float64]:
        """Unit vector (row, column), in mm, from base to end; towards the transducer where a lone pixel is both."""
        along = (self.end - self.base) * self.spacing
        length = np.linalg.norm(along)
        return along / length if length > 0 else np.array([-1.0, 0.0])

    @property
    def length(self) -> float:
        """In mm, or pixels; the chamber's pixels count to their far sides."""
        return float(np.linalg.norm((self.end - self.base) * self.spacing)) + self.pixel

    @property
    def pixel(self) -> float:
        """Extent of one pixel along the axis."""
        return float(np.array(self.spacing) @ np.abs(self.direction))


def ventricular_axis(labels: NDArray[np.uint8], spacing: Spacing | None = None) -> LongAxis:
    """The left ventricle's long axis: from the middle of the mitral plane to the farthest point of the cavity.

    The plane lies where the cavity touches the atrium, or no wall where there is no atrium; a cavity with wall all
    around has its principal axis, with the apex towards the transducer.

    Args:
        labels: (H, W) in CAMUS codes with a cavity.
        spacing: (row, column) pixel size in mm.
    """
    beyond = (labels == CamusCode.LEFT_ATRIUM, (labels != CamusCode.LV_CAVITY) & (labels != CamusCode.MYOCARDIUM))
    return _axis(labels == CamusCode.LV_CAVITY, beyond, spacing, _UP)


def atrial_axis(labels: NDArray[np.uint8], spacing: Spacing | None = None) -> LongAxis:
    """The left atrium's long axis: from the middle of the mitral plane, square to the plane, to the roof.

    (Lang et al., J Am Soc Echocardiogr 18:1440-1463, 2005; the farthest point of the atrium lies in a corner of the
    roof, in the mean 13 % farther off.) The plane lies where the atrium touches the cavity. Where it does so in a few
    pixels alone, the axis leads to the farthest point, and without a cavity it is the principal axis, with the roof
    away from the transducer.

    Args:
        labels: (H, W) in CAMUS codes with an atrium.
        spacing: (row, column) pixel size in mm.
    """
    atrium, cavity = labels == CamusCode.LEFT_ATRIUM, labels == CamusCode.LV_CAVITY
    step = spacing or (1.0, 1.0)
    plane = places_of(atrium & grown(cavity)).astype(np.float64)
    if len(plane) < _SMALLEST_PLANE:
        return _axis(atrium, (cavity,), spacing, _DOWN)
    base = plane.mean(axis=0)
    along = np.linalg.svd((plane - base) * step, full_matrices=False)[2][0]
    square = np.array([along[1], -along[0]])
    off = (places_of(atrium) - base) * step
    square *= np.sign((off @ square).mean()) or 1.0
    straight_up = np.abs(off @ along) <= max(step) / 2
    reach = float((off[straight_up] @ square).max(initial=0.0))
    return LongAxis(base, base + reach * square / step, step) if reach else _axis(atrium, (cavity,), spacing, _DOWN)


def _axis(chamber: Mask, beyond: tuple[Mask, ...], spacing: Spacing | None, far_end: int) -> LongAxis:
    step = spacing or (1.0, 1.0)
    for neighbor in beyond:
        plane = places_of(chamber & grown(neighbor))
        if len(plane) > 1:
            base = plane.mean(axis=0)
            # What lies farthest off lies on the border.
            return LongAxis(base, _farthest(places_of(border(chamber)).astype(np.float64), base, step), step)
    return _principal_axis(places_of(chamber).astype(np.float64), step, far_end)


def _principal_axis(places: NDArray[np.float64], spacing: Spacing, far_end: int) -> LongAxis:
    """The axis along which places (n, 2) lie, with its base where the mitral plane is: `far_end` tells the other end.

    The ventricle's apex points at the transducer (far_end -1, up), the atrium's roof away from it (1, down); which way
    an axis of a decomposition points is left to chance.
    """
    middle = places.mean(axis=0)
    along = np.linalg.svd((places - middle) * spacing, full_matrices=False)[2][0]
    along = along if along[0] * far_end >= 0 else -along
    reach = ((places - middle) * spacing) @ along
    return LongAxis(middle + reach.min() * along / spacing, middle + reach.max() * along / spacing, spacing)


def _farthest(places: NDArray[np.float64], base: NDArray[np.float64], spacing: Spacing) -> NDArray[np.float64]:
    distance = np.linalg.norm((places - base) * spacing, axis=1)
    # A lone pixel on its own base still points somewhere.
    return places[distance.argmax()] if distance.max() > 0 else base - (1.0, 0.0)


@dataclass(frozen=True, eq=False)
class Discs:
    """Discs square to a long axis, over the whole chamber; chambers within each other have volumes in that order.

    Attributes:
        axis: unit vector (row, column) in mm.
        spacing: (row, column) pixel size in mm, or (1, 1).
        base: where the first disc begins along the axis.
        thickness: of one disc, in mm or pixels.
    """

    axis: NDArray[np.float64]
    spacing: Spacing
    base: float
    thickness: float

    @classmethod
    def along(cls, chamber: Mask, axis: LongAxis) -> Discs:
        """The discs that divide a chamber (H, W), corners below the middle of the mitral plane included."""
        # What reaches farthest along an axis lies on the border.
        reach = places_of(border(chamber)) * axis.spacing @ axis.direction
        # Pixel centers end half a pixel before the chamber does.
        length = float(np.ptp(reach)) + axis.pixel
        return cls(axis.direction, axis.spacing, float(reach.min()) - axis.pixel / 2, length / DISCS)

    @property
    def length(self) -> float:
        """Of all discs together."""
        return self.thickness * DISCS

    @property
    def across(self) -> NDArray[np.float64]:
        """Unit vector (row, column) in mm, square to the axis, towards higher columns."""
        square = np.array([-self.axis[1], self.axis[0]])
        return square if square[1] >= 0 else -square

    def middles(self, chamber: Mask) -> NDArray[np.float64]:
        """Where along `across` the middle of the chamber lies in each disc (20,), from the base on, in mm or pixels."""
        aside = places_of(chamber) * self.spacing @ self.across
        numbers = np.clip(self._disc_of(chamber), 0, DISCS - 1)
        pixels = np.bincount(numbers, minlength=DISCS)
        there = pixels > 0
        means = np.bincount(numbers, aside, DISCS)[there] / pixels[there]
        # Of a chamber of a few pixels, some discs have none.
        return np.interp(np.arange(DISCS), np.flatnonzero(there), means)

    def widths(self, chamber: Mask) -> NDArray[np.float64]:
        """Mean width (20,) of the chamber that was divided, in mm or pixels, from the base on."""
        # Rounding may put the outermost pixels a hair beyond their disc.
        numbers = np.clip(self._disc_of(chamber), 0, DISCS - 1)
        pixels = np.bincount(numbers, minlength=DISCS).astype(np.float64)
        return pixels * (math.prod(self.spacing) / self.thickness)

    def volume(self, chamber: Mask) -> float:
        """V = pi / 4 * sum(d_i^2) * h of a chamber's widths d_i, in as many discs of thickness h as it reaches into."""
        widths = np.unique(self._disc_of(chamber), return_counts=True)[1] * math.prod(self.spacing) / self.thickness
        return float(math.pi / 4 * (widths**2).sum() * self.thickness)

    def _disc_of(self, chamber: Mask) -> NDArray[np.int64]:
        down, across = (
            np.arange(size) * along for size, along in zip(chamber.shape, self.axis * self.spacing, strict=True)
        )
        number = (down[:, None] + (across - self.base)) / self.thickness
        return np.floor(number[chamber]).astype(int)


def disc_volume(label_map: ArrayLike, spacing: Spacing | None = None) -> float:
    """Volume of the left ventricle in one apical view, by the method of discs.

    V = pi / 4 * sum(d_i^2) * L / N: the cavity is a solid of revolution about its long axis, which runs from the middle
    of the mitral plane to the farthest point of the cavity; d_i are its widths in N = 20 discs square to the axis
    (Lang et al., J Am Soc Echocardiogr 28:1-39, 2015, there for two planes: d_i^2 is a_i * b_i).

    Args:
        label_map: (H, W) in CAMUS codes with a cavity.
        spacing: (row, column) pixel size in mm.

    Returns:
        mm^3, or cubic pixels without a spacing.

    Raises:
        InputError: see `check_label_map`; also no cavity.
    """
    labels = check_label_map(label_map)
    cavity = labels == CamusCode.LV_CAVITY
    if not cavity.any():
        raise InputError(f"The label map has no left ventricle ({CamusCode.LV_CAVITY}), whose volume was asked for.")
    return Discs.along(cavity, ventricular_axis(labels, spacing)).volume(cavity)
