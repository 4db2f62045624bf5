"""A cut through a beating heart: labels of every tissue in the image and along the beams, motion, and the pose.

Rows and columns are those of the image (row 0 at the probe), spacing in mm, displacements in pixels in the convention
of `anatomy/deformation.py`: what lies at x in the frame at end-diastole lies at x + u(x) in that of another phase.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, beam_coordinates
from EchoSynthLib.anatomy.heart3d.camus import camus_of
from EchoSynthLib.anatomy.heart3d.fill import fill
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.heart3d.probe import Framing
from EchoSynthLib.anatomy.heart3d.tracing import Tracing
from EchoSynthLib.anatomy.masks import grown
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import LabelMap, Mask, Spacing

ROWS = 256
"""Of a picture, where nobody asks for another size: some 0.6 mm a pixel."""
_SMALLEST_SIDE, _LARGEST_SIDE = 8, 8192
_STEP = 0.005
"""Of a beat, from which a speed is told."""


@dataclass(frozen=True, eq=False)
class Cut:
    """One plane of a heart at one phase, as a probe would see it.

    Attributes:
        heart: that is cut.
        pose: where the picture lies in it; the origin is the probe.
        shape: (H, W) of the image.
        spacing: (row, column) in mm.
        depth_mm, opening_angle_deg: of the sector, whose apex is in the middle of the top row.
        phase: of the beat, from 0 (end-diastole) to 1.
    """

    heart: Heart
    pose: Pose
    shape: tuple[int, int]
    spacing: Spacing
    depth_mm: float
    opening_angle_deg: float
    phase: float = 0.0

    def at(self, phase: float) -> Cut:
        """The same plane at another phase: probe and picture stay where they are."""
        return replace(self, phase=phase)

    @property
    def sector(self) -> Sector:
        """On the image's grid."""
        row_mm, column_mm = self.spacing
        half = math.radians(self.opening_angle_deg / 2)
        aspect = column_mm / row_mm
        return Sector(0.0, (self.shape[1] - 1) / 2, -half, half, 0.0, self.depth_mm / row_mm, aspect)

    @cached_property
    def labels(self) -> LabelMap:
        """(H, W): the heart's own codes at the middle of each pixel; 0 outside the sector."""
        return fill(self.shape, self._inside, self._ask)

    @cached_property
    def label_map(self) -> LabelMap:
        """(H, W) in CAMUS codes: cavity and wall of the left ventricle, and the left atrium."""
        return camus_of(self.labels)

    def traced(self, tracing: Tracing) -> LabelMap:
        """(H, W) in CAMUS codes as an observer would have drawn it.

        As there, a ventricle is drawn on where the sector has ended, and an atrium is not.
        """
        seen = self.label_map
        if (grown(~self._inside) & (seen == CamusCode.LV_CAVITY)).any():
            beyond = camus_of(fill(self.shape, ~self._inside, self._ask))
            seen = np.where(beyond == CamusCode.LV_CAVITY, beyond, seen)
        return tracing.trace(seen, self.spacing)

    def beams(self, shape: tuple[int, int] = BEAM_SHAPE) -> LabelMap:
        """(R, A): the heart's own codes along the beams, computed there; see `anatomy/beam.py` for the grid."""
        rows, columns = beam_coordinates(self.sector, shape)
        points = self._points(rows.ravel(), columns.ravel())
        return self.heart.labels(points, self.phase).reshape(shape)

    def displacement(self) -> NDArray[np.float32]:
        """(2, H, W) in pixels: what the tissue at x at end-diastole moves by within the picture until this phase.

        It is the heart's own motion, seen in the plane; what leaves the plane is `through_plane_mm`.
        """
        return self._motion[:2]

    def through_plane_mm(self) -> NDArray[np.float32]:
        """(H, W): how far the tissue at x at end-diastole lies behind the plane at this phase."""
        return self._motion[2]

    def through_plane_speed(self) -> NDArray[np.float32]:
        """(H, W) in mm/s, away from who looks: of the tissue that is at x at end-diastole, at this phase."""
        before, after = self.at(self.phase - _STEP), self.at(self.phase + _STEP)
        seconds = 2 * _STEP * 60 / self.heart.parameters.heart_rate
        return (after.through_plane_mm() - before.through_plane_mm()) / np.float32(seconds)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a record."""
        return {
            "pose": self.pose.to_dict(),
            "phase": self.phase,
            "spacing_mm": list(self.spacing),
            "depth_mm": self.depth_mm,
            "opening_angle_deg": self.opening_angle_deg,
            "sector": self.sector.to_dict(),
        }

    @cached_property
    def _inside(self) -> NDArray[np.bool_]:
        return _inside(self.sector, self.shape)

    @property
    def _places(self) -> NDArray[np.float64]:
        return self._points(*np.nonzero(self._inside))

    def _ask(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> LabelMap:
        return self.heart.labels(self._points(rows, columns), self.phase)

    def _points(self, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.float64]:
        row_mm, column_mm = self.spacing
        across = (columns - (self.shape[1] - 1) / 2) * column_mm
        return self.pose.to_heart(np.column_stack([across, rows * row_mm]))

    @cached_property
    def _motion(self) -> NDArray[np.float32]:
        motion = np.zeros((3, *self.shape), np.float32)
        if self.phase == 0:
            return motion
        moved = self.heart.displacement(self._places, self.phase) @ self.pose.rotation
        motion[:, self._inside] = (moved[:, [1, 0, 2]] / (*self.spacing, 1.0)).T
        return motion


@lru_cache(maxsize=8)
def _inside(sector: Sector, shape: tuple[int, int]) -> Mask:
    # The frames of a beat share it, and it takes an eighth of the time of a cut.
    inside = sector.mask(shape)
    inside.flags.writeable = False
    return inside


def cut(
    heart: Heart,
    framing: Framing,
    phase: float = 0.0,
    *,
    shape: tuple[int, int] | None = None,
    spacing: Spacing | None = None,
) -> Cut:
    """The cut of a heart that a framing shows.

    Args:
        heart: that is cut.
        framing: probe, depth and opening angle, from `frame_view`, an `Examination` or a sweep.
        phase: of the beat, 0 at end-diastole.
        shape: (H, W) of the image; None for 256 rows, or for as many pixels of the spacing as hold the sector.
        spacing: (row, column) in mm; None for the one with which the sector fills the rows, its pixels square.

    Raises:
        InputError: a size that is no picture's.
    """
    half = math.radians(framing.opening_angle_deg / 2)
    width = 2 * framing.depth_mm * math.sin(min(half, math.pi / 2))
    if spacing is None:
        rows = shape[0] if shape else ROWS
        spacing = (framing.depth_mm / max(1, rows - 1),) * 2
    if not all(math.isfinite(step) and step > 0 for step in spacing):
        raise InputError(f"The spacing of a cut is (row, column) in mm, both above 0; given was {spacing}.")
    if shape is None:
        sizes = (framing.depth_mm / spacing[0], width / spacing[1])
        shape = (1 + math.ceil(sizes[0] - 1e-6), 1 + math.ceil(sizes[1] - 1e-6))
    if not all(_SMALLEST_SIDE <= side <= _LARGEST_SIDE for side in shape):
        raise InputError(
            f"A cut has {_SMALLEST_SIDE} to {_LARGEST_SIDE} rows and columns; asked for were {shape} at {spacing} mm."
        )
    return Cut(heart, framing.pose, shape, spacing, framing.depth_mm, framing.opening_angle_deg, phase)
