"""The surfaces of a heart as meshes whose points keep their numbers through the beat, for 3D views.

They are the layers of the template as they lie at a phase, so nothing has to be searched in voxels: a surface costs
less than its drawing. Of the aorta it is the inner surface, of the myocardium the outer one of the left ventricle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.rays import COLUMNS
from EchoSynthLib.anatomy.heart3d.surfaces import tube
from EchoSynthLib.anatomy.heart3d.template import (
    BESIDE_LA,
    BESIDE_LV,
    INNER,
    INNER_WALL,
    OUTER,
    OUTER_START,
    SPLIT,
)
from EchoSynthLib.anatomy.structures import (
    AORTA,
    LEFT_ATRIUM,
    LEFT_VENTRICLE,
    MYOCARDIUM,
    RIGHT_ATRIUM,
    RIGHT_VENTRICLE,
)

_THIN_MM = 0.05
_EACH = 2
"""Of the template's columns; all are taken of the right heart, which ends within them, and all rows: caps are steep."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A surface.

    Attributes:
        points: (N, 3) mm, in the heart's axes.
        quads: (M, 4) numbers of points, in order around each face; the same at every phase.
    """

    points: NDArray[np.float64]
    quads: NDArray[np.int64]


def meshes(heart: Heart, phase: float = 0.0) -> dict[str, Mesh]:
    """The surface of each structure at a phase, by the names of `anatomy.structures`."""
    motion, t = heart.motion, heart.template
    z, pose = t.rays.heights, motion.pose(phase)
    mitral = int(np.argmin(np.abs(z - t.length)))
    still = np.sqrt(t.squares)
    now = np.sqrt(np.maximum(pose.squares, 0).astype(np.float64))
    below, above = slice(0, mitral + 1), slice(mitral, len(z))

    def layer(table: int, number: int, rows: slice, shown: NDArray[np.bool_], each: int = _EACH) -> Mesh:
        placed = motion.placed(now[table][..., number], pose)[rows, ::each]
        return _mesh(placed, shown[rows, ::each])

    def between(table: int, inside: int, outside: int, rows: slice) -> list[Mesh]:
        there = still[table][..., outside] - still[table][..., inside] > _THIN_MM
        return [layer(table, number, rows, there, each=1) for number in (inside, outside)]

    endo, epi, atrium = still[BESIDE_LV][..., INNER], still[BESIDE_LV][..., INNER_WALL], still[BESIDE_LA][..., INNER]
    return {
        LEFT_VENTRICLE.name: layer(BESIDE_LV, INNER, below, (endo > 0) & (z >= 0)[:, None]),
        MYOCARDIUM.name: layer(BESIDE_LV, INNER_WALL, below, epi > 0),
        LEFT_ATRIUM.name: layer(BESIDE_LA, INNER, above, atrium > 0),
        RIGHT_VENTRICLE.name: _joined(between(BESIDE_LV, OUTER_START, SPLIT, below)),
        RIGHT_ATRIUM.name: _joined(
            [*between(BESIDE_LV, SPLIT, OUTER, below), *between(BESIDE_LA, OUTER_START, OUTER, above)]
        ),
        AORTA.name: _aorta(heart, phase),
    }


def _mesh(grid: NDArray[np.float64], shown: NDArray[np.bool_]) -> Mesh:
    """The faces (rows, columns, 3) of a surface around the axis that have a shown corner: its rim is where it ends."""
    rows, columns = shown.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    beside = np.roll(number, -1, axis=1)
    faces = np.stack([number[:-1], beside[:-1], beside[1:], number[1:]], axis=-1)
    some = shown | np.roll(shown, -1, axis=1)
    return _used(grid.reshape(-1, 3), faces[some[:-1] | some[1:]])


def _used(points: NDArray[np.float64], quads: NDArray[np.int64]) -> Mesh:
    """Less the points that no face has."""
    used, numbers = np.unique(quads, return_inverse=True)
    return Mesh(points[used], numbers.reshape(quads.shape))


def _joined(parts: list[Mesh]) -> Mesh:
    first = np.cumsum([0, *(len(part.points) for part in parts)])
    quads = [part.quads + start for part, start in zip(parts, first, strict=False)]
    return Mesh(np.concatenate([part.points for part in parts]), np.concatenate(quads))


def _aorta(heart: Heart, phase: float) -> Mesh:
    rings = tube(heart.motion).reshape(-1, COLUMNS // 4, 3)
    placed = rings if phase == 0 else heart.motion.forward(rings, phase)
    return _mesh(placed, np.ones(rings.shape[:2], bool))
