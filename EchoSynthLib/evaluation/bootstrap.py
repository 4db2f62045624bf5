"""How far a mean is to be trusted: the bootstrap, over patients and not over frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Interval:
    """A mean and the limits between which it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


def bootstrap_over_patients(
    values: ArrayLike, patients: ArrayLike, seed: int = 0, bootstraps: int = BOOTSTRAPS
) -> Interval:
    """Mean of one value a frame, with the 95 % percentile interval (Efron & Tibshirani 1993, ch. 13).

    Patients are drawn with replacement, each with all its frames, for the frames of one patient are alike.

    Args:
        values: (N,), one a frame.
        patients: (N,), whose each frame is.
        seed: of the draws.
        bootstraps: how many means are drawn.
    """
    from scipy.stats import bootstrap

    frames = np.asarray(values, np.float64)
    _, index = np.unique(np.asarray(patients), return_inverse=True)
    of_patient = np.bincount(index, frames), np.bincount(index)
    mean = float(frames.mean())
    if len(of_patient[0]) < 2:
        # Whoever is drawn is that one patient again.
        return Interval(mean, mean, mean)
    drawn = bootstrap(
        of_patient, _mean_of_frames, paired=True, n_resamples=bootstraps, method="percentile",
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return Interval(mean, float(drawn.confidence_interval.low), float(drawn.confidence_interval.high))


def _mean_of_frames(sums: NDArray[np.float64], counts: NDArray[np.int64], axis: int = -1) -> NDArray[np.float64]:
    return np.asarray(sums.sum(axis=axis) / counts.sum(axis=axis))


def accuracy_of_subsets(
    right: NDArray[np.bool_], seed: int = 0, rounds: int = 1000, share: float = 0.8
) -> dict[str, float]:
    """Mean, median and standard deviation of the accuracy over random subsets of the test frames.

    As Stojanovski et al. 2024 (arXiv 2409.19371) report it: 1000 rounds of 80 % of the test set.

    Args:
        right: (N,), whether a frame's class was told right.
        seed: of the subsets.
        rounds, share: how many subsets, and which share of the frames each holds, drawn without replacement.
    """
    rng = np.random.default_rng(seed)
    size = max(1, round(share * len(right)))
    found = np.array([rng.permutation(right)[:size].mean() for _ in range(rounds)])
    return {"mean": float(found.mean()), "median": float(np.median(found)), "std": float(found.std())}
