"""Chambers that the edge of the sector, or of the picture, cuts off: they are not measured whole."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.masks import border, cropped
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.measurement.reliability.traffic_light import Finding

SHARE = 0.1
"""Of a chamber's border that lies on the edge. In CAMUS six atria of ten touch it nowhere, and those that it cuts do so
with 20 % of their border or more."""
_REACH = 0.007  # of the picture's side: how far within the fitted edge a chamber ends that is cut by it
_SMALLEST_REACH = 1.5  # pixels


def cut_off_findings(labels: NDArray[np.uint8], sector: Sector | None) -> list[Finding]:
    """What the edge cuts off of the chambers in a label map (H, W); without a sector, the picture's own edge."""
    found = []
    for name, structure, code in (("ventricle", "LV", CamusCode.LV_CAVITY), ("atrium", "LA", CamusCode.LEFT_ATRIUM)):
        share = _share_at_edge(labels == code, sector)
        if share < SHARE:
            continue
        told = f"the left {name} is cut off by the edge of the picture's sector"
        if structure == "LV":
            found.append(Finding("red", f"{told}: its area and volumes are too small", structure))
        else:
            # What is measured of the ventricle stands all the same.
            found.append(Finding("yellow", f"{told}: its length and volume are not given", structure, own="red"))
    return found


def _share_at_edge(chamber: NDArray[np.bool_], sector: Sector | None) -> float:
    part, corner = cropped(chamber)
    if not part.size:
        return 0.0
    row, column = (np.argwhere(border(part)) + corner).T
    rows, columns = chamber.shape
    at_edge = (row == 0) | (row == rows - 1) | (column == 0) | (column == columns - 1)
    if sector is not None:
        reach = max(_SMALLEST_REACH, _REACH * math.sqrt(chamber.size))
        radius, angle = sector.polar(row, column)
        to_sides = radius * np.sin(np.minimum(angle - sector.angle_left, sector.angle_right - angle))
        at_edge |= (sector.radius_far - radius <= reach) | (to_sides <= reach)
    return float(at_edge.mean())
