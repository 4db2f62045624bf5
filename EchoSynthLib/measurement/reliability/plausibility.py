"""Whether a label map shows a heart: whole structures, each in its place, of sizes that hearts have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.masks import border, grown, holes
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.measurement.chambers import areas
from EchoSynthLib.measurement.reliability.traffic_light import Finding
from EchoSynthLib.types import Mask, Spacing

_NAMES = {
    CamusCode.LV_CAVITY: "left ventricle",
    CamusCode.MYOCARDIUM: "myocardium",
    CamusCode.LEFT_ATRIUM: "left atrium",
}
_STRUCTURE = {"left ventricle": "LV", "myocardium": "LV", "left atrium": "LA"}
_CRUMB, _PIECE = 0.002, 0.1  # of a structure's area, that lies apart from its largest part or is missing in it
_OPEN_BORDER = 0.03  # of the cavity's border, that may touch neither wall nor atrium
_GAP = 0.05  # of the square root of the cavity's area, between cavity and atrium
# Smallest share of its convex hull that a structure fills.
_ROUNDEST_OPENING = {CamusCode.LV_CAVITY: 0.85, CamusCode.LEFT_ATRIUM: 0.88}


@dataclass(frozen=True)
class Range:
    """What hearts have: the 0.1st to 99.9th percentile over CAMUS' training references, rounded outwards."""

    low: float
    high: float
    unit: str = ""


PROPORTIONS = {
    "left atrium's area over the left ventricle's": Range(0.05, 3.2),
    "mean wall thickness over the cavity's mean width": Range(0.18, 1.7),
    "left ventricle's length over its mean width": Range(1.4, 4.7),
}
SIZES = {
    "left ventricle's length": Range(40, 120, "mm"),
    "left ventricle's area": Range(400, 7000, "mm2"),
    "left atrium's area": Range(80, 4500, "mm2"),
    "mean wall thickness": Range(5, 26, "mm"),
}


def plausibility_findings(
    labels: NDArray[np.uint8],
    spacing: Spacing | None,
    length: float | None,
    thickness: float | None,
    cavity_alone: bool = False,
) -> list[Finding]:
    """What is anatomically wrong with a label map; an empty list where nothing is.

    Args:
        labels: (H, W) in CAMUS codes.
        spacing: (row, column) in mm; sizes are judged only where it is known.
        length: of the long axis, in mm or pixels; None without one.
        thickness: mean of the wall, likewise.
        cavity_alone: whether nothing else was drawn, so that nothing else is missing.
    """
    from scipy import ndimage

    boxes = ndimage.find_objects(labels, max(_NAMES))
    missing = [
        Finding("red" if code == CamusCode.LV_CAVITY else "yellow", f"there is no {name}", _STRUCTURE[name])
        for code, name in _NAMES.items()
        if boxes[code - 1] is None and not (cavity_alone and code != CamusCode.LV_CAVITY)
    ]
    # Each structure in its own box: what is looked for lies within, and a drag asks for it at every move.
    whole = {code: labels[boxes[code - 1]] == code for code in _NAMES if boxes[code - 1] is not None}
    pieces = [finding for code, structure in whole.items() for finding in _pieces(structure, _NAMES[code])]
    border_findings = [] if cavity_alone else _open_border(labels)
    places = [*border_findings, *_gap(labels, spacing), *_notches(whole)]
    return [*missing, *pieces, *places, *_sizes(labels, spacing, length, thickness)]


def _pieces(structure: Mask, name: str) -> list[Finding]:
    from scipy import ndimage

    area = int(structure.sum())
    found = []
    parts, count = ndimage.label(structure)
    apart = 0.0 if count == 1 else 1 - int(np.bincount(parts.ravel())[1:].max()) / area
    if apart > _CRUMB:
        found.append(Finding(_severity(apart), f"the {name} is in {count} pieces", _STRUCTURE[name]))
    # The cavity is a hole in a wall that goes all around it, and none of the wall's.
    if name != _NAMES[CamusCode.MYOCARDIUM]:
        hole = holes(structure) / area
        if hole > _CRUMB:
            found.append(Finding(_severity(hole), f"the {name} has a hole", _STRUCTURE[name]))
    return found


