"""One frame to a beating heart: what every system of the kind `animation` answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.arguments import number_within, number_within_or_none, real_number, whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Progress, Spacing

FRAMES = (2, 1000)
BEATS = (1, 20)
HEART_RATES = (20.0, 250.0)
"""Per minute."""
FRAME_RATES = (1.0, 1000.0)
"""Per second."""
EJECTION_FRACTIONS = (1.0, 90.0)
"""Percent."""

FIRST_PHASE, LAST_PHASE = 0.0, 1.0
END_DIASTOLE, END_SYSTOLE, UNTOLD = "ED", "ES", "auto"
PHASES = (END_DIASTOLE, END_SYSTOLE, UNTOLD)
"""What a given frame may show besides a number from 0, end-diastole, up to the next one at 1."""


class Asked(TypedDict):
    """What is asked of a beat, in range; as `Animator` takes it."""

    ejection_fraction: float | None
    frames: int
    beats: int
    heart_rate: float
    frame_rate: float | None
    phase: str | float
    seed: int


def asked_of_beat(
    *, ejection_fraction: Any, frames: Any, beats: Any, heart_rate: Any, frame_rate: Any, phase: Any, seed: Any
) -> Asked:
    """The arguments of a beat, checked.

    Raises:
        InputError: one is not what it may be.
    """
    fraction = number_within_or_none(ejection_fraction, "ejection_fraction", "percent", EJECTION_FRACTIONS)
    return {
        "ejection_fraction": fraction,
        "frames": whole_number(frames, "frames", *FRAMES),
        "beats": whole_number(beats, "beats", *BEATS),
        "heart_rate": number_within(heart_rate, "heart_rate", "beats per minute", HEART_RATES),
        "frame_rate": number_within_or_none(frame_rate, "frame_rate", "frames per second", FRAME_RATES),
        "phase": check_phase(phase),
        "seed": whole_number(seed, "seed", 0),
    }


def check_phase(phase: Any) -> str | float:
    """One of `PHASES`, in any case, or a number from 0 up to 1, where the next beat begins; 1 itself is its 0.

    Raises:
        InputError: it is none.
    """
    if isinstance(phase, str):
        named = next((name for name in PHASES if name.casefold() == phase.strip().casefold()), None)
        if named is not None:
            return named
    number = real_number(phase)
    if not FIRST_PHASE <= number <= LAST_PHASE:
        raise InputError(
            f"phase is {', '.join(PHASES)}, or a part of the beat from {FIRST_PHASE:g}, end-diastole, to "
            f"{LAST_PHASE:g}; given was {phase!r:.120}."
        )
    return number % LAST_PHASE


@dataclass(frozen=True, eq=False)
class Animation:
    """A heart that beats.

    Attributes:
        cine: (T, H, W) uint8, row 0 at the transducer.
        label_maps: (T, H, W) uint8 in CAMUS codes, what each frame shows.
        displacement: of t, the (2, H, W) float32 in pixels, (row, column), by which x of frame t lies at x + u(x) in
            the given frame, computed as it is asked for; None where motion is not known.
        times_ms: (T,), of the frames from the first one.
        ed, es: numbers of the frames at end-diastole and end-systole of the first beat.
        made: what else the record says: how it was made.
    """

    cine: NDArray[np.uint8]
    label_maps: NDArray[np.uint8]
    displacement: Callable[[int], NDArray[np.float32]] | None
    times_ms: NDArray[np.float64]
    ed: int
    es: int
    made: dict[str, Any] = field(default_factory=dict)


class Animator(Protocol):
    """A pipeline that makes a heart beat."""

    def __call__(
        self,
        image: NDArray[np.uint8] | None,
        label_map: NDArray[np.uint8],
        *,
        view: str,
        spacing: Spacing | None,
        ejection_fraction: float | None,
        frames: int,
        beats: int,
        heart_rate: float,
        frame_rate: float | None,
        phase: str | float,
        seed: int,
        progress: Progress | None = None,
        **options: Any,
    ) -> Animation:
        """The heart of one frame, beating.

        Args:
            image: (H, W) uint8; None where the heart is to be drawn.
            label_map: (H, W) uint8 in CAMUS codes, on the image's grid, with a cavity and a wall.
            view: '2CH' or '4CH'.
            spacing: (row, column) mm, where known.
            ejection_fraction: percent, of volumes by discs; None as such a heart would have it.
            frames: T, of the whole cine.
            beats: that the frames are spread over, where no frame rate is given.
            heart_rate: beats per minute.
            frame_rate: frames per second, or None.
            phase: of the beat that the given frame shows: one of `PHASES`, or a number from 0 to 1.
            seed: of everything random.
            progress: progress(done, total, message) after each step; may raise `Cancelled`.
            options: those that its row in `systems.SYSTEMS` names.

        Raises:
            InputError: the heart cannot be made to beat: no sector is seen, or its shape is none that moves.
        """
        ...
