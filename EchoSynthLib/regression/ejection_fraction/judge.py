"""What a network of ejection fractions is worth on cines that it did not learn from (torch)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from EchoSynthLib.regression.ejection_fraction.batches import FractionLoss
from EchoSynthLib.regression.ejection_fraction.clips import Beats
from EchoSynthLib.regression.ejection_fraction.windows import Sampling

_PLAYS = 2
_MOST = 240
"""Beats that are judged."""


class Judge:
    """Beats that were not learned from, played and shown by chance, always the same."""

    def __init__(self, beats: Beats, sampling: Sampling, seed: int) -> None:
        source = FractionLoss(beats, sampling, "cpu", seed + 1)
        generator = torch.Generator().manual_seed(seed)
        rng = np.random.default_rng((seed, *b"judge"))
        chosen = rng.permutation(len(beats))[:_MOST].tolist() * _PLAYS
        batches = [source.played(chosen[at : at + 12], rng, generator) for at in range(0, len(chosen), 12)]
        self.cines = torch.cat([cine for cine, _, _ in batches])
        self.fractions = 100 * torch.cat([fraction for _, _, fraction in batches]).numpy().astype(np.float64)

    def figures(self, network: nn.Module, device: str) -> dict[str, float]:
        """Mean absolute error and the errors' standard deviation in percent, and the correlation."""
        errors = self.told(network, device) - self.fractions
        return {
            "mean absolute error, points": float(np.abs(errors).mean()),
            "standard deviation of the errors, points": float(errors.std()),
            "mean error, points": float(errors.mean()),
            "correlation": float(np.corrcoef(errors + self.fractions, self.fractions)[0, 1]),
        }

    @torch.inference_mode()
    def told(self, network: nn.Module, device: str) -> NDArray[np.float64]:
        """Percent of each cine."""
        network.eval()
        found = [network(part.to(device)).cpu() for part in self.cines.split(24)]
        return 100 * torch.cat(found).numpy().astype(np.float64)
