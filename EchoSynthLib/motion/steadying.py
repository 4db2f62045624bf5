"""Motion over time: steady where registrations of single frames tremble, and closed where a beat closes."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

WINDOW_MS = 40.0
"""Standard deviation of the window in which a parabola is laid through each point's way. It leaves 99 % of what beats
three times a second and 85 % at six; of the trembling from frame to frame, at 20 ms a frame, it leaves a third."""
LEAST_WINDOW = 0.5
"""Frames; a narrower window holds one frame."""
ASSUMED_FRAME_TIME_MS = 33.0
"""Where none is known: that of clips at the commonest video rate."""
TIGHT = 10.0
"""Weight of the reference frame, where the motion is known to be 0, among the others."""
ALIKE = 0.4
"""Squared difference of the motion one period apart, over that of two frames taken at random."""
CLOSED = 0.12
"""The same, where the cine ends as the period does, so that nothing shows it growing again."""


def steadied(
    fields: NDArray[np.float32], reference: int, frame_time: float | None, blank: Collection[int] = ()
) -> NDArray[np.float32]:
    """The motion (T, ...) with each point's way smoothed in time, and put between its neighbors in `blank` frames.

    Before the first and after the last frame that shows something the motion stays as it is there: a parabola would
    carry points out of the picture.

    By local regression: a parabola under a Gaussian window, which keeps the height of systole that a mean would lower
    (Savitzky and Golay, Anal Chem 36:1627-1639, 1964; Cleveland, J Am Stat Assoc 74:829-836, 1979). In the reference
    frame the motion stays 0.

    Args:
        frame_time: milliseconds; None takes `ASSUMED_FRAME_TIME_MS`.
    """
    window = WINDOW_MS / (frame_time or ASSUMED_FRAME_TIME_MS)
    weights = smoothing_weights(len(fields), reference, window, blank)
    return np.tensordot(weights, fields, axes=1).astype(np.float32)


def smoothing_weights(count: int, reference: int, window: float, blank: Collection[int] = ()) -> NDArray[np.float64]:
    """(T, T) weights by which the motion of all frames makes the smoothed one of each; `window` in frames."""
    known = np.ones(count)
    known[list(blank)] = 0
    known[reference] = TIGHT
    weights = np.eye(count)
    shown = np.flatnonzero(known)
    within = range(shown[0], shown[-1] + 1)
    for frame in within:
        if frame == reference or (window < LEAST_WINDOW and frame not in blank):
            continue
        weights[frame] = _parabola(np.arange(count) - frame, known, max(window, LEAST_WINDOW))
    weights[: within.start], weights[within.stop :] = weights[within.start], weights[within.stop - 1]
    return weights


def _parabola(times: NDArray[np.int_], known: NDArray[np.float64], window: float) -> NDArray[np.float64]:
    """Weights of the values at `times` in the value at 0 of a parabola through them; of a line where few are near."""
    while True:
        near = known * np.exp(-0.5 * np.square(times / window))
        degree = min(2, int((near > 1e-3).sum()) - 1)
        if degree >= 1:
            break
        window *= 2  # a run of blank frames is wider than the window
    powers = np.vander(times.astype(np.float64), degree + 1, increasing=True)
    return np.asarray(np.linalg.solve(powers.T @ (near[:, None] * powers), powers.T * near)[0])


def period_of(fields: NDArray[np.floating]) -> int | None:
    """Frames after which the motion (T, ...) comes back to what it was; None where the cine holds no whole beat.

    The first lag at which the squared difference of frames so far apart is smallest, after it has been as large as
    that of frames taken at random.
    """
    ways = fields.reshape(len(fields), -1)
    chance = 2 * float(ways.var(axis=0).sum())
    if len(fields) < 4 or chance == 0:
        return None
    unlike = np.array([np.square(ways[lag:] - ways[:-lag]).sum(axis=1).mean() for lag in range(1, len(ways))]) / chance
    apart = np.flatnonzero(unlike >= 1)
    if not apart.size:
        return None
    for at in range(apart[0] + 1, len(unlike) - 1):
        if unlike[at] <= ALIKE and unlike[at] <= unlike[at - 1] and unlike[at] < unlike[at + 1]:
            return at + 1
    return len(unlike) if unlike[-1] <= min(CLOSED, unlike[-2]) else None


def closures(count: int, reference: int, period: int) -> list[int]:
    """The frames a whole number of periods before and after the reference."""
    return [frame for frame in range(reference % period, count, period) if frame != reference]


def without_drift(
    fields: NDArray[np.float32], reference: int, errors: dict[int, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """The motion (T, ...) less what it is wrong by at closures, between which the error grows evenly with time."""
    known = sorted([reference, *errors])
    at = np.stack([errors.get(frame, np.zeros_like(fields[0])) for frame in known])
    # Of each frame, how much it has of the error at each known one.
    shares = np.stack([np.interp(np.arange(len(fields)), known, one) for one in np.eye(len(known))], axis=1)
    return fields - np.tensordot(shares, at, axes=1).astype(np.float32)
