"""Where a hand holds the probe for each view, and how it misses: windows of the chest, errors, machines, examinations.

The apical views are looked at from the apex beat, the parasternal ones from the left edge of the breastbone, the
subcostal one from below the ribs (Mitchell et al., J Am Soc Echocardiogr 32:1-64, 2019). What a picture shows beside
its plane - how far the heart lies below the skin, how it leans in the sector, how deep the sector reaches - is that
of the 400 training patients of CAMUS for the apical views, see `anatomy/heart2d/shape.py`, and what fits the heart for
the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.heart3d.camus import HEART
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.planes import Plane, standard_plane
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.errors import InputError


@dataclass(frozen=True)
class Hand:
    """By how much a probe is held off its standard view; all 0 is a view to the book.

    Attributes:
        rotation_deg: about the middle beam.
        tilt_deg: out of the plane, towards what lies behind the picture.
        rock_deg: within the plane, towards the image's right.
        right_mm, behind_mm: slid over the skin, along the image and square to it.
        foreshortening_mm: the probe sits so far in front of the apex, mostly one rib too high, and still looks at the
            view's aim: the plane cuts the wall below the apex, and the ventricle looks shorter and rounder.
    """

    rotation_deg: float = 0.0
    tilt_deg: float = 0.0
    rock_deg: float = 0.0
    right_mm: float = 0.0
    behind_mm: float = 0.0
    foreshortening_mm: float = 0.0

    @classmethod
    def drawn(cls, generator: np.random.Generator, spread: float = 1.0) -> Hand:
        """A hand's errors; `spread` 1 is that of routine, 2 that of a beginner or of a patient who is hard to image.

        Their sizes are chosen, such that a plane is off by some 10 degrees and 5 mm; foreshortening is one-sided.
        """
        steps = np.clip(generator.standard_normal(len(_USUAL_ERRORS)), -2, 2) * spread
        sizes = {name: size * float(step) for (name, size), step in zip(_USUAL_ERRORS.items(), steps, strict=True)}
        return cls(**sizes | {"foreshortening_mm": abs(sizes["foreshortening_mm"])})

    def hold(self, pose: Pose, aim: NDArray[np.float64]) -> Pose:
        """The pose (probe on the skin) as this hand has it."""
        if self.foreshortening_mm:
            pose = pose.moved(behind=self.foreshortening_mm)
            _, down, behind = pose.to_picture(aim)
            pose = pose.turned(tilt_deg=math.degrees(math.atan2(behind, down)))
        held = pose.moved(right=self.right_mm, behind=self.behind_mm)
        return held.turned(self.rotation_deg, self.tilt_deg, self.rock_deg)


_USUAL_ERRORS = {
    "rotation_deg": 8.0,
    "tilt_deg": 3.0,
    "rock_deg": 3.0,
    "right_mm": 3.0,
    "behind_mm": 3.0,
    "foreshortening_mm": 4.0,
}
"""Standard deviations; errors end at two of them, for nobody keeps a view that is worse."""


@dataclass(frozen=True)
class Machine:
    """What a scanner and its settings make of the same view.

    Attributes:
        opening_angle_deg: of the sector.
        depth_factor: depth of the picture over the one that just holds what the view shows.
        gain_db: brightness, about the usual one; for what draws the picture.
        frequency_mhz: of the probe, the same.
        frame_rate_hz: of a cine.
    """

    opening_angle_deg: float = 75.0
    depth_factor: float = 1.0
    gain_db: float = 0.0
    frequency_mhz: float = 2.5
    frame_rate_hz: float = 50.0

    def __post_init__(self) -> None:
        for field, (low, high) in _MACHINE_LIMITS.items():
            value = getattr(self, field)
            if not low <= value <= high:
                raise InputError(f"A machine's {field} lies from {low:g} to {high:g}; given was {value!r}.")

    @classmethod
    def drawn(cls, generator: np.random.Generator) -> Machine:
        """One of those that stand in echo laboratories."""
        return cls(
            opening_angle_deg=float(np.clip(generator.normal(75, 4), 55, 95)),
            depth_factor=math.exp(0.06 * float(np.clip(generator.standard_normal(), -2.5, 2.5))),
            gain_db=float(np.clip(generator.normal(0, 4), -12, 12)),
            frequency_mhz=float(generator.uniform(1.7, 3.5)),
            frame_rate_hz=float(generator.uniform(35, 90)),
        )


_MACHINE_LIMITS = {
    "opening_angle_deg": (10, 120),
    "depth_factor": (0.2, 5),
    "gain_db": (-60, 60),
    "frequency_mhz": (0.5, 20),
    "frame_rate_hz": (1, 1000),
}


@dataclass(frozen=True)
class Window:
    """How a view is framed: medians, and in `spread` their standard deviations.

    Attributes:
        skin_mm: from the probe to the heart's surface along the middle beam.
        lean_deg: what lies below the place where the beam enters moves so far to the image's right.
        right_mm: by which that place lies right of the middle beam.
        beyond_mm: how far the picture reaches behind the heart's far surface along the middle beam; negative where that
            lies mostly outside the picture.
    """

    skin_mm: float
    lean_deg: float = 0.0
    right_mm: float = 0.0
    beyond_mm: float = 15.0
    spread: tuple[float, float, float, float] = (5.0, 4.0, 3.0, 10.0)

    def drawn(self, generator: np.random.Generator, spread: float = 1.0) -> Window:
        """Another patient's; cut at two and a half standard deviations."""
        names = [field.name for field in fields(self)][: len(self.spread)]
        steps = np.clip(generator.standard_normal(len(names)), -2.5, 2.5) * self.spread * spread
        values = {name: getattr(self, name) + float(step) for name, step in zip(names, steps, strict=True)}
        return Window(**values | {"skin_mm": max(4.0, values["skin_mm"]), "spread": self.spread})


