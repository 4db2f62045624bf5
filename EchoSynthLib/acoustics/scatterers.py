"""Scatterers that belong to the tissue: speckle moves as the heart does, and changes as tissue leaves the plane."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from EchoSynthLib.anatomy.heart3d.cut import Cut

_CELLS = 64
_CELL_MM = np.array([0.9, 0.55, 3.5])
"""Of the lattice, along the picture's axes (right, down, behind): behind, the thickness of the slice that a beam sees;
within the picture below the resolution, so that the beam's width and the pulse's length say how speckle looks."""


def scatterers(cut: Cut, points: NDArray[np.float64], seed: int) -> NDArray[np.complex64]:
    """(N,) complex Gaussian of variance 1: what scatters at points (N, 3) of the heart at the cut's phase.

    Each is told by where the tissue lies at end-diastole, so the same tissue scatters alike at every phase.
    """
    at_rest = cut.heart.material_points(points, cut.phase) if cut.phase else points
    places = (cut.pose.to_picture(at_rest) / _CELL_MM).T
    lattice = _lattice(seed)
    parts = [map_coordinates(part, places, order=1, mode="grid-wrap", prefilter=False) for part in lattice]
    between = places - np.floor(places)
    # Between the lattice's knots a mean of several would be weaker.
    spread = np.sqrt(np.prod(between**2 + (1 - between) ** 2, axis=0))
    return ((parts[0] + 1j * parts[1]) / (np.sqrt(2) * spread)).astype(np.complex64)


@lru_cache(maxsize=2)
def _lattice(seed: int) -> NDArray[np.float32]:
    generator = np.random.default_rng((seed, *b"scatterers"))
    return generator.standard_normal((2, _CELLS, _CELLS, _CELLS), dtype=np.float32)
