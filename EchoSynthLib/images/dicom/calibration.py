"""What an ultrasound scanner says about millimeters and milliseconds (DICOM PS3.3 C.8.5.5, C.7.6.5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.dicom.numbers import not_usable, number, numbers
from EchoSynthLib.images.frame import Region, is_real_spacing
from EchoSynthLib.types import Spacing

if TYPE_CHECKING:
    from pydicom import Dataset

_TWO_DIMENSIONAL = 1  # Region Spatial Format
_NO_PICTURE = {2: "M-mode", 3: "a spectrum", 4: "a waveform"}
_TISSUE, _COLOR_FLOW = 1, 2  # Region Data Type
_CENTIMETERS = 3  # Physical Units X and Y Direction
_MM_PER_CM = 10.0
_CORNERS = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
_LONGEST_MS = 2000.0  # from frame to frame; images triggered once a beat are faster still
_UNEVEN = 0.1  # of the median time from frame to frame


def tissue_region(dataset: Dataset, path: Path, remarks: list[str]) -> Dataset | None:
    """The largest 2D region that shows tissue, else the largest with color flow over it; None without one.

    Raises:
        InputError: there are regions, but of M-mode, spectra or waveforms alone.
    """
    try:
        regions = list(dataset.get("SequenceOfUltrasoundRegions") or [])
    except (ValueError, TypeError):
        remarks.append(not_usable("SequenceOfUltrasoundRegions"))
        return None
    formats = [number(region, "RegionSpatialFormat", []) for region in regions]
    others = [_NO_PICTURE[int(one)] for one in formats if one in _NO_PICTURE]
    if others and not any(one is None or one == _TWO_DIMENSIONAL for one in formats):
        raise InputError(
            f"{path} shows {' and '.join(dict.fromkeys(others))} alone, as its ultrasound regions tell; "
            f"expected was a 2D image or cine of the heart."
        )
    flat = [
        region
        for region, one in zip(regions, formats, strict=True)
        if (one is None or one == _TWO_DIMENSIONAL) and _area(region) > 0
    ]
    for kind in (_TISSUE, _COLOR_FLOW):
        of_kind = [region for region in flat if number(region, "RegionDataType", []) == kind]
        if of_kind:
            return max(of_kind, key=_area)
    return None


def region_spacing(region: Dataset, remarks: list[str]) -> Spacing | None:
    """(row, column) in mm from a region that is calibrated in centimeters."""
    units = [number(region, f"PhysicalUnits{axis}Direction", remarks) for axis in "YX"]
    if units != [_CENTIMETERS, _CENTIMETERS]:
        return None
    rows, columns = (abs(number(region, f"PhysicalDelta{axis}", remarks) or 0.0) * _MM_PER_CM for axis in "YX")
    if rows > 0 and columns > 0:
        return rows, columns
    remarks.append("the calibration of the ultrasound region is not usable and counts as unknown")
    return None


def tissue_box(region: Dataset, shape: tuple[int, ...]) -> Region | None:
    """(row0, row1, column0, column1), half-open and within the frame of `shape` (rows, columns)."""
    rows, columns = shape
    left, top, right, bottom = _corners(region)
    row0, row1 = max(0, top), min(rows, bottom + 1)
    column0, column1 = max(0, left), min(columns, right + 1)
    return (row0, row1, column0, column1) if row0 < row1 and column0 < column1 else None


def pixel_spacing(dataset: Dataset, remarks: list[str]) -> Spacing | None:
    """(row, column) in mm from PixelSpacing, where it holds a real one."""
    values = numbers(dataset, "PixelSpacing", remarks)
    if len(values) == 2 and is_real_spacing(values):
        return values
    if values and values != (1.0, 1.0):
        remarks.append(not_usable("PixelSpacing"))
    return None


def frame_time_ms(dataset: Dataset, remarks: list[str]) -> float | None:
    """Milliseconds from frame to frame: FrameTime, the median of FrameTimeVector, or the frame rate's inverse."""
    time = number(dataset, "FrameTime", remarks)
    if time is not None and time > 0:
        if time > _LONGEST_MS:
            remarks.append(f"the header tells {time:.0f} ms from frame to frame, more than in a cine; check the times")
        return time
    vector = np.array(numbers(dataset, "FrameTimeVector", remarks), dtype=np.float64)
    # The first step stands before the first frame and is zero.
    steps = vector[vector > 0]
    if steps.size:
        median = float(np.median(steps))
        if np.ptp(steps) > _UNEVEN * median:
            varies = f"the time from frame to frame varies from {steps.min():.0f} to {steps.max():.0f} ms"
            remarks.append(f"{varies}; {median:.0f} ms, the median, was taken for all")
        return median
    for name in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = number(dataset, name, remarks)
        if rate is not None and rate > 0:
            return 1000.0 / rate
    return None


def _corners(region: Dataset) -> tuple[int, int, int, int]:
    """Left, top, right, bottom; of no area where one is missing."""
    left, top, right, bottom = (number(region, name, []) for name in _CORNERS)
    if left is None or top is None or right is None or bottom is None:
        return 0, 0, -1, -1
    return int(left), int(top), int(right), int(bottom)


def _area(region: Dataset) -> int:
    left, top, right, bottom = _corners(region)
    return max(0, right - left + 1) * max(0, bottom - top + 1)
