"""A strain curve and what is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.strain.beat import Beat

_DIGITS = 3  # of percents in records
_LEAST = 1.0  # %: of a smaller peak the share of anything is chance


@dataclass(frozen=True, eq=False)
class StrainCurve:
    """Strain of the whole contour or of a segment over the frames, in %; the terms are those of Voigt et al. 2015.

    A segment that only stretches has a peak of 0, at end-diastole, and an end-systolic strain of the other sign.

    Attributes:
        values: (T,) strain at each frame; NaN where it was not tracked.
        end_systolic: at end-systole.
        peak_systolic: of shortening, for radial strain of thickening, from end-diastole to end-systole.
        peak: the same in the whole beat.
        time_to_peak_ms: from end-diastole to `peak`; None without a frame time, or where the beat's start is not seen.
        post_systolic_index: (peak - end-systolic) / peak in %, how much of the shortening comes after end-systole;
            None where the peak is smaller than 1 %, or nothing after end-systole is seen.
    """

    values: NDArray[np.float64]
    end_systolic: float
    peak_systolic: float
    peak: float
    time_to_peak_ms: float | None
    post_systolic_index: float | None

    @classmethod
    def of(cls, values: NDArray[np.float64], beat: Beat, sign: int, frame_time: float | None) -> StrainCurve:
        """What a curve (T,) tells.

        Args:
            values: in %.
            beat: whose it is.
            sign: -1 where muscle at work has a negative strain (longitudinal), 1 where a positive one (radial).
            frame_time: milliseconds.
        """
        at_end = float(values[beat.end_systole])
        systolic, peak = (_peak(values, part, sign) for part in (beat.systole, beat.whole))
        highest = float(values[peak])
        timed = frame_time is not None and not beat.runs_backwards
        seen_after = not beat.runs_backwards and beat.end > beat.end_systole + 1
        return cls(
            values=values,
            end_systolic=at_end,
            peak_systolic=float(values[systolic]),
            peak=highest,
            time_to_peak_ms=(peak - beat.end_diastole) * frame_time if timed and frame_time and highest else None,
            post_systolic_index=100 * (1 - at_end / highest) if seen_after and abs(highest) >= _LEAST else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; frames without a value are null."""
        told = {name: value for name, value in vars(self).items() if name != "values"}
        rounded = {name: None if value is None else round(value, _DIGITS) for name, value in told.items()}
        return {**rounded, "values": as_list(self.values)}


def as_list(values: NDArray[np.float64], digits: int = _DIGITS) -> list[float | None]:
    """JSON-able: what is not known is null."""
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]


def _peak(values: NDArray[np.float64], part: slice, sign: int) -> int:
    return part.start + int(np.nanargmax(sign * values[part]))
