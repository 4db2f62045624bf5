"""Batches of beats, each played anew on another machine, and their loss (torch)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.images.between_frames import at_times
from EchoSynthLib.networks.resnet import standardized
from EchoSynthLib.regression.ejection_fraction.augment import moved, on_other_machines
from EchoSynthLib.regression.ejection_fraction.clips import UNKNOWN, Beats
from EchoSynthLib.regression.ejection_fraction.play import drawn_play
from EchoSynthLib.regression.ejection_fraction.windows import Sampling
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.overlays import Overlays

BATCH = 12
_STEEP = 0.03
"""Of ejection fractions, below which an error costs by its square."""
_CAVITY = 0.3
"""Weight of where the cavity is."""


class FractionLoss:
    """Draws a batch of cines, and gives the error of their ejection fractions and of where their cavities are.

    Args:
        beats: to learn from.
        sampling: of what the network is shown.
        device: that torch knows.
        seed: of the overlays.
    """

    def __init__(self, beats: Beats, sampling: Sampling, device: str, seed: int) -> None:
        self.beats, self.sampling, self.device = beats, sampling, device
        self.overlays = Overlays((sampling.side, sampling.side), seed)

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        cines, cavities, fractions = (part.to(self.device) for part in self.batch(moment.generator))
        found, logits = network.observed(cines)  # type: ignore[operator]
        loss = F.smooth_l1_loss(found, fractions, beta=_STEEP)
        if logits is None:
            return loss
        return loss + _CAVITY * cavity_loss(logits, cavities)

    def batch(self, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Cines (N, T, side, side) of mean 0 and variance 1, cavities of that shape, and fractions (N,)."""
        chosen = torch.randint(0, len(self.beats), (BATCH,), generator=generator).tolist()
        rng = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        return self.played(chosen, rng, generator)

    def played(
        self, chosen: list[int], rng: np.random.Generator, generator: Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The chosen beats, played and shown by chance."""
        cines, cavities, fractions = [], [], []
        for index in chosen:
            play = drawn_play(self.beats, index, self.sampling, rng)
            count = int(self.beats.count[index])
            cines.append(at_times(self.beats.pixels[index, :count], play.places, endless=True))
            cavity = self.beats.cavity[index, :count]
            told = at_times(cavity, play.places, endless=True)
            unknown = at_times((cavity == UNKNOWN).astype(np.uint8), play.places, endless=True) > 0
            cavities.append(np.where(unknown, np.float32(-1), told))
            fractions.append(play.fraction)
        cine, cavity_maps = (torch.from_numpy(np.stack(one)) for one in (cines, cavities))
        known = cavity_maps.flatten(2).amin(dim=2) >= 0
        cine, cavity_maps = moved(cine / 255, cavity_maps, generator)
        cavity_maps = torch.where(known[..., None, None], cavity_maps, torch.tensor(-1.0))
        seen = standardized(on_other_machines(cine, self.overlays, generator))
        return seen, cavity_maps, torch.tensor(fractions, dtype=torch.float32)


def cavity_loss(logits: Tensor, cavities: Tensor) -> Tensor:
    """Cross-entropy of the shares of cells (N, T, s, s) that are cavity; frames of -1 tell nothing."""
    share = F.adaptive_avg_pool2d(cavities, (logits.shape[-2], logits.shape[-1]))
    known = share >= 0
    loss = F.binary_cross_entropy_with_logits(logits, share.clamp(0, 1), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1) * 4
