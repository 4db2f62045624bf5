"""Sweeps: the probe moved evenly from one view to the next, as a hand does to look between planes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.heart3d.probe import Framing
from EchoSynthLib.errors import InputError


def sweep(ends: Sequence[Framing], frames: int) -> list[Framing]:
    """Framings on the way through some views, the given ones among them.

    The probe turns about one axis at an even rate between two views (spherical linear interpolation), while its place
    on the skin, the depth and the opening angle change in proportion.

    Args:
        ends: two framings or more; the first and the last are the sweep's ends.
        frames: how many of each stretch, the view that it leads to included; in all frames * (views - 1) + 1.

    Raises:
        InputError: fewer than two views, no frame, or two views that look in opposite directions, between which the way
            is not defined.
    """
    if len(ends) < 2 or frames < 1:
        raise InputError(
            f"A sweep leads through two views or more in one frame or more each; given were {len(ends)} views and "
            f"{frames} frames."
        )
    made = [ends[0]]
    for start, end in pairwise(ends):
        made += [between(start, end, (index + 1) / frames) for index in range(frames - 1)]
        made.append(end)
    return made


def between(start: Framing, end: Framing, share: float) -> Framing:
    """The framing at a share, 0 to 1, of the way from one to another."""

    def mixed(one: float, other: float) -> float:
        return (1 - share) * one + share * other

    return Framing(
        _pose_between(start.pose, end.pose, share),
        mixed(start.depth_mm, end.depth_mm),
        mixed(start.opening_angle_deg, end.opening_angle_deg),
    )


def _pose_between(start: Pose, end: Pose, share: float) -> Pose:
    from scipy.spatial.transform import Rotation

    turn = Rotation.from_matrix(end.rotation @ start.rotation.T).as_rotvec()
    if np.linalg.norm(turn) > np.pi - 1e-6:
        raise InputError("Two views of a sweep look in opposite directions; name a view that lies between them, too.")
    rotation = Rotation.from_rotvec(share * turn).as_matrix() @ start.rotation
    return Pose(rotation, (1 - share) * start.origin + share * end.origin)
