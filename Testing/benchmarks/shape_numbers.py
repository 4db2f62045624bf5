"""Numbers that tell the shape of an apical label map: lengths, areas, widths, walls, leans; for drawn and real ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.discs import LongAxis, ventricular_axis
from EchoSynthLib.anatomy.masks import largest_part
from EchoSynthLib.anatomy.structures import CamusCode

MAIN = (
    "LV length",
    "LV area",
    "LV width at 50 %",
    "LV length to width",
    "wall area",
    "left wall at 50 %",
    "right wall at 50 %",
    "apex wall",
    "LA area",
    "LA length",
    "LA width, middle",
    "LA to LV area",
    "wall to LV area",
)
"""Lengths, areas, ratios and thicknesses that a report tells; the others tell the outline in detail."""
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the long axis, from the apex."""
_BAND = 0.05
_FEWEST = 30  # pixels


def shape_numbers(labels: NDArray[np.uint8], spacing: tuple[float, float]) -> dict[str, float] | None:
    """What a label map (H, W) in CAMUS codes measures, in mm, mm^2 and degrees; None where a structure is missing.

    Left and right are those of the image; "at 30 %" is that far along the long axis from the apex.
    """
    codes = (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM, CamusCode.LEFT_ATRIUM)
    if any(int((labels == code).sum()) < _FEWEST for code in codes):
        return None
    axis = ventricular_axis(labels, spacing)
    cavity, wall, atrium = (_in_axes(largest_part(labels == code), axis) for code in codes)
    pixel = float(np.prod(spacing))
    length = axis.length
    numbers = {
        "LV length": length,
        "LV area": len(cavity) * pixel,
        "wall area": len(wall) * pixel,
        "LA area": len(atrium) * pixel,
        "LA length": float(atrium[:, 0].max() - length),
        "lean": float(np.degrees(np.arctan2(-axis.direction[1], -axis.direction[0]))),
        "apex depth": float(axis.end[0] * spacing[0]),
        "apex right of the middle": float((axis.end[1] - (labels.shape[1] - 1) / 2) * spacing[1]),
        "apex wall": float(-wall[:, 0].min()),
        "left wall ends": float(wall[wall[:, 1] < 0, 0].max(initial=-np.inf) - length),
        "right wall ends": float(wall[wall[:, 1] > 0, 0].max(initial=-np.inf) - length),
    }
    for level in LEVELS:
        left, right = _sides(cavity, level * length, _BAND * length)
        outer_left, outer_right = _sides(wall, level * length, _BAND * length)
        at = f"at {100 * level:.0f} %"
        numbers |= {
            f"LV width {at}": right - left,
            f"LV bow {at}": (left + right) / 2,
            f"left wall {at}": left - outer_left,
            f"right wall {at}": outer_right - right,
        }
    for name, level in (("near", 0.15), ("middle", 0.5), ("far", 0.85)):
        left, right = _sides(atrium, length + level * numbers["LA length"], 0.08 * numbers["LA length"])
        numbers |= {f"LA width, {name}": right - left, f"LA to the right, {name}": (left + right) / 2}
    rim = atrium[np.argsort(atrium[:, 0])[: max(10, len(atrium) // 20)]]
    numbers["LA begins"] = float(rim[:, 0].mean() - length)
    numbers |= {
        "LV length to width": length / numbers["LV width at 50 %"],
        "LA to LV area": numbers["LA area"] / numbers["LV area"],
        "wall to LV area": numbers["wall area"] / numbers["LV area"],
    }
    return numbers if all(np.isfinite(list(numbers.values()))) else None


def _in_axes(mask: NDArray[np.bool_], axis: LongAxis) -> NDArray[np.float64]:
    """Pixels (n, 2) as mm along the long axis from the apex, and to its right in the image."""
    down = -axis.direction
    across = np.array([-down[1], down[0]])
    if across[1] < 0:
        across = -across
    off = (np.argwhere(mask) - axis.end) * axis.spacing
    return off @ np.column_stack([down, across])


def _sides(part: NDArray[np.float64], along: float, band: float) -> tuple[float, float]:
    near = part[np.abs(part[:, 0] - along) < band, 1]
    return (float(near.min()), float(near.max())) if near.size else (np.nan, np.nan)
