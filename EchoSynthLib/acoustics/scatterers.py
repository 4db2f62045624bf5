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


def material_places(cut: Cut, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, N) mm in the picture's axes: where the tissue at points (N, 3) of the heart lies at end-diastole."""
    at_rest = cut.heart.material_points(points, cut.phase) if cut.phase else points
    return cut.pose.to_picture(at_rest).T


def scatterers(
    places: NDArray[np.float64], seed: int, cell_mm: NDArray[np.float64] = _CELL_MM
) -> NDArray[np.complex64]:
    """(N,) complex Gaussian of variance 1: what scatters at `material_places`, the same at every phase.

    Args:
        places: (3, N) mm.
        seed: of the scatterers.
        cell_mm: (3,) of the lattice that they are told on.
    """
    parts = [_sampled(part, places / cell_mm[:, None]) for part in _lattice(seed)]
    return ((parts[0] + 1j * parts[1]) / np.sqrt(2)).astype(np.complex64)


def unevenness(places: NDArray[np.float64], seed: int) -> NDArray[np.float32]:
    """(N,) of standard deviation 1: by which tissue differs from place to place, in patches and in grains."""
    patches, grains = (_sampled(part, places / size + 17.0) for part, size in zip(_lattice(seed), _SIZES, strict=True))
    return (0.8 * patches + 0.6 * grains).astype(np.float32)


_SIZES = (15.0, 5.0)
"""mm, of patches and grains."""


def _sampled(lattice: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float64]:
    between = places - np.floor(places)
    # Between the lattice's knots a mean of several would be weaker.
    spread = np.sqrt(np.prod(between**2 + (1 - between) ** 2, axis=0))
    return map_coordinates(lattice, places, order=1, mode="grid-wrap", prefilter=False) / spread


@lru_cache(maxsize=2)
def _lattice(seed: int) -> NDArray[np.float32]:
    generator = np.random.default_rng((seed, *b"scatterers"))
    return generator.standard_normal((2, _CELLS, _CELLS, _CELLS), dtype=np.float32)
