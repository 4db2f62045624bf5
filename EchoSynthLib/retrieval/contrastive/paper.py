"""The published recipe: clips one after another are positives, then a pair head on the frozen backbone (torch).

Kerdegari et al., MICCAI 2023 (arXiv 2306.04739). Kept as released, with what a reader would change: both clips are
joined in time, so that the head cannot know which is which, and of the augmentation the flip is made and not used.
Its clips are near-static stretches of a sweep; where no ten frames of ours stand still, the stillest ones are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.resnet import standardized
from EchoSynthLib.retrieval.contrastive.losses import info_nce
from EchoSynthLib.retrieval.contrastive.network import (
    Matcher,
    OrderBlindHead,
    PaperBackbone,
    PaperEncoder,
    directions,
)
from EchoSynthLib.retrieval.contrastive.scans import Scans
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings, State

CLIPS, PAIRS, CLIP = 40, 42, 5
"""Clips of a batch, pairs of a batch, frames of each view."""
PRETRAINING = 0.7
"""Share of the iterations."""
AUGMENTED, ERASED = 0.8, 10
RATES = {"pre-training": 1e-5, "head": 1e-4}


class Pretrained(nn.Module):
    """Encoder, mean over time, backbone: what the contrastive loss trains."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PaperEncoder()
        self.backbone = PaperBackbone()

    def forward(self, clips: Tensor) -> Tensor:
        """Clips (B, T, 1, 64, 64) to projections (B, 512)."""
        return self.backbone(mean_over_time(self.encoder, clips))


def mean_over_time(encoder: nn.Module, clips: Tensor) -> Tensor:
    """Clips (B, T, 1, H, W) to the means (B, length) of their frames' embeddings."""
    return encoder(clips.flatten(0, 1)).unflatten(0, clips.shape[:2]).mean(dim=1)


def train_paper(
    run: TrainingRun,
    learned: Mapping[str, Sequence[Scans]],
    basis: Mapping[str, str],
    validate: Callable[[nn.Module], dict[str, float]],
) -> tuple[Matcher, State]:
    """Both stages in their shares of the budget; returns the matcher, and how far the second stage came."""
    scans = [one for kind in ("hearts", "muscles") for one in learned[kind]]
    names = ("pretraining", "head")
    stages = [
        run.stage(run.output / names[0], 0, PRETRAINING),
        run.stage(run.output / names[1], PRETRAINING, 1),
    ]
    first, before = run_loop(
        Pretrained(), ClipLoss(scans, run.device), _settings(stages[0], "pre-training"), stages[0].output,
        basis={**basis, "stage": names[0]}, resume=run.resume, progress=stages[0].progress, device=run.device,
    )  # fmt: skip
    assert isinstance(first, Pretrained)
    head, state = run_loop(
        OrderBlindHead(first.backbone), PairLoss(scans, first.encoder, run.device), _settings(stages[1], "head"),
        stages[1].output, basis={**basis, "stage": names[1]}, resume=run.resume,
        validate=lambda head: validate(Matcher(first.encoder, head)), progress=stages[1].progress, device=run.device,
    )  # fmt: skip
    state.iteration += before.iteration
    state.seconds += before.seconds
    return Matcher(first.encoder, head), state


def _settings(stage: TrainingRun, name: str) -> Settings:
    return Settings(
        **stage.budget, learning_rate=RATES[name], weight_decay=1e-4, constant=0.99, clip=100.0, seed=stage.seed
    )


class ClipLoss:
    """Two clips one after the other of each of some subjects, each augmented, and their InfoNCE."""

    def __init__(self, scans: Sequence[Scans], device: str) -> None:
        self.scans, self.device = scans, device

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        rng = _rng(moment)
        chosen = rng.choice(len(self.scans), min(CLIPS, len(self.scans)), replace=False)
        both = np.stack([stillest(self.scans[index].first, 2 * CLIP) for index in chosen])
        views = [_pictures(augmented(view, rng)) for view in (both[:, :CLIP], both[:, CLIP:])]
        first, second = (directions(network(view.to(self.device))) for view in views)
        return info_nce(first @ second.T)


class PairLoss:
    """Pairs of five frames of each scan, half of them matching, on the frozen encoder."""

    def __init__(self, scans: Sequence[Scans], encoder: nn.Module, device: str) -> None:
        self.scans, self.encoder, self.device = scans, encoder.eval().to(device), device

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        rng = _rng(moment)
        clips, match = zip(*(self._pair(rng, pair % 2 == 0) for pair in range(PAIRS)), strict=True)
        both = np.stack(clips)
        with torch.no_grad():
            first, second = (
                mean_over_time(self.encoder, _pictures(augmented(both[:, side], rng)).to(self.device))
                for side in (0, 1)
            )
        truth = torch.tensor(match, dtype=torch.float32, device=self.device)
        return F.binary_cross_entropy_with_logits(network(first, second), truth)

    def _pair(self, rng: np.random.Generator, match: bool) -> tuple[NDArray[np.uint8], bool]:
        """(2, 5, 64, 64): a frame with those around it in both scans; other frames, or another subject's."""
        one = self.scans[int(rng.integers(len(self.scans)))]
        plane = int(rng.integers(len(one.first)))
        right = int(one.apart[plane].argmin())
        other, place = one, right
        if not match:
            other = self.scans[int(rng.integers(len(self.scans)))] if rng.random() < 0.5 else one
            far = np.flatnonzero(np.abs(np.arange(other.apart.shape[1]) - right) > CLIP // 2)
            place = int(rng.choice(far))
        assert other.second is not None
        return np.stack([_around(one.first, plane), _around(other.second, place)]), match


def stillest(clip: NDArray[np.uint8], frames: int) -> NDArray[np.uint8]:
    """So many frames of a clip (T, H, W) one after another, which vary least over time."""
    levels = clip.astype(np.float32) / 255
    variances = [levels[start : start + frames].var(axis=0).mean() for start in range(len(clip) - frames + 1)]
    start = int(np.argmin(variances))
    return clip[start : start + frames]


def augmented(clips: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Clips (B, T, H, W), eight of ten with a square erased or with a flip that is lost, as in the released code."""
    made = clips.copy()
    for clip in made:
        if rng.random() < AUGMENTED and rng.random() < 0.5:
            top, left = (int(rng.integers(side - ERASED)) for side in clip.shape[1:])
            clip[:, top : top + ERASED, left : left + ERASED] = 0
    return made


def _around(clip: NDArray[np.uint8], frame: int) -> NDArray[np.uint8]:
    return clip[np.clip(np.arange(frame - CLIP // 2, frame + CLIP // 2 + 1), 0, len(clip) - 1)]


def _pictures(clips: NDArray[np.uint8]) -> Tensor:
    frames = torch.from_numpy(clips).flatten(0, 1)[:, None].float() / 255
    return standardized(frames).unflatten(0, clips.shape[:2])


def _rng(moment: Moment) -> np.random.Generator:
    return np.random.default_rng(int(torch.randint(2**62, (), generator=moment.generator)))
