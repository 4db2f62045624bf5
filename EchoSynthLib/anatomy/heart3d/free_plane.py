"""Where the probe stands for any plane: no standard view, but wherever a slice is laid through the heart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.camus import HEART
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.heart3d.probe import Framing, Machine
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.errors import InputError

SKIN_MM, BEYOND_MM = 20.0, 12.0
"""From the probe to the heart, and how far the picture reaches behind it: about those of the views' windows."""
_REACH_MM = 250.0
_PROBE_MM = 10.0
"""Half of what is looked at beside the middle beam, so that no wall beside it lies nearer than the skin."""
_SHALLOWEST_MM = 60.0
_COARSE_MM = 5.0

_CHAMBERS = HEART.copy()
# The descending aorta, behind the heart, is nowhere to put a probe in front of.
_CHAMBERS[[Tissue.AORTA, Tissue.AORTIC_WALL]] = False


def frame_plane(heart: Heart, pose: Pose, machine: Machine | None = None, phase: float = 0.0) -> Framing:
    """The framing of a heart in any plane.

    The probe slides along the picture's own middle, the line through the pose's origin, until the heart begins a
    skin's thickness before it: what lies up in the picture lies at the probe. Where that line misses the heart, it
    moves sideways to the nearest place from which it meets it. So the same plane always has the same picture, and one
    that moves a little, moves it a little.

    Args:
        heart: that is looked at.
        pose: of the plane; its origin is any place on the picture's middle line.
        machine: opening angle, and depth over the one that just holds the heart; None for the usual ones.
        phase: of the beat at which the probe is placed; at end-diastole the heart is largest.

    Raises:
        InputError: the plane does not meet the heart.
    """
    machine = machine or Machine()
    along = np.arange(-_REACH_MM, _REACH_MM + 1)
    met = _met(heart, pose, np.linspace(-_PROBE_MM, _PROBE_MM, 5), along, phase)
    if not met.any():
        pose = pose.moved(right=_nearest_column(heart, pose, phase))
        met = _met(heart, pose, np.linspace(-_PROBE_MM, _PROBE_MM, 5), along, phase)
    reached = along[met.any(axis=1)]
    depth = (SKIN_MM + float(reached[-1] - reached[0]) + BEYOND_MM) * machine.depth_factor
    held = pose.moved(down=float(reached[0]) - SKIN_MM)
    return Framing(held, max(_SHALLOWEST_MM, depth), machine.opening_angle_deg)


def _nearest_column(heart: Heart, pose: Pose, phase: float) -> float:
    """How far to the right the nearest place lies under which there is a heart, in mm."""
    across = np.arange(-_REACH_MM, _REACH_MM + 1, _COARSE_MM)
    columns = across[_met(heart, pose, across, across, phase).any(axis=0)]
    if not columns.size:
        raise InputError("This plane does not meet the heart; move it back, or choose a view.")
    return float(columns[np.argmin(np.abs(columns))])


def _met(
    heart: Heart, pose: Pose, right: NDArray[np.float64], down: NDArray[np.float64], phase: float
) -> NDArray[np.bool_]:
    """(down, right): where a chamber or a wall of it lies."""
    across, along = np.meshgrid(right, down)
    labels = heart.labels(pose.to_heart(np.stack([across, along], axis=-1)), phase)
    chambers: NDArray[np.bool_] = _CHAMBERS[labels]
    return chambers
