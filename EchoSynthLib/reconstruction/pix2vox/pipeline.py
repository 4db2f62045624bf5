"""Reconstruction as a user calls it: label maps of views in, a heart of voxels out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.picture import OwnAxes, aligned, axes_of_views, plane_at
from EchoSynthLib.reconstruction.pix2vox.data import long_axis_mm
from EchoSynthLib.reconstruction.results import Reconstruction
from EchoSynthLib.reconstruction.volume import CHAMBERS, CLASSES, VolumeGrid, VoxelCode
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.types import LabelMap, Spacing
from EchoSynthLib.zoo.config import number_of, whole_number_of


class Pix2VoxPipeline:
    """Label maps to voxels.

    Args:
        network: views (1, V, 3, picture, picture), shares of structures in [0, 1], to probabilities
            (1, classes, D, H, W).
        config: `views`, names in the order of the network; `picture`, its side in pixels; `volume`, the grid;
            `azimuth_deg` of the views that contain the long axis; `head`, 'structures' or 'tissue'. With 'tissue' the
            cube is the heart's own, as long as the long axis times `side_over_length`, and `threshold` is where tissue
            begins.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.views = tuple(str(view) for view in config["views"])
        self.picture = whole_number_of(config, "picture", 16, 1024)
        self.grid = VolumeGrid.from_dict(config["volume"])
        self.azimuth_deg = {view: float(angle) for view, angle in dict(config["azimuth_deg"]).items()}
        self.head = config["head"]
        if self.head not in ("structures", "tissue"):
            raise ValueError(f"`head` is 'structures' or 'tissue'; found was {self.head!r}")
        if self.head == "tissue":
            self.side_over_length = number_of(config, "side_over_length", 0.0)
            self.threshold = number_of(config, "threshold", 0.0)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> Pix2VoxPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "pix2vox.onnx", threads), config)

    def __call__(
        self,
        label_maps: Mapping[str, LabelMap],
        spacing: Mapping[str, Spacing],
        plane_angle: float | None = None,
        axes: Mapping[str, OwnAxes] | None = None,
    ) -> Reconstruction:
        """The heart of these label maps, see `Reconstructor`.

        Raises:
            InputError: a label map has no long axis, or an angle is given.
        """
        if plane_angle is not None:
            raise InputError(
                "This network learned pictures at the angles of standard views, and can be told no other; leave "
                "plane_angle out, or take a model that fits hearts."
            )
        own = axes_of_views(label_maps, spacing, self.views, axes)
        probability = self.probability(label_maps, own)
        planes = {view: plane_at(own[view], angle) for view, angle in self.azimuth_deg.items() if view in own}
        grid = self.grid if self.head == "structures" else self._scaled(long_axis_mm(own.values()))
        if self.head == "tissue":
            walls = VoxelCode.OTHER_WALLS * (probability[0] >= self.threshold)
            return Reconstruction(walls.astype(np.uint8), grid, {}, {})
        labels = probability.argmax(axis=0).astype(np.uint8)
        volumes = {name: grid.expected_ml(probability[code], labels == code) for name, code in CHAMBERS.items()}
        return Reconstruction(labels, grid, volumes, planes)

    def probability(self, label_maps: Mapping[str, LabelMap], axes: Mapping[str, OwnAxes]) -> NDArray[np.float32]:
        """(classes, D, H, W), as the network gives them; views that are not there are empty pictures."""
        views = np.zeros((1, len(self.views), 3, self.picture, self.picture), np.float32)
        for place, view in enumerate(self.views):
            if view in axes:
                views[0, place] = aligned(label_maps[view], axes[view], self.picture) / np.float32(255)
        (found,) = self.network(views)
        expected = (1, CLASSES if self.head == "structures" else 1, *self.grid.shape)
        if found.shape != expected:
            raise ValueError(f"the network gives volumes of {found.shape}, and config.json tells {expected}")
        return found[0]

    def _scaled(self, length_mm: float) -> VolumeGrid:
        """The cube of a heart of this length."""
        voxel_mm = self.side_over_length * length_mm / self.grid.side
        x, y, z = (corner * voxel_mm / self.grid.voxel_mm for corner in self.grid.corner_mm)
        return VolumeGrid(self.grid.side, voxel_mm, (x, y, z))
