"""A frame to shares of classes by experts, and how much each had to say; or what one expert sees (numpy)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.classification.shares import normalized_frame, shares_of
from EchoSynthLib.classification.sites import sites_of
from EchoSynthLib.images.datasets.feature_set import FeatureSet
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.zoo.config import grid_of, names_of

PASSES = 5
"""Looks at each train frame, augmented otherwise each time, that a feature set holds."""
_BATCH = 256
EXPERT, FUSED = "expert", "fused"


class ExpertsPipeline:
    """Experts of several sites, fused, or one of them alone.

    Args:
        network: frames (N, 1, rows, columns) to logits (N, C) and weights (N, K) of all experts; or of one expert to
            features, logits and discrepancies.
        config: `part`, 'fused' or 'expert'; `grid`; `sites` with name and classes each.
        any_batch: whether the network takes any number of frames at once.
    """

    def __init__(self, network: Network, config: Mapping[str, Any], any_batch: bool = False) -> None:
        self.network, self.any_batch = network, any_batch
        self.grid = grid_of(config)
        if config.get("part") not in (EXPERT, FUSED):
            raise ValueError(f"`part` is {EXPERT!r} or {FUSED!r}; found was {config.get('part')!r:.40}")
        self.is_fused = config["part"] == FUSED
        for row in config["sites"]:
            names_of(row, "classes")
        self.sites = sites_of(config["sites"])

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> ExpertsPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        name = EXPERT if config.get("part") == EXPERT else FUSED
        return cls(OnnxNetwork(folder / f"{name}.onnx", threads), config)

    def __call__(self, image: NDArray[np.uint8]) -> tuple[dict[str, float], dict[str, float]]:
        """Shares of the classes, and weights of the sites' experts, both with the sum 1, of a gray image (H, W)."""
        found = self.network(normalized_frame(image, self.grid))
        if not self.is_fused:
            return shares_of(found[1][0], self.sites.classes), {self.sites.names[0]: 1.0}
        weights = found[1][0] / found[1][0].sum()
        return shares_of(found[0][0], self.sites.classes), dict(zip(self.sites.names, weights.tolist(), strict=True))

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """The shares alone, as all that tells views has them."""
        return self(image)[0]

    def told(self, frames: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits (N, C) and weights (N, K) of frames (N, H, W) on the grid of the network."""
        logits, weights = self._run(np.concatenate([normalized_frame(frame, self.grid) for frame in frames]))
        return logits, weights

    def feature_set(self, frames: LabeledFrames, site: str, passes: int = PASSES, seed: int = 0) -> FeatureSet:
        """What the expert sees in a site's frames: train frames `passes` times, augmented; the others once.

        Raises:
            EchoSynthError: torch, which augments, is not installed.
        """
        looks = list(self._looks(frames, passes, seed))
        found = [self._run(x) for x, _ in looks]
        features, logits, discrepancy = (np.concatenate(parts) for parts in zip(*found, strict=True))
        rows = np.concatenate([rows for _, rows in looks])
        patients = np.unique(frames.group, return_inverse=True)[1]
        return FeatureSet(
            features, logits, discrepancy, frames.label[rows], patients[rows], frames.split[rows], frames.classes, site,
            self.sites.names[0],
        )  # fmt: skip

    def _looks(
        self, frames: LabeledFrames, passes: int, seed: int
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
        """Normalized frames and their numbers, pass by pass."""
        train = np.flatnonzero(frames.split == "train")
        rest = np.flatnonzero(frames.split != "train")
        if len(rest):
            yield np.concatenate([normalized_frame(frame, self.grid) for frame in frames.image[rest]]), rest
        if len(train):
            from EchoSynthLib.errors import needs

            with needs("full", "A feature set of train frames"):
                import torch

                from EchoSynthLib.training.labeled_batches import augmented, normalized
            gray = torch.from_numpy(frames.image[train]).float()[:, None]
            inside = torch.from_numpy(frames.mask[train])[:, None]
            for number in range(passes):
                generator = torch.Generator().manual_seed(
                    int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
                )
                yield normalized(augmented(gray, inside, generator)[0]).numpy(), train

    def _run(self, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        size = _BATCH if self.any_batch else 1
        parts = [self.network(x[start : start + size]) for start in range(0, len(x), size)]
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
