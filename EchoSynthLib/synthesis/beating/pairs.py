"""End-diastole and end-systole of real hearts on the hearts' own grids, from which motion is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus_arrays import CamusArrays, load_camus_npz
from EchoSynthLib.progress import silent
from EchoSynthLib.synthesis.beating.field import (
    FINER,
    SAMPLES,
    Field,
    HeartGrid,
    integrated,
    moved_labels,
    rest_at_rim,
)
from EchoSynthLib.synthesis.beating.generator import Sight
from EchoSynthLib.types import LabelMap, Progress, Spacing

Registrar = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float32]]
"""Moving and fixed frame (H, W) to the displacement (2, H, W) in pixels, as models of the kind `motion` give it."""
MOMENTS = (0.0, 0.5, 1.0)
"""Of the way from end-diastole to end-systole, at which a frame may be given; the one between is made."""
_BLUR = 1.0  # pixels; label maps that are blurred have slopes to follow


@dataclass(frozen=True, eq=False)
class Pairs:
    """N pairs of frames of one heart in one view.

    Attributes:
        diastole, systole: (N, H, W) label maps in CAMUS codes.
        spacing: (N, 2) row and column, in mm.
        view: (N,) names.
        patient: (N,) names.
        is_train: (N,) bool, of the train split.
    """

    diastole: NDArray[np.uint8]
    systole: NDArray[np.uint8]
    spacing: NDArray[np.float64]
    view: NDArray[np.str_]
    patient: NDArray[np.str_]
    is_train: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.view)

    def chosen(self, which: NDArray) -> Pairs:
        """Those of a mask or of indices."""
        return Pairs(**{field.name: getattr(self, field.name)[which] for field in fields(self)})

    def spacing_of(self, index: int) -> Spacing:
        """(row, column) of one pair's pixels."""
        return float(self.spacing[index, 0]), float(self.spacing[index, 1])

    def grid(self, index: int) -> HeartGrid:
        """That of the heart at end-diastole."""
        return HeartGrid.of(self.diastole[index], self.spacing_of(index))


def read_pairs(path: Path) -> tuple[Pairs, NDArray[np.uint8]]:
    """The pairs of a CAMUS `.npz`, and their pictures (N, 2, H, W).

    Pixels of unknown size are taken for those of the others in the mean, and for squares where none is known.

    Raises:
        InputError: it holds no pair; and as `load_camus_npz` does.
    """
    data = load_camus_npz(path)
    partner = {(data.patient[i], data.view[i]): i for i in range(len(data)) if data.phase[i] == "ES"}
    found = [
        (i, partner[data.patient[i], data.view[i]])
        for i in range(len(data))
        if data.phase[i] == "ED" and (data.patient[i], data.view[i]) in partner
    ]
    found = [both for both in found if all((data.label[i] == CamusCode.LV_CAVITY).any() for i in both)]
    if not found:
        raise InputError("The data hold no heart at both end-diastole and end-systole, from which motion is learned.")
    at = np.array(found)
    first = at[:, 0]
    pairs = Pairs(
        data.label[first],
        data.label[at[:, 1]],
        _spacing(data)[first],
        data.view[first],
        data.patient[first],
        data.split[first] != "val",
    )
    return pairs, data.image[at]


def _spacing(data: CamusArrays) -> NDArray[np.float64]:
    known: NDArray[np.bool_] = np.asarray(np.isfinite(data.spacing).all(axis=1))
    usual = data.spacing[known].mean(axis=0) if known.any() else np.ones(2)
    return np.where(known[:, None], data.spacing, usual)


