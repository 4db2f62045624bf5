"""What an ultrasound scanner says about millimetres and milliseconds (DICOM PS3.3 C.8.5.5, C.7.6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from EchoSynthLib.images.frame import Region, Spacing, is_real_spacing

if TYPE_CHECKING:
    from pydicom import Dataset

_TWO_DIMENSIONAL = 1  # Region Spatial Format
_TISSUE, _COLOUR_FLOW = 1, 2  # Region Data Type
_CENTIMETRES = 3  # Physical Units X and Y Direction
_MM_PER_CM = 10.0


def tissue_region(dataset: Dataset) -> Dataset | None:
    """The largest 2D region that shows tissue, else the largest with colour flow over it; None without one."""
    regions = [r for r in dataset.get("SequenceOfUltrasoundRegions") or [] if _is_flat(r) and _area(r) > 0]
    for kind in (_TISSUE, _COLOUR_FLOW):
        of_kind = [r for r in regions if r.get("RegionDataType") == kind]
        if of_kind:
            return max(of_kind, key=_area)
    return None


def region_spacing(region: Dataset) -> Spacing | None:
    """(row, column) in mm from a region that is calibrated in centimetres."""
    if region.get("PhysicalUnitsXDirection") != _CENTIMETRES or region.get("PhysicalUnitsYDirection") != _CENTIMETRES:
        return None
    rows, columns = (abs(float(region.get(name) or 0)) for name in ("PhysicalDeltaY", "PhysicalDeltaX"))
    spacing = rows * _MM_PER_CM, columns * _MM_PER_CM
    return spacing if all(np.isfinite(s) and s > 0 for s in spacing) else None


def tissue_box(region: Dataset, shape: tuple[int, ...]) -> Region | None:
    """(row0, row1, column0, column1), half-open and within the frame of `shape` (rows, columns)."""
    rows, columns = shape
    row0, row1 = max(0, int(region.RegionLocationMinY0)), min(rows, int(region.RegionLocationMaxY1) + 1)
    column0, column1 = max(0, int(region.RegionLocationMinX0)), min(columns, int(region.RegionLocationMaxX1) + 1)
    return (row0, row1, column0, column1) if row0 < row1 and column0 < column1 else None


def pixel_spacing(dataset: Dataset) -> Spacing | None:
    """(row, column) in mm from PixelSpacing, where it holds a real one."""
    values = dataset.get("PixelSpacing") or []
    if len(values) != 2:
        return None
    spacing = float(values[0]), float(values[1])
    return spacing if is_real_spacing(spacing) else None


def frame_time_ms(dataset: Dataset) -> float | None:
    """Milliseconds from frame to frame: FrameTime, the median of FrameTimeVector, or the frame rate's inverse."""
    if dataset.get("FrameTime"):
        return float(dataset.FrameTime)
    steps = np.atleast_1d(np.asarray(dataset.get("FrameTimeVector") or [], dtype=np.float64))
    if (steps > 0).any():
        # The first step stands before the first frame and is zero.
        return float(np.median(steps[steps > 0]))
    for name in ("CineRate", "RecommendedDisplayFrameRate"):
        if dataset.get(name):
            return 1000.0 / float(dataset.get(name))
    return None


def _is_flat(region: Dataset) -> bool:
    return region.get("RegionSpatialFormat", _TWO_DIMENSIONAL) == _TWO_DIMENSIONAL


def _area(region: Dataset) -> int:
    corners = [region.get(f"RegionLocation{corner}") for corner in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
    if any(corner is None for corner in corners):
        return 0
    left, top, right, bottom = (int(corner) for corner in corners)
    return max(0, right - left + 1) * max(0, bottom - top + 1)
