"""What the contour model learns: points and curve of every CAMUS frame, derived from its label map once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import LANDMARKS, SAMPLES, endocardium_of_mask, resample
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus_arrays import CamusArrays, load_camus_npz
from EchoSynthLib.training.derived import derived, sum_of_data

REVISION = 1
"""Raised when the code makes something else of the same data."""

FARTHEST = 10.0
"""Distances are told up to this many pixels of the network's maps, some 15 to 20 mm in CAMUS."""

SIGMA = 1.0
"""Standard deviation of the target heatmaps in pixels of the network's maps."""

_CURVE_SAMPLES = 2 * SAMPLES  # so close that the distance to them is the distance to the curve


@dataclass(frozen=True, eq=False)
class ContourTargets:
    """Targets of N frames; rows and columns are fractions of the frame, 0 and 1 at its outer edges.

    Attributes:
        points: (N, 7, 2) float32.
        curve: (N, 200, 2) float32.
        size: (N, 2) float32, height and width of the whole frame in mm; where they are not known, of a frame of
            typical size and the native aspect ratio.
    """

    points: NDArray[np.float32]
    curve: NDArray[np.float32]
    size: NDArray[np.float32]

    def select(self, chosen: NDArray) -> ContourTargets:
        """The targets of a mask or of indices."""
        return ContourTargets(self.points[chosen], self.curve[chosen], self.size[chosen])


def load_targets(data: Path, cache: Path) -> ContourTargets:
    """The targets of `camus_224.npz`, in its frames' order, made once and kept in `cache`."""
    origin = f"{sum_of_data(data)}, {_CURVE_SAMPLES} samples, revision {REVISION}"
    return ContourTargets(**derived(cache, origin, lambda: vars(make_targets(load_camus_npz(data)))))


def make_targets(frames: CamusArrays) -> ContourTargets:
    """Points and curve of each frame's label map.

    Raises:
        InputError: a label map has no endocardium; it is named.
    """
    shape = np.array(frames.label.shape[1:])
    size = frame_sizes(frames)
    points = np.zeros((len(frames), len(LANDMARKS), 2), np.float32)
    curve = np.zeros((len(frames), _CURVE_SAMPLES, 2), np.float32)
    for i, label_map in enumerate(frames.label):
        step = (float(size[i, 0] / shape[0]), float(size[i, 1] / shape[1]))
        try:
            found = endocardium_of_mask(label_map, step)
        except InputError as error:
            raise InputError(f"{frames.name[i]} cannot be trained on: {error}") from error
        points[i] = (found.points + 0.5) / shape
        curve[i] = (resample(found.curve, _CURVE_SAMPLES, step) + 0.5) / shape
    return ContourTargets(points, curve, size)


def frame_sizes(frames: CamusArrays) -> NDArray[np.float32]:
    """Height and width (N, 2) of the frames in mm, see `ContourTargets`.

    A spacing that rests on an assumption serves too: the sizes only weigh errors against each other.
    """
    known = frames.spacing * np.array(frames.image.shape[1:])
    native = frames.native_size.astype(np.float64)
    native[(native == 0).any(axis=1)] = frames.image.shape[1:]
    typical = np.nanmedian(known[:, 0]) if np.isfinite(known).any() else 100.0
    return np.where(np.isfinite(known), known, native / native[:, :1] * typical).astype(np.float32)
