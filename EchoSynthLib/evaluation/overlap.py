"""Dice overlap of label maps, per structure, by the conventions of dossier and literature."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

STRUCTURE_CODES: dict[str, tuple[int, ...]] = {
    "LV cavity": (1,),
    "LV cavity+myocardium": (1, 2),
    "left atrium": (3,),
}
"""The literature's 'endo', 'epi' and 'LA', in CAMUS codes; epi is the union of cavity and myocardium."""


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """2 |a and b| / (|a| + |b|) of two masks of one shape; 1 where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else 1.0


def structure_dice(predicted: NDArray[np.generic], reference: NDArray[np.generic]) -> dict[str, float]:
    """Dice of each structure of two label maps (H, W) in CAMUS codes."""
    return {name: dice(np.isin(predicted, codes), np.isin(reference, codes)) for name, codes in STRUCTURE_CODES.items()}


def mean_structure_dice(
    predicted: Iterable[NDArray[np.generic]], reference: Iterable[NDArray[np.generic]]
) -> dict[str, float]:
    """Mean of the per-image Dice of each structure over pairs of label maps."""
    rows = [structure_dice(p, r) for p, r in zip(predicted, reference, strict=True)]
    return {name: float(np.mean([row[name] for row in rows])) for name in STRUCTURE_CODES}
