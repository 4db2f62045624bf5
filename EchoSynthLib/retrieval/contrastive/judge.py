"""What retrieval is worth: pairs told apart as in the paper, and how often the right frame is found (numpy)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.evaluation.roc import area_under_roc
from EchoSynthLib.retrieval.baselines import zero_mean_correlation
from EchoSynthLib.retrieval.contrastive.scans import Scans
from EchoSynthLib.retrieval.windows import best_frames, window_means

WITHIN = 2
"""Frames from the right one that count as right; a negative pair lies farther off."""
_PLANES = 4
"""Of each subject, evenly over the sweep, that are looked for."""
_NEGATIVES = 6
"""Of each kind for each plane."""
_PARTNER = 1.0
"""Distance, in those at which two frames still show the same, within which the right frame lies; a plane that the
second scan does not reach is not looked for."""


class Scorer(Protocol):
    """Two clips to a table of scores, higher for what is alike."""

    def __call__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(T, side, side) and (S, side, side) to (T, S)."""
        ...


def by_correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Zero-mean normalized cross-correlation of frames."""
    return np.stack([zero_mean_correlation(frame, second) for frame in first])


class ByPipeline:
    """The scores of a `ContrastivePipeline`, windows of five frames on both sides."""

    def __init__(self, pipeline: object) -> None:
        self.pipeline = pipeline

    def __call__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(T, side, side) and (S, side, side) to (T, S) in [0, 1]."""
        pipeline = self.pipeline
        a, b = (window_means(len(clip)) @ pipeline.embedded_seen(clip) for clip in (first, second))  # type: ignore[attr-defined]
        return np.stack([pipeline.likeness(one, b) for one in a])  # type: ignore[attr-defined]


def pair_scores(scorer: Scorer, scans: Sequence[Scans], seed: int = 0) -> tuple[NDArray, NDArray]:
    """Scores of matching and of other pairs, built as the paper builds them, subject for patient and leg.

    Matching: a plane and the right frame of the second scan. Others: the plane and frames of the second scan more than
    two off; the plane and frames of another subject; the planes of two subjects at the same place of their sweeps;
    any frames of two subjects.
    """
    rng = np.random.default_rng((seed, *b"pairs"))
    same, other = [], []
    for index, one in enumerate(scans):
        next_one = scans[(index + 1) % len(scans)]
        second, strange = _second(one, rng), _second(next_one, rng)
        within, across = scorer(one.first, second), scorer(one.first, strange)
        for plane in _planes(one):
            right = int(one.apart[plane].argmin())
            same.append(within[plane, right])
            far = np.flatnonzero(np.abs(np.arange(len(second)) - right) > WITHIN)
            other += within[plane, _some(far, rng)].tolist()
            other += across[plane, _some(np.arange(len(strange)), rng)].tolist()
            other.append(across[plane, int(next_one.apart[min(plane, len(next_one.apart) - 1)].argmin())])
            other += across[rng.integers(len(across), size=_NEGATIVES), _some(np.arange(len(strange)), rng)].tolist()
    return np.array(same), np.array(other)


def frame_errors(scorer: Scorer, scans: Sequence[Scans], seed: int = 0, every: bool = False) -> NDArray[np.int64]:
    """Frames from the right one of the second scan to the one that is found, of some planes of each subject or all."""
    rng = np.random.default_rng((seed, *b"found"))
    errors = []
    for one in scans:
        scores = scorer(one.first, _second(one, rng))
        for plane in range(len(one.first)) if every else _planes(one):
            errors.append(abs(best_frames(scores[plane])[0] - int(one.apart[plane].argmin())))
    return np.array(errors, np.int64)


def figures(scorer: Scorer, held: dict[str, Sequence[Scans]], name: str = "") -> dict[str, float]:
    """All of it by kind of subject; `name` stands before each figure."""
    found: dict[str, float] = {}
    for kind, scans in held.items():
        if not scans:
            continue
        if kind in ("hearts", "muscles"):
            found[f"{name}{kind}, area under the ROC"] = area_under_roc(*pair_scores(scorer, scans))
            errors = frame_errors(scorer, scans)
            found[f"{name}{kind}, best frame within 2"] = float(np.mean(errors <= WITHIN))
        else:
            errors = frame_errors(scorer, scans, every=True)
            found[f"{name}{kind}, best frame within 1"] = float(np.mean(errors <= 1))
    return found


def _second(one: Scans, rng: np.random.Generator) -> NDArray[np.uint8]:
    return one.scanned_again(rng)


def _planes(one: Scans) -> list[int]:
    spread = np.linspace(0, len(one.first) - 1, _PLANES + 2)[1:-1].round().astype(int)
    return [int(plane) for plane in spread if one.apart[plane].min() <= _PARTNER]


def _some(among: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.choice(among, _NEGATIVES, replace=len(among) < _NEGATIVES)