def registered(
    pairs: Pairs, pictures: NDArray[np.uint8], registrar: Registrar, progress: Progress | None = None
) -> dict[str, NDArray[np.float32]]:
    """What a registration finds, and the label maps, on the hearts' fine grids.

    Returns:
        `displacement` (N, 2, *SAMPLED) in nodes, from end-systole into end-diastole; `diastole` and `systole`
        (N, 4, *SAMPLED), the share of each code around each node.
    """
    tell = progress or silent
    fields_, before, after = [], [], []
    for index in range(len(pairs)):
        tell(index, len(pairs), f"registering pair {index + 1} of {len(pairs)}")
        grid = pairs.grid(index)
        at = grid.places(SAMPLES)
        found = registrar(pictures[index, 0], pictures[index, 1])
        read = np.stack([map_coordinates(part, at, order=1, mode="nearest") for part in found])
        fields_.append(np.tensordot(np.linalg.inv(grid.to_pixels) * SAMPLES, read, 1))
        before.append(_shares(pairs.diastole[index], at))
        after.append(_shares(pairs.systole[index], at))
    made = {"displacement": fields_, "diastole": before, "systole": after}
    return {name: np.stack(arrays).astype(np.float32) for name, arrays in made.items()}


def _shares(label_map: LabelMap, at: NDArray[np.float64]) -> NDArray[np.float32]:
    codes = range(4)
    soft = [gaussian_filter((label_map == code).astype(np.float32), _BLUR, mode="nearest") for code in codes]
    return np.stack([map_coordinates(one, at, order=1, mode="nearest") for one in soft])


@dataclass(frozen=True, eq=False)
class Lessons:
    """What is learned from: N pairs, each seen at the `MOMENTS`.

    Attributes:
        members: (N, 3, 3, *GRID); pose: (N, 3, 3): by moment, see `Sight`.
        view: (N,) of `Sight`.
        velocity: (N, 3, 2, *GRID) on the grid of each moment's label map.
        ratio: (N,) -log(1 - EF) by discs.
    """

    members: NDArray[np.float32]
    pose: NDArray[np.float32]
    view: NDArray[np.float32]
    velocity: NDArray[np.float32]
    ratio: NDArray[np.float64]


def lessons(pairs: Pairs, velocities: NDArray[np.float32], progress: Progress | None = None) -> Lessons:
    """The pairs with their velocities (N, 2, *GRID), as a generator is to see them."""
    tell = progress or silent
    rows = []
    for index in range(len(pairs)):
        tell(index, len(pairs), f"looking at pair {index + 1} of {len(pairs)}")
        spacing, own = pairs.spacing_of(index), pairs.grid(index)
        between = moved_labels(
            pairs.diastole[index], own.displacement(integrated(np.float32(MOMENTS[1]) * velocities[index]))
        )
        maps = (pairs.diastole[index], between, pairs.systole[index])
        grids = [HeartGrid.of(labels, spacing) for labels in maps]
        sights = [Sight.of(labels, grid, str(pairs.view[index])) for labels, grid in zip(maps, grids, strict=True)]
        full, empty = disc_volume(maps[0], spacing), disc_volume(maps[2], spacing)
        rows.append((sights, [carried(velocities[index], own, grid) for grid in grids], -np.log(empty / full)))
    return Lessons(
        np.stack([[sight.members for sight in sights] for sights, _, _ in rows]),
        np.stack([[sight.pose for sight in sights] for sights, _, _ in rows]),
        np.array([sights[0].view for sights, _, _ in rows], np.float32),
        np.stack([found for _, found, _ in rows]),
        np.array([ratio for _, _, ratio in rows]),
    )


def carried(velocity: Field, own: HeartGrid, other: HeartGrid) -> Field:
    """A velocity (2, *GRID) of one grid on another one of the same picture, at rest at the rims of both."""
    at = (own.on_fine_grid(other.places()) + 0.5) / FINER - 0.5
    read = np.stack([map_coordinates(part, at, order=1, mode="nearest") for part in velocity * rest_at_rim()])
    turned = np.tensordot(np.linalg.inv(other.to_pixels) @ own.to_pixels, read, 1)
    return (turned * rest_at_rim()).astype(np.float32)
