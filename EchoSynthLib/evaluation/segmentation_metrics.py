"""Dice and Hausdorff distance of label maps, for the structures of Leclerc et al. 2019 (IEEE TMI 38:2198)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from EchoSynthLib.anatomy.masks import border
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.types import Spacing

STRUCTURE_CODES: dict[str, tuple[int, ...]] = {
    "LV cavity": (CamusCode.LV_CAVITY,),
    "LV cavity+myocardium": (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM),
    "left atrium": (CamusCode.LEFT_ATRIUM,),
}
"""That paper's 'endo', 'epi' and 'LA', in CAMUS codes; epi is the union of cavity and myocardium."""


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """2 |a and b| / (|a| + |b|) of two masks of one shape; 1 where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else 1.0


def structure_dice(
    predicted: NDArray[np.generic],
    reference: NDArray[np.generic],
    structures: Mapping[str, Sequence[int]] = STRUCTURE_CODES,
) -> dict[str, float]:
    """Dice of each structure, told by its codes, of two label maps (H, W) in CAMUS codes."""
    return {name: dice(np.isin(predicted, codes), np.isin(reference, codes)) for name, codes in structures.items()}


def mean_structure_dice(
    predicted: Iterable[NDArray[np.generic]], reference: Iterable[NDArray[np.generic]]
) -> dict[str, float]:
    """Mean of the per-image Dice of each structure over pairs of label maps."""
    rows = [structure_dice(p, r) for p, r in zip(predicted, reference, strict=True)]
    return {name: float(np.mean([row[name] for row in rows])) for name in STRUCTURE_CODES}


def hausdorff_distance(
    a: NDArray[np.bool_], b: NDArray[np.bool_], spacing: Spacing = (1.0, 1.0), percentile: float = 100.0
) -> float:
    """Largest distance from a point of one outline to the nearest point of the other, both ways; or a percentile of it.

    H(A, B) = max(P_a min_b |a - b|, P_b min_a |a - b|) over the centers of the pixels on the outlines (those of a mask
    that have a neighbor outside it, side by side), P the percentile: the maximum at 100; at 95 it is HD95 as MONAI
    defines it, which a stray pixel does not decide.

    Args:
        a, b: masks (H, W).
        spacing: (row, column) of a pixel in mm; left out, the distance is in pixels.
        percentile: 0 to 100.

    Returns:
        The distance; 0 where both masks are empty, infinity where one of them is.
    """
    if not a.any() or not b.any():
        return 0.0 if a.any() == b.any() else math.inf
    first, second = (np.argwhere(border(mask)) * np.array(spacing) for mask in (a, b))
    both_ways = KDTree(second).query(first)[0], KDTree(first).query(second)[0]
    return float(max(np.percentile(distances, percentile) for distances in both_ways))
