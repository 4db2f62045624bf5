"""A drawn heart swept between views in two examinations, and how far their planes lie apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.acoustics import Look, draw
from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.pose import Pose
from EchoSynthLib.anatomy.heart3d.probe import Examination, Framing
from EchoSynthLib.anatomy.heart3d.sweep import between
from EchoSynthLib.retrieval.contrastive.scans import Scans, seen_clip

FRAMES = 24
"""Of a sweep."""
SAME_MM = 2.5
"""Distance of two planes, over the heart, at which the label that they show the same has fallen to exp(-1/2)."""
ROUTES = (
    (views.FOUR_CHAMBER.name, views.TWO_CHAMBER.name),
    (views.FOUR_CHAMBER.name, views.TWO_CHAMBER.name, views.LONG_AXIS.name),
    (views.TWO_CHAMBER.name, views.LONG_AXIS.name),
    (views.FOUR_CHAMBER.name, views.FIVE_CHAMBER.name),
    (views.SHORT_AXIS_APEX.name, views.SHORT_AXIS_PAPILLARY.name, views.SHORT_AXIS_MITRAL.name),
    (views.SHORT_AXIS_PAPILLARY.name, views.SHORT_AXIS_MITRAL.name, views.SHORT_AXIS_AORTIC.name),
)
SHARES = (0.3, 0.25, 0.1, 0.1, 0.125, 0.125)
"""How often each way is swept: free-hand sweeps of the apex are rotations mostly."""
ROWS, BEAMS = 96, (96, 56)
_SKILL = 0.5  # of a hand that knows which way it is to sweep
_AROUND_MM = (18.0, 40.0)  # circles around the middle of the ventricle on which planes are compared


def heart_scans(seed: int, number: int) -> Scans:
    """Sweep number `number` of a seed: heart, way, hands, machines and looks depend on these two alone."""
    rng = np.random.default_rng((seed, number, *b"sweep"))
    cohort = Cohort(seed)
    heart = cohort.heart(number)
    route = ROUTES[rng.choice(len(ROUTES), p=SHARES)]
    poses, clips = [], []
    for examination in (0, 1):
        framings = _framings(heart, Examination(cohort.seed_of(number), examination, _SKILL), route, rng)
        poses.append([framing.pose for framing in framings])
        clips.append(seen_clip(_drawn(heart, framings, Examination(cohort.seed_of(number), examination), rng)))
    apart = plane_distances(heart, poses[0], poses[1]) / SAME_MM
    return Scans(clips[0], clips[1], apart.astype(np.float32), f"heart {seed} {number}")


def _framings(heart: Heart, day: Examination, route: tuple[str, ...], rng: np.random.Generator) -> list[Framing]:
    """Along the way at even steps, begun and ended somewhere else each day, and now and then backwards."""
    ends = [day.frame(heart, view) for view in route]
    depth = max(end.depth_mm for end in ends)
    shares = np.linspace(rng.uniform(0, 0.2), rng.uniform(0.8, 1), FRAMES) * (len(ends) - 1)
    if rng.random() < 0.3:
        shares = shares[::-1]
    made = []
    for share in shares:
        leg = min(int(share), len(ends) - 2)
        one = between(ends[leg], ends[leg + 1], share - leg)
        # Nobody turns the depth while sweeping.
        made.append(Framing(one.pose, depth, one.opening_angle_deg))
    return made


def _drawn(heart: Heart, framings: list[Framing], day: Examination, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(T, H, W): held at one phase of the beat, or beating meanwhile."""
    start = 0.0 if rng.random() < 0.4 else rng.uniform(0, 1)
    step = 0.0 if rng.random() < 0.5 else rng.uniform(0.02, 0.12)
    look = Look.drawn(rng, day.machine(), spread=rng.uniform(0.8, 1.6))
    spacing = (framings[0].depth_mm / (ROWS - 1),) * 2
    cuts = [
        cut(heart, framing, float((start + step * number) % 1), spacing=spacing)
        for number, framing in enumerate(framings)
    ]
    clip, _ = draw(cuts, seed=int(rng.integers(2**31)), look=look, shape=BEAMS)
    return clip


def plane_distances(heart: Heart, first: list[Pose], second: list[Pose]) -> NDArray[np.float64]:
    """(T, S) mm: root mean square distance of points of each second plane around the ventricle from each first one."""
    landmarks = heart.landmarks(0.0)
    middle = (landmarks.apex + landmarks.mitral) / 2
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rings = np.concatenate([radius * np.stack([np.cos(angles), np.sin(angles)], axis=1) for radius in _AROUND_MM])
    found = np.empty((len(first), len(second)))
    for column, pose in enumerate(second):
        center = middle - ((middle - pose.origin) @ pose.normal) * pose.normal
        points = center + rings[:, :1] * pose.right + rings[:, 1:] * pose.down
        for row, other in enumerate(first):
            found[row, column] = np.sqrt(np.mean(((points - other.origin) @ other.normal) ** 2))
    return found
