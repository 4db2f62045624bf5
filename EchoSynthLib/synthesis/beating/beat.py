"""The motion of one given frame through the frames of a cine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.deformation import compose
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.anatomy.labels import check_label_map, check_spacing
from EchoSynthLib.arguments import number_within
from EchoSynthLib.synthesis.animation import END_DIASTOLE, END_SYSTOLE, UNTOLD, asked_of_beat
from EchoSynthLib.synthesis.beating.amplitude import Course, Mover, stroke
from EchoSynthLib.synthesis.beating.field import FINE, Field, HeartGrid, integrated
from EchoSynthLib.synthesis.beating.generator import MotionGenerator, Sight
from EchoSynthLib.synthesis.beating.timing import Timing, loop_of
from EchoSynthLib.types import LabelMap, Spacing

TEMPERATURE = 0.5
"""How much of what hearts of one shape differ by a seed has: 0 is the mean motion, 1 all of it."""
TYPICAL = 0
"""The seed of the mean motion, which is what a caller gets who asks for no seed; all others draw one."""


@dataclass(frozen=True, eq=False)
class HeartBeat:
    """The motion of one given frame through T frames.

    Attributes:
        grid: of the given frame's heart.
        velocity: (2, *GRID) towards end-systole.
        second: (2, *GRID) velocity of the second mode in time, which the volume has no part in.
        amounts: (T,) how far along the velocity each frame lies from the given one.
        given_loop: of the second mode in the given frame; those of the frames are `timing.loop`.
        timing: of the frames.
        emptied: the part of the stroke volume that is out in the given frame: 0 at end-diastole, 1 at end-systole.
        volume: (T,) of the left ventricle, 1 at end-diastole.
        ejection_fraction: percent, by discs of the moved label maps at end-diastole and end-systole.
        asked: percent, what was wished; None where the heart was free.
        reached: whether that was met to half a point; True where the heart was free.
    """

    grid: HeartGrid
    velocity: Field
    second: Field
    amounts: NDArray[np.float64]
    given_loop: float
    timing: Timing
    emptied: float
    volume: NDArray[np.float64]
    ejection_fraction: float
    asked: float | None
    reached: bool

    @property
    def phases(self) -> NDArray[np.float64]:
        """(T,) of the beat, 0 at end-diastole."""
        return self.timing.phases

    @property
    def times_ms(self) -> NDArray[np.float64]:
        """(T,) from the first frame on."""
        return self.timing.times_ms

    @property
    def mitral_opening(self) -> NDArray[np.float64]:
        """(T,) how far the mitral valve is open, 0 to 1."""
        return self.timing.mitral_opening

    @property
    def ed(self) -> int:
        """Frame of the first beat at end-diastole."""
        return self.timing.ed

    @property
    def es(self) -> int:
        """Frame of the first beat at end-systole."""
        return self.timing.es

    @property
    def given(self) -> int:
        """Frame that is the given one; -1 where the cine has none."""
        return self.timing.given

    @property
    def given_opening(self) -> float:
        """How far the mitral valve is open in the given frame, 0 to 1."""
        return self.timing.given_opening

    @property
    def given_volume(self) -> float:
        """Of the left ventricle in the given frame, 1 at end-diastole."""
        return 1 - self.ejection_fraction / 100 * self.emptied

    def displacement(self, t: int) -> Field:
        """(2, H, W) in pixels: what lies at x in frame t lies at x + u(x) in the given frame."""
        return self.grid.displacement(self.on_heart_grid(t))

    def inverse(self, t: int) -> Field:
        """(2, H, W) in pixels: what lies at x in the given frame lies at x + u(x) in frame t."""
        if t == self.given:
            return np.zeros((2, *self.grid.shape), np.float32)
        return self.grid.displacement(self._after(-self._velocity(t), self.given_loop, first=False))

    def on_heart_grid(self, t: int) -> Field:
        """(2, *FINE): the displacement of frame t on the heart's fine grid, in its nodes."""
        if t == self.given:  # there and back again misses by parts of a pixel
            return np.zeros((2, *FINE), np.float32)
        return self._after(self._velocity(t), -self.given_loop, first=True)

    def _velocity(self, t: int) -> Field:
        """(2, *GRID) from end-diastole's side of the given frame to frame t."""
        return np.float32(self.amounts[t]) * self.velocity + np.float32(self.timing.loop[t]) * self.second

    def _after(self, velocity: Field, loop: float, *, first: bool) -> Field:
        """The flow of a velocity, with that of the second mode read before or after it; the given frame has its own."""
        flow = integrated(velocity)
        if loop == 0:
            return flow
        own = integrated(np.float32(loop) * self.second)
        return np.asarray(compose(own, flow) if first else compose(flow, own), np.float32)


