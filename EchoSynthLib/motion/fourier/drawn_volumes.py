"""Volumes of one drawn heart at end-diastole and at end-systole, with the exact displacement between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.acoustics.look import Look
from EchoSynthLib.acoustics.volume import Block, draw_volume
from EchoSynthLib.anatomy.heart3d.camus import camus_of
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.planes import standard_plane
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.views import FOUR_CHAMBER

_EDGE_MM, _ABOVE_MM = 140.0, 20.0
"""Of a block, and of what it shows above the apex: the left heart, and what of the right lies beside it."""
_SIZES = (0.9, 1.15)
_TURN_DEG, _TILT_DEG, _SHIFT_MM = 25.0, 10.0, 8.0
"""By which a hand holds the probe otherwise, at most."""


@dataclass(frozen=True, eq=False)
class VolumePair:
    """End-diastole, which moves, and end-systole, which is fixed.

    Attributes:
        images: (2, D, H, W) uint8.
        labels: (2, D, H, W) in CAMUS codes.
        displacements: (2, 3, D, H, W) float16 in voxels, exact. The first: what lies at x at end-systole lies at
            x + u(x) at end-diastole; the second the other way around.
        voxel_mm: side of a voxel.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    displacements: NDArray[np.float16]
    voxel_mm: float


def volume_pairs(cohort: Cohort, hearts: Iterable[int], side: int) -> Iterator[VolumePair]:
    """A pair of each heart of a cohort, `side` voxels along each edge, held as a hand would about the apical window."""
    for index in hearts:
        heart, seed = cohort.heart(index), cohort.seed_of(index)
        generator = np.random.default_rng((seed, *b"volume"))
        block = _held(heart, side, generator)
        look = Look.drawn(generator)
        drawn = [draw_volume(heart, block, phase, seed, look) for phase in (0.0, heart.end_systole)]
        images, tissue = (np.stack(both) for both in zip(*drawn, strict=True))
        yield VolumePair(images, camus_of(tissue), _displacements(heart, block), block.voxel_mm)


def as_arrays(pairs: Iterable[VolumePair]) -> dict[str, NDArray]:
    """The pairs as arrays, the first axis for the pairs, as they are kept in a file."""
    each = list(pairs)
    names: Mapping[str, list] = {
        "images": [pair.images for pair in each],
        "labels": [pair.labels for pair in each],
        "displacements": [pair.displacements for pair in each],
        "voxel_mm": [pair.voxel_mm for pair in each],
    }
    return {name: np.array(values) for name, values in names.items()}


def _held(heart: Heart, side: int, generator: np.random.Generator) -> Block:
    landmarks = heart.landmarks()
    plane = standard_plane(landmarks, FOUR_CHAMBER.name).pose
    turn, tilt, rock = generator.uniform(-1, 1, 3) * (_TURN_DEG, _TILT_DEG, _TILT_DEG)
    right, down, behind = generator.uniform(-_SHIFT_MM, _SHIFT_MM, 3)
    pose = Pose.facing(landmarks.apex, plane.down, plane.right).turned(turn, tilt, rock).moved(right, down, behind)
    return Block(pose, side, _EDGE_MM * generator.uniform(*_SIZES) / side, _ABOVE_MM)


def _displacements(heart: Heart, block: Block) -> NDArray[np.float16]:
    points = block.places()
    came, goes = (
        heart.material_points(points, heart.end_systole) - points,
        heart.displacement(points, heart.end_systole),
    )
    # The block's axes are behind, down and right.
    along = [(moved @ block.pose.rotation)[:, ::-1].T / block.voxel_mm for moved in (came, goes)]
    return np.stack(along).reshape(2, 3, *block.shape).astype(np.float16)
