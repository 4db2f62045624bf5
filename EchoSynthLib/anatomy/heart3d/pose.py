"""Where a picture lies in the heart: a rotation and an origin, both in the heart's millimeters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.errors import InputError

Vector = NDArray[np.float64]
"""(3,) in the heart's axes: a place in mm, or a direction."""

_STRAIGHT = 1e-6


def unit(vector: ArrayLike) -> Vector:
    """The direction of a vector (3,).

    Raises:
        InputError: it has no length.
    """
    values = np.asarray(vector, dtype=np.float64)
    length = float(np.linalg.norm(values))
    if not length > _STRAIGHT:
        raise InputError(f"A direction needs a length above 0; given was the vector {values.tolist()}.")
    return values / length


def square_to(vector: ArrayLike, axis: ArrayLike) -> Vector:
    """The direction of what of a vector (3,) is square to an axis."""
    along = unit(axis)
    values = np.asarray(vector, dtype=np.float64)
    return unit(values - (values @ along) * along)


@dataclass(frozen=True, eq=False)
class Pose:
    """The plane of a picture, and where the probe stands in it.

    A picture's own millimeters are (right, down, behind): the image's right, away from the probe along the middle beam,
    and away from who looks at the image. A point p of the picture lies at origin + rotation @ p in the heart.

    Attributes:
        rotation: (3, 3), whose columns are the picture's right, down and behind, in the heart's axes.
        origin: (3,) mm, where the middle of the probe touches the skin; the beams of a phased array leave from there.
    """

    rotation: NDArray[np.float64]
    origin: Vector

    @classmethod
    def facing(cls, origin: ArrayLike, down: ArrayLike, right: ArrayLike) -> Pose:
        """From where the probe stands, where it looks, and about where the image's right is."""
        along = unit(down)
        across = square_to(right, along)
        rotation = np.column_stack([across, along, np.cross(across, along)])
        return cls(rotation, np.asarray(origin, dtype=np.float64))

    @property
    def right(self) -> Vector:
        """Direction of the image's right."""
        return self.rotation[:, 0]

    @property
    def down(self) -> Vector:
        """Direction of the middle beam."""
        return self.rotation[:, 1]

    @property
    def normal(self) -> Vector:
        """Square to the plane, away from who looks at the image."""
        return self.rotation[:, 2]

    def to_heart(self, picture: ArrayLike) -> NDArray[np.float64]:
        """Places (..., 3) of the heart of points (..., 2 or 3) of the picture, both in mm."""
        points = np.asarray(picture, dtype=np.float64)
        return points @ self.rotation[:, : points.shape[-1]].T + self.origin

    def to_picture(self, places: ArrayLike) -> NDArray[np.float64]:
        """(right, down, behind) in mm of places (..., 3) of the heart; the last is the distance to the plane."""
        return (np.asarray(places, dtype=np.float64) - self.origin) @ self.rotation

    def moved(self, right: float = 0.0, down: float = 0.0, behind: float = 0.0) -> Pose:
        """The probe slid along its own picture, in mm; the picture keeps its direction."""
        return Pose(self.rotation, self.to_heart((right, down, behind)))

    def turned(self, rotation_deg: float = 0.0, tilt_deg: float = 0.0, rock_deg: float = 0.0) -> Pose:
        """The probe turned where it stands, first rotated, then tilted, then rocked (the movements of a hand).

        Args:
            rotation_deg: about the middle beam, as from the four- to the two-chamber view.
            tilt_deg: out of the plane, towards what lies behind the picture, as from four to five chambers.
            rock_deg: within the plane, towards the image's right.
        """
        turns = (("down", rotation_deg), ("right", tilt_deg), ("normal", -rock_deg))
        pose = self
        for axis, degrees in turns:
            pose = Pose(_about(getattr(pose, axis), degrees) @ pose.rotation, pose.origin)
        return pose

    def around(self, place: ArrayLike, lean_deg: float) -> Pose:
        """The picture turned within its plane about a place in it: what lies below the place moves to the right."""
        turn = _about(self.normal, lean_deg)
        fixed = np.asarray(place, dtype=np.float64)
        return Pose(turn @ self.rotation, fixed + turn @ (self.origin - fixed))

    def matrix(self) -> NDArray[np.float64]:
        """(4, 4): the picture's (right, down, behind, 1) in mm to the heart's (x, y, z, 1) in mm."""
        whole = np.eye(4)
        whole[:3, :3], whole[:3, 3] = self.rotation, self.origin
        return whole

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a record."""
        return {"rotation": self.rotation.tolist(), "origin_mm": self.origin.tolist()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Pose:
        """A pose from what `to_dict` gave."""
        return cls(np.array(values["rotation"], dtype=np.float64), np.array(values["origin_mm"], dtype=np.float64))


def _about(axis: Vector, degrees: float) -> NDArray[np.float64]:
    """The rotation about an axis by Rodrigues' formula, R = I + sin K + (1 - cos) K^2."""
    x, y, z = axis
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(degrees)
    return np.eye(3) + math.sin(angle) * across + (1 - math.cos(angle)) * across @ across