def make_beat(
    label_map: LabelMap,
    view: str,
    spacing: Spacing | None,
    *,
    ejection_fraction: float | None,
    frames: int,
    beats: int,
    heart_rate: float,
    frame_rate: float | None,
    phase: str | float,
    seed: int,
    model: MotionGenerator,
    temperature: float = TEMPERATURE,
    move: Mover | None = None,
) -> HeartBeat:
    """A motion that the heart of a label map may have, through a cine that begins at end-diastole.

    Args:
        label_map: (H, W) in CAMUS codes, with a left ventricle.
        view: its name; the motion is known of '2CH' and '4CH', others get what is common to both.
        spacing: (row, column) in mm; None for square pixels of unknown size.
        ejection_fraction: percent, by the method of discs in this view; None as a heart of such a shape has it.
        frames: T, of the whole cine.
        beats: that the frames are spread over where there is no frame rate.
        heart_rate: beats per minute.
        frame_rate: frames per second, or None.
        phase: of the given frame: 'ED', 'ES', 'auto' for whichever its shape is likelier, or from 0 to below 1.
        seed: of the motion, and of the beats' lengths; `TYPICAL`, 0, has the mean motion of such hearts, which comes
            nearest to the patient's own, and their mean ejection fraction where none is asked for.
        model: the distribution of motions.
        temperature: how much of what hearts of one shape differ by the seed has, 0 to 1.
        move: how the caller moves the label map, where otherwise than `field.moved_labels`: displacement (2, H, W) to
            label map (H, W). Its discs are to show the ejection fraction.

    Raises:
        InputError: a label map without a ventricle that could move, or a number out of its range.
    """
    labels, step = check_label_map(label_map), check_spacing(spacing)
    wanted = asked_of_beat(
        ejection_fraction=ejection_fraction,
        frames=frames,
        beats=beats,
        heart_rate=heart_rate,
        frame_rate=frame_rate,
        phase=phase,
        seed=seed,
    )
    asked, rate = wanted["ejection_fraction"], wanted["heart_rate"]
    number_within(temperature, "temperature", "", (0.0, 1.0))
    grid = HeartGrid.of(labels, step)
    sight = Sight.of(labels, grid, view)
    shown = phase_of(wanted["phase"], rate, lambda: model.contracted(sight))
    emptied = float(np.clip(Beat.at(rate).emptied(shown), 0.0, 1.0))
    spread = 0.0 if seed == TYPICAL else temperature
    chance = spread * np.random.default_rng((seed, *b"motion")).standard_normal(model.modes + 1, np.float32)
    wish = model.ejection_fraction(sight, emptied, float(chance[-1])) if asked is None else asked
    velocity = model.velocity(sight, wish, emptied, chance[:-1])
    course = Course(labels, grid, velocity, move)
    found = stroke(course, wish, emptied)
    timing = Timing.of(wanted["frames"], wanted["beats"], rate, wanted["frame_rate"], shown, seed)
    full = course.volume(found.diastole)
    volumes = full * (1 - found.ejection_fraction / 100 * np.clip(timing.emptied, 0.0, 1.0))
    amounts = np.clip(course.amounts_of(volumes), found.diastole, found.systole)
    amounts[timing.emptied <= 0] = found.diastole
    amounts[timing.emptied >= 1] = found.systole
    own_loop = float(loop_of(Beat.at(rate), np.array(shown)))
    if timing.given >= 0:
        amounts[timing.given] = 0.0
        own_loop = float(timing.loop[timing.given])
    return HeartBeat(
        grid,
        velocity,
        model.second_velocity(sight),
        amounts,
        own_loop,
        timing,
        emptied,
        volumes / full,
        found.ejection_fraction,
        asked,
        asked is None or found.reached,
    )


def phase_of(phase: str | float, heart_rate: float, contracted: Callable[[], float]) -> float:
    """The phase of the beat, 0 to below 1, that a given frame shows, of what `check_phase` gave.

    `contracted` tells what its shape says.
    """
    if isinstance(phase, float):
        return phase
    if phase == UNTOLD:
        phase = END_SYSTOLE if contracted() > 0.5 else END_DIASTOLE
    return Beat.at(heart_rate).aortic_closing if phase == END_SYSTOLE else 0.0
