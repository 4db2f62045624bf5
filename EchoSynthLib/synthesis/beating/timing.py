"""When each frame of a cine is: beats of slightly different length, and the phases of their frames.

A frame is moved by up to half the time between frames onto end-systole, and onto the phase of the given frame: the
smallest cavity is then among the frames, and so is the picture that all others are made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.volume_curve import Beat

VARIATION = 0.03
"""Standard deviation of a beat's length over its mean: at rest, some 20 to 30 ms of 850 (Task Force of the ESC and
NASPE, Circulation 93:1043-1065, 1996, whose SDNN of five minutes is larger by what the mean drifts)."""
_LARGEST_VARIATION = 2.5  # standard deviations
_SAME_PHASE = 1e-6


@dataclass(frozen=True, eq=False)
class Timing:
    """The moments of T frames.

    Attributes:
        times_ms: (T,) from the first frame on.
        phases: (T,) of the beat that each frame is in, 0 at end-diastole, below 1.
        emptied: (T,) the part of the stroke volume that is out of the ventricle.
        loop: (T,) of the second mode, see `loop_of`.
        mitral_opening: (T,) how far the mitral valve is open, 0 to 1.
        ed, es: frames of the first beat: the fullest one and the emptiest one.
        given: the frame at the phase of the given one; -1 where the cine has none.
        given_opening: how far the mitral valve is open in the given frame.
    """

    times_ms: NDArray[np.float64]
    phases: NDArray[np.float64]
    emptied: NDArray[np.float64]
    loop: NDArray[np.float64]
    mitral_opening: NDArray[np.float64]
    ed: int
    es: int
    given: int
    given_opening: float

    @classmethod
    def of(
        cls, frames: int, beats: int, heart_rate: float, frame_rate: float | None, given_phase: float, seed: int
    ) -> Timing:
        """The moments of a cine that begins at end-diastole.

        Args:
            frames: T.
            beats: over which they are spread evenly, where there is no frame rate; the frame after the last one would
                be the first again.
            heart_rate: 1/min, of which the beats' mean length follows. One beat alone has exactly this length.
            frame_rate: frames for each second, where the beats shall be as many as T frames take.
            given_phase: of the given frame, 0 to 1.
            seed: of the beats' lengths.
        """
        mean = 60_000 / heart_rate
        step = beats * mean / frames if frame_rate is None else 1000 / frame_rate
        times = step * np.arange(frames, dtype=np.float64)
        needed = beats if frame_rate is None else int(np.ceil(times[-1] / mean * 1.3)) + 1
        lengths = beat_lengths(needed, mean, seed, whole=frame_rate is None)
        starts = np.concatenate([[0.0], np.cumsum(lengths)])
        beat = np.clip(np.searchsorted(starts, times + _SAME_PHASE, side="right") - 1, 0, needed - 1)
        phases = np.clip((times - starts[beat]) / lengths[beat], 0.0, np.nextafter(1.0, 0.0))
        curves = [Beat.at(60_000 / length) for length in lengths]
        # A beat that is longer has its end-systole at a smaller phase, and the given frame with it.
        usual = (0.0, Beat.at(heart_rate).aortic_closing, 1.0)
        shown = [np.interp(given_phase, usual, (0.0, curve.aortic_closing, 1.0)) for curve in curves]
        wanted = [(curve.aortic_closing, phase) for curve, phase in zip(curves, shown, strict=True)]
        for number, length in enumerate(lengths):
            for phase in wanted[number][::-1]:  # end-systole has the last word
                _move_onto(phases, beat == number, phase, step / length)
        emptied, loop, opening = (np.zeros(frames) for _ in range(3))
        for number, curve in enumerate(curves):
            own = beat == number
            emptied[own] = curve.emptied(phases[own])
            loop[own] = loop_of(curve, phases[own])
            opening[own] = curve.mitral_open(phases[own])
        first = np.flatnonzero(beat == 0)
        there = first[np.abs(phases[first] - shown[0]) < _SAME_PHASE]
        return cls(
            times,
            np.asarray(phases, np.float64),
            emptied,
            loop,
            opening,
            ed=int(first[emptied[first].argmin()]),
            es=int(first[emptied[first].argmax()]),
            given=int(there[0]) if len(there) else -1,
            given_opening=float(curves[0].mitral_open(np.array(shown[0]))),
        )


def loop_of(beat: Beat, phases: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much fuller the atrium is than a ventricle of such a volume lets expect; 0 at both ends of the stroke.

    The filling of the atrium less what is out of the ventricle, both from 0 to 1, and less of that as much as there is
    of it at end-systole, in the measure of what is out.
    """
    emptied = beat.emptied(phases)
    at_end = float(beat.filled(beat.aortic_closing)) - 1.0
    return np.asarray(beat.filled(phases) - emptied - at_end * emptied, np.float64)


def beat_lengths(count: int, mean: float, seed: int, *, whole: bool) -> NDArray[np.float64]:
    """(count,) lengths of beats in the unit of their mean; `whole`: together they last as long as beats of the mean."""
    chance = np.random.default_rng((seed, *b"beats")).standard_normal(count)
    lengths = mean * (1 + VARIATION * np.clip(chance, -_LARGEST_VARIATION, _LARGEST_VARIATION))
    return lengths * (count * mean / lengths.sum()) if whole else lengths


def _move_onto(phases: NDArray[np.float64], own: NDArray[np.bool_], phase: float, step: float) -> None:
    """Moves the frame of a beat that is nearest to a phase onto it, where one is within half a step; never the first.

    A step is the time between frames in beats.
    """
    places = np.flatnonzero(own)
    if not len(places):
        return
    nearest = places[np.abs(phases[places] - phase).argmin()]
    if abs(phases[nearest] - phase) <= step / 2 + _SAME_PHASE and not (nearest == 0 and phase > _SAME_PHASE):
        phases[nearest] = phase
