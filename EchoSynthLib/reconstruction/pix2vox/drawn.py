"""Examples from drawn hearts: label maps as an observer would trace them, and the voxels of the same moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.reconstruction.drawn import drawn_moments
from EchoSynthLib.reconstruction.hearts import azimuth_deg, voxels_of
from EchoSynthLib.reconstruction.picture import APICAL
from EchoSynthLib.reconstruction.pix2vox.data import Example
from EchoSynthLib.reconstruction.volume import TISSUE, VolumeGrid


def examples(
    cohort: Cohort, hearts: Iterable[int], views: Sequence[str], side: int, head: str = "structures"
) -> Iterator[Example]:
    """Each heart of a cohort at all phases of its frames; a view that missed the cavity is not given.

    Args:
        cohort: the hearts, and how well they are looked at.
        hearts: their numbers.
        views: names of those that are cut.
        side: voxels along each side of the volumes.
        head: 'structures' for codes in millimeters, 'tissue' for walls or none in each heart's own cube.
    """
    for index in hearts:
        for seen in drawn_moments(cohort, index, views, traced=range(cohort.frames), needed=views[:2]):
            grid, volume = _volume(seen.heart, seen.phase, side, head)
            yield Example(
                seen.label_maps,
                seen.spacing,
                volume,
                grid,
                {v: azimuth_deg(seen.heart, cut.pose, seen.phase) for v, cut in seen.cuts.items() if v in APICAL},
            )


def _volume(heart: Heart, phase: float, side: int, head: str) -> tuple[VolumeGrid, NDArray[np.uint8]]:
    grid = VolumeGrid.of(side)
    labels = voxels_of(heart, grid, phase)
    if head == "structures":
        return grid, labels
    own = cube_around(np.isin(labels, TISSUE), grid)
    return own, np.isin(voxels_of(heart, own, phase), TISSUE).astype(np.uint8)


def cube_around(mask: NDArray[np.bool_], grid: VolumeGrid) -> VolumeGrid:
    """The smallest cube, around the middle of the mask's box, that holds all voxels of a mask that is not empty."""
    places = np.argwhere(mask)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    longest = float((high - low).max())
    corner = (low + high - longest) / 2 * grid.voxel_mm
    z, y, x = (float(value) for value in corner)
    begin = grid.corner_mm
    return VolumeGrid(grid.side, longest * grid.voxel_mm / grid.side, (begin[0] + x, begin[1] + y, begin[2] + z))
