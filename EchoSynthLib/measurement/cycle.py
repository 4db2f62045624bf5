"""End-diastole and end-systole of a cine and of its beats, from the size of the left ventricle over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.arguments import positive_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.rhythm import BEAT_MS, UNSURE, Folded, assumed_frame_time, folded, period_of

_WINDOW_MS = 210.0  # that is smoothed together: of a systole of 300 ms a parabola through it keeps the height
_LEAST_WINDOW = 5  # frames; a parabola through fewer smooths nothing
_MANY = 3  # windows that a cine of many frames has at least
_COARSE_MS = 60.0  # from frame to frame, beyond which a systole has too few frames to be smoothed
_OUTLIER = 0.25  # of the curve's range that a frame may stand off from its neighbors
_BEAT = 0.5  # of the curve's range that the area falls and rises in a beat, at least
_STANDS_OFF, _SIGMA_OF_MEDIAN = 4.0, 1.4826  # standard deviations; of one, over the median of what it deviates
_NEAR = 2  # frames on either side of an end
_ALLOWED = 0.08  # of the curve's range, by which smoothing alone may flatten an end
_FLATTENED = 0.15  # of the curve's range, by which smoothing flattens the ends of short beats, at most
_BEYOND_NOISE, _BEYOND_RANGE = 3.0, 0.03  # standard deviations, and of the curve's range: what may be chance
_CUT = 0.1  # of the curve's range that an end of the cine may stand off from the inner ends of beats, to be one itself


@dataclass(frozen=True)
class EndPoint:
    """One end of the cycle.

    Attributes:
        frame: its number, from 0.
        first, last: frames around it that cannot be told from it by the area.
    """

    frame: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Cycle:
    """Where a cine is fullest and emptiest.

    Attributes:
        beats: end-diastole and the end-systole after it, of each whole beat, in their order; of a cine without a whole
            one its fullest and its emptiest frame, in whatever order. Of a cine of few frames a beat that begins with
            an end-systole and ends with an end-diastole, each end-systole and the end-diastole after it.
        smoothed: (T,) the curve of sizes that told them.
        noise: standard deviation of the frames about it, in its unit.
        frame_time: milliseconds from frame to frame.
        assumed: whether that is what the heart would have at the usual rate, for none was given.
        period: frames from beat to beat; None where the cine holds no beat and a quarter.
        left_out: frames that have a cavity and take no part, for the others contradict them.
    """

    beats: tuple[tuple[EndPoint, EndPoint], ...]
    smoothed: NDArray[np.float64]
    noise: float
    frame_time: float = 0.0
    assumed: bool = True
    period: float | None = None
    left_out: tuple[int, ...] = ()

    def among(self, frames: Sequence[int], count: int) -> Cycle:
        """The cycle that was found in some frames of a cine, by the numbers that these have among all `count`."""
        smoothed = np.full(count, np.nan)
        smoothed[list(frames)] = self.smoothed

        def moved(end: EndPoint) -> EndPoint:
            return EndPoint(frames[end.frame], frames[end.first], frames[end.last])

        return replace(
            self,
            beats=tuple((moved(full), moved(empty)) for full, empty in self.beats),
            smoothed=smoothed,
            left_out=tuple(frames[index] for index in self.left_out),
        )

    @property
    def diastole(self) -> EndPoint:
        """End-diastole of the first beat."""
        return self.beats[0][0]

    @property
    def systole(self) -> EndPoint:
        """End-systole of the first beat."""
        return self.beats[0][1]


def find_cycle(sizes: ArrayLike, frame_time: float | None = None, broken: ArrayLike | None = None) -> Cycle:
    """End-diastole, the largest, and end-systole, the smallest cavity, of each beat of a cine.

    What is smoothed together is a time of the heart, not a number of frames. Up to 60 ms a frame, frames without a
    cavity and lone outliers are replaced by their neighbors, then the curve is smoothed with a parabola over 210 ms
    (Savitzky and Golay, Anal Chem 36:1627-1639, 1964), and frames within the noise of an extremum are told with it. At
    longer frame times a systole has a few frames, which neighbors can neither confirm nor refute: there the beats
    confirm each other (see `rhythm.folded`), and a cine whose beats are not alike is taken as it is. A beat is a fall
    of the curve by half of its range or more.

    Args:
        sizes: (T,) volume or area of the LV cavity in each frame; 0 or NaN where none was found.
        frame_time: milliseconds; None assumes a heart of 70 beats a minute.
        broken: (T,) whether a frame's cavity is known to be none of a heart's; it takes no part.

    Raises:
        InputError: fewer than two frames have a cavity, it is as large in all of them, or the frame time is no time.
    """
    values = np.asarray(sizes, dtype=np.float64)
    given = positive_number(frame_time, "frame_time", "milliseconds")
    found = np.isfinite(values) & (values > 0)
    known = found if broken is None else found & ~np.asarray(broken, dtype=bool)
    if known.sum() < 2:
        known = found
    if known.sum() < 2:
        raise InputError(
            f"End-diastole and end-systole need a left ventricle in two frames or more; {int(known.sum())} of "
            f"{len(values)} have one."
        )
    if np.ptp(values[known]) == 0:
        raise InputError(
            f"The left ventricle is as large in each of the {int(known.sum())} frames: none of them is end-diastole or "
            f"end-systole. Give frames of a beat, or measure a single frame."
        )
    filled = _filled(values, known)
    time = given or assumed_frame_time(filled)
    if time > _COARSE_MS:
        shared = folded(values, known, time)
        cycle, known = _coarse(values, known, shared)
        period = None if shared is None else shared.period
    else:
        cycle, known = _fine(values, known.copy(), _window(time))
        bounds = [limit / time for limit in BEAT_MS]
        period = period_of(filled, int(bounds[0]), bounds[1])
    left_out = tuple(np.flatnonzero(found & ~known).tolist())
    return replace(cycle, frame_time=time, assumed=given is None, period=period, left_out=left_out)


def _filled(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    frames = np.arange(len(values))
    return np.interp(frames, frames[known], values[known])


def _window(frame_time: float) -> int:
    """Frames that are smoothed together."""
    return max(_LEAST_WINDOW, 2 * round((_WINDOW_MS / frame_time - 1) / 2) + 1)


def _coarse(
    values: NDArray[np.float64], known: NDArray[np.bool_], shared: Folded | None
) -> tuple[Cycle, NDArray[np.bool_]]:
    """The cycle of a cine of few frames a beat, and which frames it rests on."""
    if shared is None:
        curve = _filled(values, known)
        noise = 0.0
    else:
        curve = shared.curve
        known = known & (shared.weights > UNSURE)
        noise = float(np.std((values - curve)[known]))
    judged = np.where(known, curve, np.nan)

    def end(frame: int, sign: int) -> EndPoint:
        return EndPoint(frame, *_alike(sign * (curve - curve[frame]) >= -noise, frame))

    emptying = _beats(judged)
    # Each end counts where there are few: from end-systole to end-diastole a ventricle fills by as much as it ejects.
    filling = [(full, empty) for empty, full in _beats(-judged)]
    found = filling if len(filling) > len(emptying) else emptying
    found = found or [(int(np.nanargmax(judged)), int(np.nanargmin(judged)))]
    return Cycle(tuple((end(full, 1), end(empty, -1)) for full, empty in found), curve, noise), known


def _fine(values: NDArray[np.float64], known: NDArray[np.bool_], window: int) -> tuple[Cycle, NDArray[np.bool_]]:
    """The cycle of a cine of many frames a beat, and which frames it rests on."""
    found = _ends(values, known, window)
    # What is measured at an end is measured in its frame alone: one that its neighbors contradict is none, nor may it
    # push the end aside.
    for _ in range(len(values) // _LEAST_WINDOW - 1):
        wrong = _standing_off(values, known, found)
        if wrong is None:
            break
        known[wrong] = False
        found = _ends(values, known, window)
    return found, known


def _ends(values: NDArray[np.float64], known: NDArray[np.bool_], window: int) -> Cycle:
    """The cycle in sizes (T,), of which some are known; the others are replaced by their neighbors."""
    filled = _filled(values, known)
    kept = _without_outliers(filled)
    smoothed = _smooth(kept, window)
    noise = float(np.std((filled - smoothed)[known]))
    # A frame that was filled in has no measurements of its own.
    judged = np.where(known, smoothed, np.nan)
    # Beyond the curve lies what a beat of few frames has for an end, for smoothing flattens it; farther off lie errors.
    trusted = known & (kept == filled) & (np.abs(filled - smoothed) <= _FLATTENED * np.ptp(smoothed))

    def end(frame: int, sign: int) -> EndPoint:
        first, last = _alike(sign * (smoothed - smoothed[frame]) >= -noise, frame)
        # Of frames that the curve cannot tell apart, one that is fuller or emptier by more than chance is the end.
        run = [index for index in range(first, last + 1) if trusted[index] or index == frame]
        farthest = max(run, key=lambda index: sign * values[index])
        beyond = sign * (values[farthest] - smoothed[frame]) > beyond_chance(smoothed, noise)
        if not beyond and len(values) >= _MANY * window:
            # That which errs least from the curve they share, for what is measured there is measured in one frame; of
            # few frames, smoothing flattens the curve by more than they err.
            farthest = min(run, key=lambda index: (abs(values[index] - smoothed[frame]), abs(index - frame)))
        elif not beyond:
            farthest = frame
        return EndPoint(farthest, first, last)

    found = _beats(judged) or [(int(np.nanargmax(judged)), int(np.nanargmin(judged)))]
    return Cycle(tuple((end(full, 1), end(empty, -1)) for full, empty in found), smoothed, noise)


def beyond_chance(smoothed: NDArray[np.float64], noise: float) -> float:
    """By how much the areas of two frames differ at most where chance may explain it."""
    span = float(np.nanmax(smoothed) - np.nanmin(smoothed))
    return max(_BEYOND_NOISE * noise, _BEYOND_RANGE * span)


def _standing_off(values: NDArray[np.float64], known: NDArray[np.bool_], cycle: Cycle) -> int | None:
    """The frame around an end of a beat that lies farthest within the curve, if that is farther than chance explains.

    What lies beyond the curve may be the end of a beat of few frames, which smoothing flattens.
    """
    off = np.where(known, values - cycle.smoothed, 0.0)
    usual = _SIGMA_OF_MEDIAN * float(np.median(np.abs(off[known])))
    within: dict[int, float] = {}
    for full, empty in cycle.beats:
        for end, sign in ((full, 1), (empty, -1)):
            for frame in range(max(0, end.frame - _NEAR), min(len(values), end.frame + _NEAR + 1)):
                within[frame] = max(within.get(frame, 0.0), -sign * float(off[frame]))
    farthest = max(within, key=lambda frame: within[frame])
    allowed = max(_STANDS_OFF * usual, _ALLOWED * float(np.ptp(cycle.smoothed)))
    return farthest if within[farthest] > allowed else None


def _beats(curve: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Frames of end-diastole and of the end-systole after it, of each whole beat; NaN where there was no cavity.

    A frame at either end of the cine counts only if the curve is there about as high or as low as it ever is: a beat
    that the cine cuts has no end-diastole or no end-systole to be measured at.
    """
    from scipy.signal import find_peaks

    known = np.flatnonzero(np.isfinite(curve))
    values = curve[known]
    low, high = values.min(), values.max()
    # Peaks lie within; beyond the ends the curve is taken to turn back.
    padded = np.concatenate([[low], values, [low]])
    peaks = find_peaks(padded, prominence=_BEAT * (high - low))[0] - 1
    tolerance = _CUT * (high - low)
    peaks = [peak for peak in peaks if 0 < peak < len(values) - 1 or values[peak] >= high - tolerance]
    found = []
    for peak, until in zip(peaks, [*peaks[1:], len(values)], strict=True):
        trough = peak + int(values[peak:until].argmin())
        cut = trough == len(values) - 1 and values[trough] > low + tolerance
        if not cut and values[peak] - values[trough] >= _BEAT * (high - low):
            found.append((int(known[peak]), int(known[trough])))
    return found


def _without_outliers(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.ndimage import median_filter

    if len(values) < _LEAST_WINDOW:
        return values
    neighbors = median_filter(values, _LEAST_WINDOW, mode="nearest")
    return np.where(np.abs(values - neighbors) > _OUTLIER * np.ptp(neighbors), neighbors, values)


def _smooth(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    from scipy.signal import savgol_filter

    window = min(window, len(values) - 1 + len(values) % 2)
    if window < _LEAST_WINDOW:
        return values
    return np.asarray(savgol_filter(values, window, polyorder=2, mode="interp"))


def _alike(near: Sequence[bool] | NDArray[np.bool_], frame: int) -> tuple[int, int]:
    """First and last of the unbroken run of marked frames around `frame`."""
    first = last = frame
    while first > 0 and near[first - 1]:
        first -= 1
    while last + 1 < len(near) and near[last + 1]:
        last += 1
    return first, last