_PARASTERNAL = Window(skin_mm=18.0, beyond_mm=25.0)
WINDOWS: Mapping[str, Window] = {
    views.TWO_CHAMBER.name: Window(
        skin_mm=24.0, lean_deg=14.0, right_mm=-12.0, beyond_mm=5.0, spread=(5.5, 7.5, 5.0, 13.0)
    ),
    views.FOUR_CHAMBER.name: Window(
        skin_mm=24.0, lean_deg=11.5, right_mm=-6.5, beyond_mm=5.0, spread=(5.5, 5.5, 4.5, 13.0)
    ),
    views.LONG_AXIS.name: Window(skin_mm=21.0, lean_deg=16.0, right_mm=-4.0, beyond_mm=5.0),
    views.FIVE_CHAMBER.name: Window(skin_mm=21.0, lean_deg=14.0, right_mm=-3.0, beyond_mm=5.0),
    views.PARASTERNAL_LONG_AXIS.name: _PARASTERNAL,
    views.SHORT_AXIS_AORTIC.name: _PARASTERNAL,
    views.SHORT_AXIS_MITRAL.name: _PARASTERNAL,
    views.SHORT_AXIS_PAPILLARY.name: _PARASTERNAL,
    views.SHORT_AXIS_APEX.name: _PARASTERNAL,
    views.SUBCOSTAL.name: Window(skin_mm=45.0, beyond_mm=20.0, spread=(10.0, 6.0, 6.0, 12.0)),
    views.RIGHT_INFLOW.name: _PARASTERNAL,
}


@dataclass(frozen=True, eq=False)
class Framing:
    """A probe on the skin, and how deep its picture is.

    Attributes:
        pose: of the picture.
        depth_mm: of the sector.
        opening_angle_deg: of the sector.
    """

    pose: Pose
    depth_mm: float
    opening_angle_deg: float


def frame_view(
    heart: Heart,
    view: str,
    hand: Hand | None = None,
    machine: Machine | None = None,
    window: Window | None = None,
    phase: float = 0.0,
) -> Framing:
    """Where the probe stands for a view of a heart.

    Args:
        heart: that is looked at.
        view: any name of a view that hearts are cut in.
        hand: its errors; None has none.
        machine: opening angle and depth; None for the usual ones.
        window: how the heart lies in the picture; None for the view's usual one.
        phase: of the beat at which the probe was placed; it stays there for the whole beat.

    Raises:
        InputError: no such view.
    """
    name = views.taken_view(view, "heart cuts").name
    hand, machine, window = hand or Hand(), machine or Machine(), window or WINDOWS[name]
    plane = standard_plane(heart.landmarks(phase), name)
    near, far = _extent(heart, plane, phase)
    entry = plane.aim - near * plane.pose.down
    usual = Pose(plane.pose.rotation, entry).around(entry, window.lean_deg)
    usual = usual.moved(right=-window.right_mm, down=-window.skin_mm)
    depth = (window.skin_mm + near + far + window.beyond_mm) * machine.depth_factor
    return Framing(hand.hold(usual, plane.aim), max(_SHALLOWEST_MM, depth), machine.opening_angle_deg)


_SHALLOWEST_MM = 60.0
_REACH_MM, _STEP_MM = 200.0, 1.0


def _extent(heart: Heart, plane: Plane, phase: float) -> tuple[float, float]:
    """How far the heart reaches from the aim towards the probe, and away from it, along the middle beam, in mm."""
    along = np.arange(-_REACH_MM, _REACH_MM + _STEP_MM, _STEP_MM)
    inside = HEART[heart.labels(plane.aim + along[:, None] * plane.pose.down, phase)]
    if not inside.any():
        return 0.0, 0.0
    return max(0.0, -float(along[inside].min())), max(0.0, float(along[inside].max()))


@dataclass(frozen=True)
class Examination:
    """One day's look at a heart: the same machine and patient for all views, another hand for each.

    Two examinations of one heart differ in number; the heart, and so its volumes, is the same.

    Attributes:
        seed: of the heart's examinations.
        number: 0 for the first, 1 for another day's, and so on.
        skill: spread of the hand's errors; 0 has every view to the book.
    """

    seed: int
    number: int = 0
    skill: float = 1.0

    def machine(self) -> Machine:
        """That of the day."""
        return Machine.drawn(self._generator("machine"))

    def hand(self, view: str) -> Hand:
        """That of a view."""
        return Hand.drawn(self._generator(view), self.skill)

    def window(self, view: str) -> Window:
        """How the patient lies that day: half of a patient's own is there on every day."""
        usual = WINDOWS[views.taken_view(view, "heart cuts").name]
        own = usual.drawn(np.random.default_rng((self.seed, *_letters("patient"))), math.sqrt(0.5))
        return own.drawn(self._generator(f"window {view}"), math.sqrt(0.5))

    def frame(self, heart: Heart, view: str, phase: float = 0.0) -> Framing:
        """Where the probe stands for a view on that day; see `frame_view`."""
        name = views.taken_view(view, "heart cuts").name
        return frame_view(heart, name, self.hand(name), self.machine(), self.window(name), phase)

    def to_dict(self, view: str) -> dict[str, Any]:
        """What of it concerns a view, as plain numbers for a record."""
        name = views.taken_view(view, "heart cuts").name
        hand, machine, window = asdict(self.hand(name)), asdict(self.machine()), asdict(self.window(name))
        return {"examination": self.number, "hand": hand, "machine": machine, "window": window}

    def _generator(self, what: str) -> np.random.Generator:
        return np.random.default_rng((self.seed, self.number, *_letters(what)))


def _letters(text: str) -> bytes:
    return text.encode()
