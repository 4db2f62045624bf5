"""A cine's beats in time: their period, and the curve that all beats of few frames share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BEAT_MS = (300.0, 2000.0)
"""Shortest and longest beat that is looked for: 200 and 30 a minute."""
USUAL_BEAT_MS = 857.0
"""Of a heart that beats 70 times a minute; a cine whose frame time is not known is taken for as fast."""

_HARMONICS = 3
UNSURE = 0.15
"""Weight of a frame that its beat's other frames and the other beats contradict."""
_WHOLE = 1.3  # periods that a cine holds at least for them to be told
_FEWEST = 8  # frames, for a curve of `_HARMONICS`
_FEWEST_A_BEAT = 4
_FEWEST_ALIKE = 3  # frames that have one a period later, by which a beat is known to come again
_STEPS = 24  # periods that are tried, in each doubling of the period
_STIFFNESS = 0.02  # by which a harmonic's amplitude costs, with the fourth power of its number
_LEAST_NOISE = 0.03  # of the size, its logarithm: what segmenting a frame anew differs by
_CAPPED = 0.2  # the same, beyond which a frame that stands off costs no more
_FRAMES = 16  # of a cine, to which that cost is related
_ROUNDS = 4  # of weighing frames by how far they stand off
_TOLD = 0.5  # of the variance that the beats share, at least
_ALIKE = 0.4  # squared difference of the size one period apart, over that of two frames taken at random


@dataclass(frozen=True, eq=False)
class Folded:
    """The curve of a cine whose beats are alike.

    Attributes:
        period: frames from beat to beat; need not be whole.
        curve: (T,) size that the beats share, in each frame.
        weights: (T,) 0 to 1, how far each frame bears it out.
    """

    period: float
    curve: NDArray[np.float64]
    weights: NDArray[np.float64]


def assumed_frame_time(values: NDArray[np.float64]) -> float:
    """Milliseconds from frame to frame of sizes (T,), if the heart beats at the usual rate.

    Beats are counted by how the sizes come back to what they were; a cine in which they do not is taken for one beat.
    """
    return USUAL_BEAT_MS / (period_of(values) or len(values))


def period_of(values: NDArray[np.float64], shortest: int = 1, longest: float = np.inf) -> int | None:
    """Frames after which sizes (T,) come back to what they were, by their autocorrelation; None for no whole beat.

    The first lag at which the squared difference of frames so far apart is smallest, after it has been as large as
    that of frames taken at random.
    """
    count, chance = len(values), 2 * float(np.var(values))
    if count < _FEWEST or chance == 0:
        return None
    lags = range(1, int(count / _WHOLE) + 1)
    unlike = np.array([np.square(values[lag:] - values[:-lag]).mean() for lag in lags]) / chance
    apart = np.flatnonzero(unlike >= 1)
    if not apart.size:
        return None
    for at in range(apart[0] + 1, len(unlike) - 1):
        smallest = unlike[at] <= unlike[at - 1] and unlike[at] < unlike[at + 1]
        if unlike[at] <= _ALIKE and smallest and shortest <= at + 1 <= longest:
            return at + 1
    return None


def folded(values: NDArray[np.float64], known: NDArray[np.bool_], frame_time: float) -> Folded | None:
    """The curve that the beats of a cine share, from sizes (T,) of which some are known; None where they share none.

    Harmonics of a period are laid through the logarithms, for all periods that hearts have, and the best kept: where
    a beat has few frames, those of the others are what makes a wrong one known (a periodogram by least squares: Lomb,
    Astrophysics and Space Science 39:447-462, 1976; weights: Cauchy's, Holland and Welsch, Communications in
    Statistics 6:813-827, 1977).
    """
    count = len(values)
    if known.sum() < _FEWEST:
        return None
    first = max(_FEWEST_A_BEAT, BEAT_MS[0] / frame_time)
    last = min(count / _WHOLE, BEAT_MS[1] / frame_time)
    if last < first:
        return None
    sizes = np.log(np.where(known, values, 1.0))
    best = _best_fit(sizes, known, _periods(first, last))
    weights = best.weights
    spread = np.square(sizes - np.average(sizes, weights=weights))
    left = np.square(sizes - best.curve)
    if (weights * left).sum() > (1 - _TOLD) * (weights * spread).sum() or not _comes_back(sizes, best):
        return None
    return Folded(best.period, np.exp(best.curve), weights)


def _comes_back(sizes: NDArray[np.float64], fit: Folded) -> bool:
    """Whether sizes (T,) one period apart are alike, and not only laid through by a curve that is free between them."""
    frames = np.arange(len(sizes))
    bears = fit.weights > UNSURE
    later = frames + fit.period
    both = bears & (later <= frames[-1])
    if bears.sum() < _FEWEST_A_BEAT or both.sum() < _FEWEST_ALIKE:
        return False
    apart = np.interp(later[both], frames[bears], sizes[bears]) - sizes[both]
    return float(np.square(apart).mean()) <= 2 * _ALIKE * float(np.var(sizes[bears]))


def _periods(first: float, last: float) -> NDArray[np.float64]:
    number = max(2, int(np.ceil(_STEPS * np.log2(last / first))) + 1)
    return np.geomspace(first, last, number)


def _best_fit(sizes: NDArray[np.float64], known: NDArray[np.bool_], periods: NDArray[np.float64]) -> Folded:
    """The logarithms' curve (T,) of the period that costs least, all of them laid through at once."""
    numbers = np.arange(1, _HARMONICS + 1)
    turns = 2 * np.pi * np.arange(len(sizes))[None, :, None] * numbers / periods[:, None, None]
    shapes = np.concatenate([np.ones((*turns.shape[:2], 1)), np.cos(turns), np.sin(turns)], axis=2)
    stiff = np.array([1e-9, *np.tile(numbers**4.0, 2) * _STIFFNESS * len(sizes) / _FRAMES])
    weights = np.tile(known.astype(np.float64), (len(periods), 1))
    for _ in range(_ROUNDS):
        weighted = shapes.transpose(0, 2, 1) * weights[:, None, :]
        parts = np.linalg.solve(weighted @ shapes + np.diag(stiff), (weighted @ sizes)[..., None])[..., 0]
        curves = (shapes @ parts[..., None])[..., 0]
        off = sizes - curves
        noise = np.maximum(1.4826 * np.median(np.abs(off[:, known]), axis=1), _LEAST_NOISE)
        weights = known / (1 + np.square(off / (2 * noise[:, None])))
    cost = np.minimum(np.square(off[:, known]), _CAPPED**2).sum(axis=1) + (stiff * parts**2).sum(axis=1)
    best = int(cost.argmin())
    return Folded(float(periods[best]), curves[best], weights[best])
