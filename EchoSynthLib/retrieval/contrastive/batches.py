"""Batches: some frames of both scans of some subjects, and how far each pair of windows shows the same (torch)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from EchoSynthLib.networks.resnet import standardized
from EchoSynthLib.retrieval.contrastive.scans import Scans
from EchoSynthLib.retrieval.second_scan import SecondScan
from EchoSynthLib.retrieval.windows import window_means

TAKEN = 10
"""Frames one after another that a batch takes of each scan."""
SHARES = {"hearts": 3, "muscles": 1, "sequences": 2, "patients": 6}
"""Subjects of each kind in a batch."""


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch of P and Q windows.

    Attributes:
        first, second: (N, 1, 64, 64), (M, 1, 64, 64) of mean 0 and variance 1.
        means: (P, N), (Q, M), what windows average.
        same: (P, Q) labels in [0, 1].
        within: (P, Q) whether both are of one subject.
    """

    first: Tensor
    second: Tensor
    means: tuple[Tensor, Tensor]
    same: Tensor
    within: Tensor

    def to(self, device: str) -> Batch:
        """The same on a device."""
        means = (self.means[0].to(device), self.means[1].to(device))
        return Batch(self.first.to(device), self.second.to(device), means, self.same.to(device), self.within.to(device))


class Batches:
    """Draws batches.

    Args:
        scans: by kind; what `SHARES` does not name, or is empty, is left out.
    """

    def __init__(self, scans: Mapping[str, Sequence[Scans]]) -> None:
        self.scans = {kind: scans[kind] for kind in SHARES if scans.get(kind)}

    def __call__(self, generator: Generator) -> Batch:
        """A batch, which depends on the generator alone."""
        rng = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        parts = [
            _part(pool[index], rng)
            for kind, pool in self.scans.items()
            for index in rng.choice(len(pool), min(SHARES[kind], len(pool)), replace=False)
        ]
        first, second, means, other_means, same = zip(*parts, strict=True)
        within = [np.ones_like(labels) for labels in same]
        return Batch(
            _pictures(first), _pictures(second), (_joined(means), _joined(other_means)), _joined(same),
            _joined(within) > 0,
        )  # fmt: skip


Part = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def _part(scans: Scans, rng: np.random.Generator) -> Part:
    """Frames of both scans of a subject, the windows of both, and labels."""
    if rng.random() < 0.5 and scans.second is not None:  # either may be the reference
        scans = Scans(scans.second, scans.first, scans.apart.T, scans.subject)
    near = int(rng.integers(len(scans.first)))
    rows = _around(near, len(scans.first), rng)
    columns = _around(int(scans.apart[near].argmin()), scans.apart.shape[1], rng)
    apart = scans.apart[np.ix_(rows, columns)]
    # Drawn scans differ by themselves; real ones have the first for their second, and are to differ as much.
    again, spread = (scans.first, 1.2) if scans.second is None else (scans.second, 0.6)
    first = _scanned(scans.first[rows], rng, 0.6)
    second = _scanned(again[columns], rng, spread)
    means = [window_means(len(rows), 5 if rng.random() < 0.5 else 1), window_means(len(columns), 5)]
    return first, second, means[0], means[1], np.exp(-(apart**2) / 2).astype(np.float32)


def _scanned(clip: NDArray[np.uint8], rng: np.random.Generator, spread: float) -> NDArray[np.uint8]:
    return SecondScan.drawn(rng, spread).of(clip, int(rng.integers(2**31)))


def _around(near: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Numbers of frames one after another, or of every second one, with `near` among them."""
    step = 2 if count >= 2 * TAKEN and rng.random() < 0.4 else 1
    taken = min(TAKEN, count)
    first = near - step * int(rng.integers(taken))
    start = min(max(0, first), count - 1 - step * (taken - 1))
    return start + step * np.arange(taken)


def _joined(blocks: Sequence[NDArray[np.float32]]) -> Tensor:
    """Along the diagonal, 0 elsewhere."""
    return torch.block_diag(*map(torch.from_numpy, blocks))


def _pictures(clips: Sequence[NDArray[np.uint8]]) -> Tensor:
    return standardized(torch.from_numpy(np.concatenate(clips))[:, None].float() / 255)
