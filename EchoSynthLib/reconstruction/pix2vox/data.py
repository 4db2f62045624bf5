"""Hearts to learn from: pictures of the views in their own axes, and the voxels they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.picture import OwnAxes, aligned
from EchoSynthLib.reconstruction.volume import VolumeGrid
from EchoSynthLib.types import LabelMap, Spacing


@dataclass(frozen=True, eq=False)
class Example:
    """One heart at one moment.

    Attributes:
        label_maps: (H, W) in CAMUS codes, by name of the view.
        spacing: (row, column) in mm, by name of the view.
        volume: (D, H, W) uint8: codes of structures in the axes of the left ventricle; or tissue, 1 or 0, in the
            bounding cube of the heart's own.
        grid: where its voxels lie.
        azimuth_deg: of the right of each apical picture, from x towards y; empty where it is not known.
    """

    label_maps: Mapping[str, LabelMap]
    spacing: Mapping[str, Spacing]
    volume: NDArray[np.uint8]
    grid: VolumeGrid
    azimuth_deg: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Hearts:
    """All examples, ready for a network.

    Attributes:
        pictures: (N, V, 3, side, side) uint8, see `picture.aligned`; a view that was not given is 0.
        volumes: (N, D, H, W) uint8.
        grid: of the volumes, in the mean: side of a cube in lengths of the long axis where hearts have cubes of their
            own, which `scales` tells.
        scales: (N,) side of the cube over the length of the long axis.
        azimuth_deg: of each view, in the mean of the hearts that tell it.
    """

    pictures: NDArray[np.uint8]
    volumes: NDArray[np.uint8]
    grid: VolumeGrid
    scales: NDArray[np.float64]
    azimuth_deg: Mapping[str, float]

    @classmethod
    def of(cls, examples: Iterable[Example], views: Sequence[str], picture: int) -> Hearts:
        """The arrays of examples.

        Args:
            examples: each with the first two of the views at least.
            views: names, in the order in which a network sees them.
            picture: pixels along each side of an aligned picture.

        Raises:
            InputError: there are none, one lacks a view that is needed, or volumes differ in size.
        """
        pictures: list[NDArray[np.uint8]] = []
        volumes: list[NDArray[np.uint8]] = []
        grids: list[VolumeGrid] = []
        scales: list[float] = []
        azimuths: dict[str, list[float]] = {}
        for example in examples:
            missing = [view for view in views[:2] if view not in example.label_maps]
            if missing or (volumes and example.volume.shape != volumes[0].shape):
                raise InputError(
                    f"A heart to learn from has the views {', '.join(views[:2])} and a volume of one size for all; "
                    f"given was one with {', '.join(example.label_maps) or 'none'} and {example.volume.shape}."
                )
            axes = {
                v: OwnAxes.of(example.label_maps[v], example.spacing[v], v) for v in views if v in example.label_maps
            }
            empty = np.zeros((3, picture, picture), np.uint8)
            shown = [aligned(example.label_maps[v], axes[v], picture) if v in axes else empty for v in views]
            pictures.append(np.stack(shown))
            volumes.append(example.volume.astype(np.uint8))
            grids.append(example.grid)
            for view, angle in example.azimuth_deg.items():
                azimuths.setdefault(view, []).append(angle)
            scales.append(example.grid.side * example.grid.voxel_mm / long_axis_mm(axes.values()))
        if not volumes:
            raise InputError("There are no hearts to learn from; give one or more.")
        corner = np.mean([grid.corner_mm for grid in grids], axis=0)
        x, y, z = (float(value) for value in corner)
        mean = VolumeGrid(grids[0].side, float(np.mean([grid.voxel_mm for grid in grids])), (x, y, z))
        told = {view: float(np.mean(angles)) for view, angles in azimuths.items()}
        return cls(np.stack(pictures), np.stack(volumes), mean, np.array(scales), told)

    def arrays(self) -> dict[str, NDArray]:
        """What a file keeps of them."""
        grid = np.array([self.grid.side, self.grid.voxel_mm, *self.grid.corner_mm])
        views, angles = np.array(list(self.azimuth_deg), dtype=str), np.array(list(self.azimuth_deg.values()), float)
        kept = {"grid": grid, "azimuth_of": views, "azimuth_deg": angles}
        return {"pictures": self.pictures, "volumes": self.volumes, "scales": self.scales, **kept}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Hearts:
        """Hearts from what `arrays` gave."""
        side, voxel_mm, x, y, z = arrays["grid"].tolist()
        told = dict(zip(arrays["azimuth_of"].tolist(), arrays["azimuth_deg"].tolist(), strict=True))
        grid = VolumeGrid(int(side), voxel_mm, (x, y, z))
        return cls(arrays["pictures"], arrays["volumes"], grid, arrays["scales"], told)

    def __len__(self) -> int:
        """How many hearts."""
        return len(self.volumes)


def long_axis_mm(axes: Iterable[OwnAxes]) -> float:
    """The longest of the views' long axes: what is cut obliquely looks shorter."""
    return max(picture.length_mm for picture in axes)
