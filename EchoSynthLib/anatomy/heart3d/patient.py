"""Where a heart lies in the patient: its own axes (`Heart`), and so those of a reconstructed volume, to RAS.

The rotation is the mean of three real hearts whose images tell the patient's axes - two of computed tomography (MMWHS
test case of HeartDeformNets, Rodero et al. 01) and one of magnetic resonance (biv-me patient 1): the base lies to the
right, behind and above the apex, the lateral wall to the left and behind. Hearts differ from it by some 10 degrees.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.pose import Pose, square_to, unit

Matrix = NDArray[np.float64]
"""(4, 4), of places (x, y, z, 1) in mm."""

_BASE_RAS = (0.49, -0.62, 0.60)
"""Direction from the apex to the base."""
_LATERAL_RAS = (-0.76, -0.65, -0.06)
"""Direction from the septum to the lateral wall."""
_MIDDLE_MM = (-15.0, 0.0, 70.0)
"""In the axes of a heart: about the middle of an adult's four chambers, which becomes the origin of RAS."""


def _heart_to_ras() -> Matrix:
    z = unit(_BASE_RAS)
    x = square_to(_LATERAL_RAS, z)
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([x, np.cross(z, x), z])
    matrix[:3, 3] = -matrix[:3, :3] @ np.array(_MIDDLE_MM)
    return matrix


HEART_TO_RAS: Final = _heart_to_ras()
"""A rigid motion, the same for every heart: its apex always lies in one place."""
RAS_TO_HEART: Final = np.linalg.inv(HEART_TO_RAS)


def pose_in_ras(pose: Pose) -> Matrix:
    """A picture's (right, down, behind, 1) in mm to RAS; the first two columns run along its rows and columns."""
    return np.asarray(HEART_TO_RAS @ pose.matrix())


def pose_from_ras(right: NDArray[np.floating], down: NDArray[np.floating], place: NDArray[np.floating]) -> Pose:
    """The pose of a picture whose right and down, and a place (all (3,)), are told in RAS.

    Raises:
        InputError: right and down are no two directions.
    """
    turn, shift = RAS_TO_HEART[:3, :3], RAS_TO_HEART[:3, 3]
    return Pose.facing(turn @ np.asarray(place) + shift, turn @ np.asarray(down), turn @ np.asarray(right))
