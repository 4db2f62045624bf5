"""Which standard view a picture of a heart is nearest to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.planes import standard_plane
from EchoSynthLib.anatomy.heart3d.pose import Pose, Vector

_SHARE_OF_BEAM = 0.1
"""How much the way that a picture lies in its plane counts: two views may have one plane, as PLAX and 3CH have."""


@dataclass(frozen=True)
class NearestView:
    """How far a picture is off a standard view.

    Attributes:
        view: name of the standard view.
        degrees: between both planes, 0 to 90.
        mm: from the place that the standard view aims at to the plane.
        beam_degrees: between the middle beams, 0 to 180.
    """

    view: str
    degrees: float
    mm: float
    beam_degrees: float

    @property
    def off(self) -> float:
        """How far the plane is off, in one number: a degree counts as much as a millimeter."""
        return self.degrees + self.mm


def nearest_view(heart: Heart, pose: Pose, among: tuple[str, ...] = (), phase: float = 0.0) -> NearestView:
    """The standard view, of some or of all, that a picture of this heart is nearest to."""
    landmarks = heart.landmarks(phase)
    found = []
    for name in among or views.view_names("heart cuts"):
        plane = standard_plane(landmarks, name)
        turned = _degrees(plane.pose.normal, pose.normal)
        away = abs(float(pose.to_picture(plane.aim)[2]))
        found.append(NearestView(name, min(turned, 180 - turned), away, _degrees(plane.pose.down, pose.down)))
    return min(found, key=lambda one: one.off + _SHARE_OF_BEAM * one.beam_degrees)


def _degrees(one: Vector, other: Vector) -> float:
    return float(np.degrees(np.arccos(np.clip(one @ other, -1.0, 1.0))))
