"""The planes of the standard views, from landmarks of the heart.

Planes as in Mitchell et al., J Am Soc Echocardiogr 32:1-64, 2019: the apical views contain the apex and
look towards the base, those beside it differ by turning the probe about its beam, by about 60 degrees from the
four-chamber to the two-chamber view and as much again to the long-axis view; the parasternal ones look from the front
of the chest, along and across the long axis. Left and right of an image follow the same guideline: the marker of the
probe, and with it the patient's left or head, is on the right.

Every plane here is given by places of the heart alone, so it lies right in any heart, whatever its size and axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.heart3d.landmarks import Landmarks
from EchoSynthLib.anatomy.heart3d.pose import Pose, Vector, square_to, unit


@dataclass(frozen=True, eq=False)
class Plane:
    """Where a view is to be looked for.

    Attributes:
        pose: the plane, with its origin where the middle beam enters the heart.
        aim: a place in the plane that the middle beam goes through; between it and the probe the beam meets the heart.
    """

    pose: Pose
    aim: Vector


PAPILLARY_LEVEL = 0.52
"""Of the long axis from the apex on; 0 is the apex, 1 the mitral annulus. The middle third is the one that holds the
papillary muscles (Cerqueira et al., Circulation 105:539-542, 2002)."""
MITRAL_LEVEL = 0.78
"""Where the tips of the leaflets are."""
APEX_LEVEL = 0.20
ABOVE_AORTIC_ANNULUS_MM = 6.0
"""Where the cusps meet."""

FRONT_DEG = 20.0
"""From the anteroseptal direction, in which the aortic root lies, to the anterior one, from which the chest is looked
through for short axes."""
PARASTERNAL_LEVEL = 0.92
PARASTERNAL_DEG = 18.0
"""Where on the long axis the middle beam of the parasternal long-axis view meets it, and by how much it leans to the
base: such that root, both valves and the atrium below the root are in the picture, as by eye in real ones."""
SUBCOSTAL_DEG = 32.0
"""By which the middle beam of the subcostal view climbs from the right ventricle's free wall towards the base."""


def standard_plane(landmarks: Landmarks, view: str) -> Plane:
    """The plane of a standard view; the picture's middle beam runs straight down through `aim`.

    Args:
        landmarks: of the heart, mostly at end-diastole.
        view: any name of one of the views that hearts are cut in.

    Raises:
        InputError: no such view, or landmarks that lie in one place.
    """
    return _PLANES[views.taken_view(view, "heart cuts").name](_Frame.of(landmarks))


@dataclass(frozen=True, eq=False)
class _Frame:
    """Directions of a left ventricle, all but `root` square to its axis."""

    landmarks: Landmarks
    axis: Vector  # apex to base
    lateral: Vector  # away from the tricuspid valve, in the four-chamber plane
    front: Vector  # square to the four-chamber plane, on the aorta's side
    outflow: Vector  # towards the aortic valve

    @classmethod
    def of(cls, landmarks: Landmarks) -> _Frame:
        axis = unit(landmarks.mitral - landmarks.apex)
        lateral = square_to(landmarks.mitral - landmarks.tricuspid, axis)
        outflow = square_to(landmarks.aortic - landmarks.mitral, axis)
        return cls(landmarks, axis, lateral, square_to(outflow, lateral), outflow)

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.landmarks.mitral - self.landmarks.apex))

    def level(self, share: float) -> Vector:
        """A place on the long axis: 0 the apex, 1 the mitral annulus."""
        return self.landmarks.apex + share * (self.landmarks.mitral - self.landmarks.apex)

    def turned(self, degrees: float) -> Vector:
        """The direction so far from the outflow towards the front, square to the axis."""
        side = square_to(self.front - (self.front @ self.outflow) * self.outflow, self.axis)
        angle = np.deg2rad(degrees)
        return np.cos(angle) * self.outflow + np.sin(angle) * side


def _four_chamber(frame: _Frame) -> Plane:
    return _apical(frame, frame.lateral, frame.landmarks.mitral)


