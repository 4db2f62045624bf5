"""The contour model as a user calls it: image in, landmarks, curve and distance map out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import (
    APEX,
    SAMPLES,
    landmarks_of_curve,
    resample,
)
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.grid import to_grid
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.segmentation.contour.active_contour import curve_of, mean_distance, nodes_through, refine
from EchoSynthLib.segmentation.results import ContourResult
from EchoSynthLib.types import Spacing
from EchoSynthLib.zoo.config import grid_of, number_of

HEADS = ("both", "points")
"""The curve is drawn through the points and refined on the distance map, or drawn through the points alone."""


class ContourPipeline:
    """Image to endocardium.

    Args:
        network: gray values (1, 1, rows, columns) to landmark logits (1, 7, h, w) and distances (1, h, w) in [0, 1].
        config: `grid` (rows, columns) of the network; `farthest`, the distance in pixels of the map that 1 stands for;
            `sigma`, the width in those pixels that a heatmap has where nothing is in doubt.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.grid = grid_of(config)
        self.farthest = number_of(config, "farthest", 0)
        self.sigma = number_of(config, "sigma", 0)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> ContourPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "contour.onnx", threads), config)

    def __call__(
        self, image: NDArray[np.uint8], spacing: Spacing | None = None, *, heads: str = "both"
    ) -> ContourResult:
        """Find the endocardium in one gray image (H, W) uint8 with row 0 at the transducer.

        Args:
            spacing: (row, column) pixel size, where pixels are not square: the curve's samples lie evenly in it.
            heads: see `HEADS`.

        Raises:
            InputError: heads that there are not.
        """
        if not isinstance(heads, str) or heads not in HEADS:
            raise InputError(f"The heads {heads!r} are not known; give one of: {', '.join(HEADS)}.")
        gray = to_grid(image.astype(np.float32) / 255, self.grid)
        logits, distance = self.network(gray[None, None])
        distance_map = np.clip(distance[0], 0, 1) * np.float32(self.farthest)
        mean, deviation, entropy = landmark_statistics(logits[0])
        scale = np.array(image.shape) / distance_map.shape
        nodes = refine(mean, distance_map) if heads == "both" else nodes_through(mean)
        curve, points = ((places + 0.5) * scale - 0.5 for places in (curve_of(nodes), mean))
        return ContourResult(
            points=agreed_landmarks(curve, points, spacing) if heads == "both" else points,
            curve=resample(curve, SAMPLES, spacing),
            deviation=np.sqrt(np.maximum(deviation**2 - self.sigma**2, 0)) * scale,
            entropy=entropy,
            distance_map=distance_map,
            mean_distance=mean_distance(nodes, distance_map),
        )


def agreed_landmarks(
    curve: NDArray[np.float64], points: NDArray[np.float64], spacing: Spacing | None
) -> NDArray[np.float64]:
    """The landmarks (7, 2) of a refined curve: its ends, an apex that both heads agree on, and the thirds between.

    The apex of the points and that of the curve's shape are off in ways of their own, so that their mean, on the curve,
    is nearer to the truth than either (measured on train frames).
    """
    by_shape = landmarks_of_curve(curve, spacing)
    return landmarks_of_curve(curve, spacing, apex=(by_shape[APEX] + points[APEX]) / 2)


def landmark_statistics(
    logits: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (K, 2) (row, column) in pixels, and entropy (K,) in nats, of spatial softmaxes.

    The mean is c_k = sum_x p_k(x) x, the spatial to numerical transform (DSNT; Nibali et al., arXiv 1801.07372).

    Args:
        logits: (K, h, w).
    """
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=(1, 2), keepdims=True))
    p = raised / raised.sum(axis=(1, 2), keepdims=True)
    moments = []
    for marginal in (p.sum(axis=2), p.sum(axis=1)):  # over rows, over columns
        place = np.arange(marginal.shape[1])
        mean = marginal @ place
        moments.append((mean, np.sqrt(np.maximum(marginal @ place**2 - mean**2, 0))))
    mean, deviation = (np.stack([moment[i] for moment in moments], axis=1) for i in (0, 1))
    entropy = -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=(1, 2))
    return mean, deviation, entropy
