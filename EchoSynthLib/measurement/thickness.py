"""Thickness of the myocardium, along the endocardium and square to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import APEX, Endocardium, Points, resample
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.types import Spacing

_SAMPLES_A_PIXEL = 4
_PARTS = 4  # of a ray, looked at one after the other: hearts' walls end in the first or second
_THICKEST = 0.5  # of the long axis; a ray that finds no end by then runs along the wall
_SMALL, _LARGE = 5, 95  # percentiles: one ray that meets a notch is no wall


@dataclass(frozen=True, eq=False)
class WallThickness:
    """Thickness in mm, or pixels.

    Attributes:
        along: (n,) at each point of the endocardial curve; NaN where there is no wall beside it.
        segments: (6,) means over the sixths between P1 and P7, see `THICKNESS_SEGMENTS`; NaN where there is no wall.
    """

    along: NDArray[np.float64]
    segments: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Over the whole curve."""
        return float(np.nanmean(self.along))

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """The 5th and the 95th percentile along the curve: the smallest and the largest thickness."""
        small, large = np.percentile(self.along[np.isfinite(self.along)], (_SMALL, _LARGE))
        return float(small), float(large)

    @property
    def covered(self) -> float:
        """Share of the curve that has a wall beside it."""
        return float(np.isfinite(self.along).mean())


def wall_thickness(
    labels: NDArray[np.uint8], endocardium: Endocardium, spacing: Spacing | None = None
) -> WallThickness:
    """Thickness of the wall: from each point of the endocardium straight outwards until the wall ends.

    Args:
        labels: (H, W) in CAMUS codes.
        endocardium: the curve from P1 over the apex to P7 and its seven points, in pixels.
        spacing: (row, column) pixel size in mm.
    """
    step = np.array(spacing or (1.0, 1.0))
    curve = resample(endocardium.curve, len(endocardium.curve), spacing)
    along = thickness_along(labels, curve, endocardium.points[APEX], step)
    segment = _segment_of(curve, endocardium.points, step)
    means = [_mean(along[segment == number]) for number in range(6)]
    return WallThickness(along, np.array(means))


def thickness_along(
    labels: NDArray[np.uint8], curve: Points, apex: NDArray[np.float64], step: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Thickness (n,) of the wall beside each point of an endocardial curve, square to it; NaN where there is none.

    Args:
        labels: (H, W) in CAMUS codes.
        curve, apex: in pixels.
        step: (row, column) pixel size in mm, or ones.
    """
    base = (curve[0] + curve[-1]) / 2
    reach = _THICKEST * float(np.linalg.norm((apex - base) * step))
    distances = np.arange(0.0, max(reach, 2 * step.max()), step.min() / _SAMPLES_A_PIXEL)
    return _until_the_wall_ends(_codes_along(labels, curve, outwards(curve, step) / step, distances), distances)


def outwards(curve: Points, step: NDArray[np.float64]) -> Points:
    """Unit normals (n, 2) in mm that point out of the cavity, smooth along the curve."""
    from scipy.ndimage import gaussian_filter1d

    along = gaussian_filter1d(np.gradient(curve * step, axis=0), 2.0, axis=0, mode="nearest")
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    inside = (curve * step).mean(axis=0)
    outward = ((curve * step - inside) * normal).sum() >= 0
    return normal if outward else -normal


def _codes_along(
    labels: NDArray[np.uint8], starts: Points, ahead: Points, distances: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Codes (n, m) along rays from starts (n, 2); only as far as all rays need to leave the ventricle."""
    codes = np.zeros((len(starts), 0), np.uint8)
    for part in np.array_split(distances, _PARTS):
        rows, columns = (starts[:, axis, None] + part * ahead[:, axis, None] for axis in (0, 1))
        codes = np.hstack([codes, _codes_at(labels, rows, columns)])
        if not _in_ventricle(codes).all(axis=1).any():
            break
    return codes


def _in_ventricle(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (codes == CamusCode.LV_CAVITY) | (codes == CamusCode.MYOCARDIUM)


def _codes_at(labels: NDArray[np.uint8], rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Codes (n, m) of the pixels at rows and columns (n, m); 0 outside the map."""
    # A margin of nothing stands for all that lies beyond the map.
    padded = np.pad(labels, 1)
    at = [
        np.clip(np.floor(places + 1.5), 0, size - 1).astype(np.intp)
        for places, size in zip((rows, columns), padded.shape, strict=True)
    ]
    return np.asarray(padded.ravel()[at[0] * padded.shape[1] + at[1]])


def _until_the_wall_ends(codes: NDArray[np.uint8], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance (n,) at which each ray leaves ventricle and wall; NaN where it meets no wall, or no end of it."""
    ventricle = _in_ventricle(codes)
    end = np.argmin(ventricle, axis=1)
    before = np.arange(codes.shape[1]) < end[:, None]
    found = ~ventricle.all(axis=1) & ((codes == CamusCode.MYOCARDIUM) & before).any(axis=1)
    return np.where(found, distances[end], np.nan)


def _segment_of(curve: Points, points: Points, step: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number (n,) 0 to 5 of the sixth that each point of the curve lies in, by arc length between the seven points."""
    nearest = [int(np.linalg.norm((curve - point) * step, axis=1).argmin()) for point in points[1:-1]]
    return np.searchsorted(np.sort(nearest), np.arange(len(curve)), side="right")


def _mean(values: NDArray[np.float64]) -> float:
    found = values[np.isfinite(values)]
    return float(found.mean()) if len(found) else float("nan")