def _two_chamber(frame: _Frame) -> Plane:
    """Midway between the four-chamber and the long-axis plane, about 60 degrees from both."""
    return _apical(frame, frame.lateral + frame.outflow, frame.landmarks.mitral)


def _long_axis(frame: _Frame) -> Plane:
    return _apical(frame, frame.outflow, frame.landmarks.mitral)


def _five_chamber(frame: _Frame) -> Plane:
    """The four-chamber plane, tilted forward until it meets the aortic valve."""
    apex, root = frame.landmarks.apex, frame.landmarks.aortic
    ahead = (root - apex) - ((root - apex) @ frame.lateral) * frame.lateral
    return _apical(frame, frame.lateral, apex + ahead)


def _apical(frame: _Frame, right: Vector, base: Vector) -> Plane:
    return Plane(Pose.facing(frame.landmarks.apex, base - frame.landmarks.apex, right), base)


def _parasternal_long_axis(frame: _Frame) -> Plane:
    """The plane of apex, mitral and aortic valve, from the front: right ventricle on top, aorta on the right.

    The valves are in its middle, and the aorta runs across the image rather than up it.
    """
    aim = frame.level(PARASTERNAL_LEVEL)
    angle = np.deg2rad(PARASTERNAL_DEG)
    down = np.sin(angle) * frame.axis - np.cos(angle) * frame.outflow
    return Plane(Pose.facing(aim, down, frame.axis), aim)


def _short_axis(level: float) -> Callable[[_Frame], Plane]:
    def plane(frame: _Frame) -> Plane:
        return _across(frame, frame.level(level), frame.axis)

    return plane


def _aortic_short_axis(frame: _Frame) -> Plane:
    """Square to the aortic root, so that the valve is seen from above, with the three others of the heart around it."""
    root = frame.landmarks.aortic_axis
    return _across(frame, frame.landmarks.aortic + ABOVE_AORTIC_ANNULUS_MM * root, root)


def _across(frame: _Frame, aim: Vector, axis: Vector) -> Plane:
    """Square to an axis, from the front: the right heart on the left, the lateral wall on the right."""
    down = -square_to(frame.turned(FRONT_DEG), axis)
    return Plane(Pose.facing(aim, down, square_to(frame.lateral, axis)), aim)


def _subcostal(frame: _Frame) -> Plane:
    """The four-chamber plane from below the ribs: right heart on top, the apex on the right."""
    angle = np.deg2rad(SUBCOSTAL_DEG)
    down = np.cos(angle) * frame.lateral + np.sin(angle) * frame.axis
    aim = 0.5 * (frame.landmarks.mitral + frame.landmarks.tricuspid) - 0.15 * frame.length * frame.axis
    return Plane(Pose.facing(aim, down, -frame.axis), aim)


def _right_inflow(frame: _Frame) -> Plane:
    """The probe of the long-axis view tilted to the patient's right: right ventricle on top, its atrium below right."""
    aim = frame.landmarks.tricuspid - 0.15 * frame.length * frame.axis
    return Plane(Pose.facing(aim, -frame.front, frame.axis), aim)


_PLANES: Mapping[str, Callable[[_Frame], Plane]] = {
    views.TWO_CHAMBER.name: _two_chamber,
    views.FOUR_CHAMBER.name: _four_chamber,
    views.LONG_AXIS.name: _long_axis,
    views.FIVE_CHAMBER.name: _five_chamber,
    views.PARASTERNAL_LONG_AXIS.name: _parasternal_long_axis,
    views.SHORT_AXIS_AORTIC.name: _aortic_short_axis,
    views.SHORT_AXIS_MITRAL.name: _short_axis(MITRAL_LEVEL),
    views.SHORT_AXIS_PAPILLARY.name: _short_axis(PAPILLARY_LEVEL),
    views.SHORT_AXIS_APEX.name: _short_axis(APEX_LEVEL),
    views.SUBCOSTAL.name: _subcostal,
    views.RIGHT_INFLOW.name: _right_inflow,
}