def _severity(share: float) -> str:
    return "red" if share > _PIECE else "yellow"


def _open_border(labels: NDArray[np.uint8]) -> list[Finding]:
    """The cavity lies inside its wall: its border faces wall or, where it opens, the atrium."""
    cavity = labels == CamusCode.LV_CAVITY
    if not cavity.any() or not (labels == CamusCode.MYOCARDIUM).any() or not (labels == CamusCode.LEFT_ATRIUM).any():
        return []
    bare = float((cavity & grown(labels == CamusCode.BACKGROUND)).sum() / border(cavity).sum())
    if bare <= _OPEN_BORDER:
        return []
    reason = f"{100 * bare:.0f} % of the left ventricle's border has neither wall nor atrium beside it"
    return [Finding(_severity(bare), reason, "LV")]


def _gap(labels: NDArray[np.uint8], spacing: Spacing | None) -> list[Finding]:
    from scipy.spatial import KDTree

    cavity, atrium = labels == CamusCode.LV_CAVITY, labels == CamusCode.LEFT_ATRIUM
    if not cavity.any() or not atrium.any() or (grown(cavity) & atrium).any():
        return []
    edges = [np.argwhere(border(structure)) * (spacing or (1.0, 1.0)) for structure in (cavity, atrium)]
    gap = float(KDTree(edges[0]).query(edges[1])[0].min())
    if gap <= _GAP * np.sqrt(areas(labels, spacing)["LV"]):
        return []
    return [Finding("red", "the left atrium does not adjoin the left ventricle")]


def _notches(structures: Mapping[int, Mask]) -> list[Finding]:
    """Cavity and atrium are nearly convex."""
    found = []
    for code, least in _ROUNDEST_OPENING.items():
        filled = _share_of_hull(structures[code]) if code in structures else 1.0
        if filled < least:
            reason = f"the {_NAMES[code]}'s outline is notched: {filled:.2f} of its hull"
            found.append(Finding("yellow", reason, _STRUCTURE[_NAMES[code]]))
    return found


def _share_of_hull(structure: Mask) -> float:
    """Area of a structure over its convex hull's; 1 for one too small to have a shape."""
    from scipy.spatial import ConvexHull

    rows, columns = np.flatnonzero(structure.any(axis=1)), np.flatnonzero(structure.any(axis=0))
    if len(rows) < 4 or len(columns) < 4:
        return 1.0
    first = structure[rows].argmax(axis=1)
    last = structure.shape[1] - structure[rows][:, ::-1].argmax(axis=1)
    # The corners of the outermost pixels of each row.
    corners = [np.stack([rows + down, across], axis=1) for down in (0, 1) for across in (first, last)]
    return float(structure.sum() / ConvexHull(np.concatenate(corners)).volume)


def _sizes(
    labels: NDArray[np.uint8],
    spacing: Spacing | None,
    length: float | None,
    thickness: float | None,
    cavity_alone: bool = False,
) -> list[Finding]:
    area = areas(labels, spacing)
    if not length or not area["LV"]:
        return []
    width = area["LV"] / length
    values = {"left ventricle's length over its mean width": length / width}
    sizes = {"left ventricle's length": length, "left ventricle's area": area["LV"]}
    if area["LA"]:
        values["left atrium's area over the left ventricle's"] = area["LA"] / area["LV"]
        sizes["left atrium's area"] = area["LA"]
    if thickness is not None:
        values["mean wall thickness over the cavity's mean width"] = thickness / width
        sizes["mean wall thickness"] = thickness
    found = [_outside(name, value, PROPORTIONS[name]) for name, value in values.items()]
    if spacing is not None:
        found += [_outside(name, value, SIZES[name]) for name, value in sizes.items()]
    return [finding for finding in found if finding is not None]


def _outside(name: str, value: float, usual: Range) -> Finding | None:
    if usual.low <= value <= usual.high:
        return None
    unit = f" {usual.unit}" if usual.unit else ""
    reason = f"the {name} is {value:.3g}{unit}; usual are {usual.low:g} to {usual.high:g}{unit}"
    return Finding("yellow", reason, "LA" if name.startswith("left atrium") else "LV")
