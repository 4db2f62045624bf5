"""What a re-identification network is worth: hearts found again, a threshold, and planted copies caught (torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from EchoSynthLib.evaluation.roc import area_under_roc
from EchoSynthLib.images.picture_box import seen
from EchoSynthLib.privacy.reidentification.copies import COPIES
from EchoSynthLib.privacy.reidentification.network import embedded

PERCENTILE = 95.0
"""Of the largest correlations of other patients' frames with the known ones: the paper's threshold."""
_PLANTED = 200


@dataclass(frozen=True)
class Frames:
    """Frames of hearts at both ends of their beats.

    Attributes:
        image: (N, H, W) uint8.
        name: of each frame.
        heart: patient and view of each.
        phase: 'ED' or 'ES' of each.
    """

    image: NDArray[np.uint8]
    name: Sequence[str]
    heart: Sequence[str]
    phase: Sequence[str]

    def seen(self, side: int) -> Tensor:
        """What a network sees of them, (N, side, side) uint8."""
        return torch.from_numpy(np.stack([seen(image, side) for image in self.image]))


class Judge:
    """Frames that were learned from, others of other patients, and the figures of a network on them."""

    def __init__(self, known: Frames, others: Frames, side: int, seed: int) -> None:
        self.known, self.others = known.seen(side), others.seen(side)
        self.frames = others
        rng = np.random.default_rng((seed, *b"planted"))
        chosen = rng.permutation(len(known.image))[:_PLANTED]
        self.planted = {
            name: torch.from_numpy(np.stack([seen(change(known.image[i], rng), side) for i in chosen]))
            for name, change in COPIES.items()
        }

    def figures(self, network: nn.Module, device: str) -> dict[str, float]:
        """Shares of hearts found again and of planted copies caught, the threshold, and the area under the ROC."""

        def embed(pictures: Tensor) -> Tensor:
            return embedded(network, pictures, device)

        known, others = embed(self.known), embed(self.others)
        threshold = threshold_of(others, known)
        found = {**_found_again(self.frames, others), "threshold": threshold}
        return found | {
            f"planted train frames caught, {name}": _share_caught(embed, pictures, known, threshold)
            for name, pictures in self.planted.items()
        }


def threshold_of(others: Tensor, known: Tensor, percentile: float = PERCENTILE) -> float:
    """The correlation that so many per cent of other patients' frames stay below with every known one.

    Args:
        others, known: directions (M, 128) and (N, 128).
    """
    return float(np.percentile((others @ known.T).amax(dim=1).numpy(), percentile))


def _found_again(frames: Frames, directions: Tensor) -> dict[str, float]:
    """By end-diastole, end-systole of the same heart: how often it comes first, and against all other hearts."""
    ends = {
        phase: {
            heart: i for i, (heart, other) in enumerate(zip(frames.heart, frames.phase, strict=True)) if other == phase
        }
        for phase in ("ED", "ES")
    }
    hearts = [heart for heart in ends["ED"] if heart in ends["ES"]]
    if len(hearts) < 2:
        return {}
    first, second = (directions[[ends[phase][heart] for heart in hearts]] for phase in ("ED", "ES"))
    likeness = (first @ second.T).numpy()
    same, other = np.diag(likeness), likeness[~np.eye(len(hearts), dtype=bool)]
    return {
        "ES found by ED, first of all": float(np.mean(likeness.argmax(axis=1) == np.arange(len(hearts)))),
        "same heart against others, area under the ROC": area_under_roc(same, other),
    }


def _share_caught(embed: Callable[[Tensor], Tensor], pictures: Tensor, known: Tensor, threshold: float) -> float:
    return float(((embed(pictures) @ known.T).amax(dim=1) >= threshold).float().mean())
