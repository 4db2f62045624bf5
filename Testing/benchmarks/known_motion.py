"""Drawn hearts that move by a formula, so that the motion between any two frames is known exactly.

A reference frame at end-diastole is drawn by our own generator from a parametric heart. In frame t what lies at x has
moved to phi_t(x) = x + w(t) U(x): toward the apex and toward the long axis, most at the mitral plane and at the
endocardium, smoothly to nothing far away. Speckle moves with the tissue; in each frame another share of it is drawn
anew (NOISE), so that neighboring frames correlate as those of real cines do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.heart2d.parametric import SYSTOLE, random_heart
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.evaluation.registration import end_point_error
from EchoSynthLib.types import Spacing

FRAMES = 30
"""Of a whole beat."""
SHAPE = (224, 272)
SHORTENING = 13.0
"""Millimeters that the mitral plane comes toward the apex."""
THICKENING = 7.0
"""Millimeters that the endocardium comes toward the long axis, at most."""
NOISE = 0.35
"""Share of speckle that each frame has drawn anew."""
Field = NDArray[np.float64]


@dataclass(frozen=True)
class Contraction:
    """U(x) in a heart's own coordinates, in millimeters: s along the long axis, 0 at the apex, r across it.

    Attributes:
        apex: (row, column) in mm.
        axis: unit vector from the apex to the mitral plane.
        length: from the apex to the mitral plane, in mm.
        radius: of the endocardium, in mm.
        spacing: of a pixel.
    """

    apex: Field
    axis: Field
    length: float
    radius: float
    spacing: Spacing

    @classmethod
    def of(cls, label_map: NDArray[np.uint8], spacing: Spacing) -> Contraction:
        """That of an apical heart: apex and mitral plane are the cavity's ends."""
        cavity = np.argwhere(label_map == CamusCode.LV_CAVITY) * np.array(spacing)
        atrium = np.argwhere(label_map == CamusCode.LEFT_ATRIUM) * np.array(spacing)
        axis = atrium.mean(axis=0) - cavity.mean(axis=0)
        axis /= np.linalg.norm(axis)
        along = (cavity - cavity.mean(axis=0)) @ axis
        apex = cavity.mean(axis=0) + along.min() * axis
        across = np.abs((cavity - apex) @ np.array([-axis[1], axis[0]]))
        return cls(apex, axis, float(np.ptp(along)), float(np.percentile(across, 98)), spacing)

    def __call__(self, places: Field) -> Field:
        """U (2, ...) in pixels at places (2, ...) in pixels."""
        sides = np.array(self.spacing).reshape(2, *[1] * (places.ndim - 1))
        across = np.array([-self.axis[1], self.axis[0]])
        offset = places * sides - self.apex.reshape(sides.shape)
        s = np.tensordot(self.axis, offset, 1) / self.length
        r = np.tensordot(across, offset, 1) / self.radius
        # Both bumps peak at 1, of s at the mitral plane and of r at the endocardium.
        along = -SHORTENING * s * np.exp((1 - np.abs(s) ** 5) / 5) * np.exp(-((r / 3) ** 4))
        inward = -THICKENING * r * np.exp((1 - r**4) / 4) * np.exp(-(((s - 0.45) / 0.55) ** 4))
        moved = along * self.axis.reshape(sides.shape) + inward * across.reshape(sides.shape)
        return moved / sides


@dataclass(frozen=True)
class MovingHeart:
    """A cine and its motion.

    Attributes:
        cine: (T, H, W) uint8, end-diastole first.
        label_map: of the first frame.
        systole: number of the frame at end-systole.
        truth: (T, 2, H, W) from the first frame to each: what lies at x in it lies at x + truth[t](x) in frame t.
        steps: (T - 1, 2, H, W) from each frame to the next, on the grid of the former.
        spacing: (row, column) millimeters.
    """

    cine: NDArray[np.uint8]
    label_map: NDArray[np.uint8]
    systole: int
    truth: Field
    steps: Field
    spacing: Spacing

    def wall(self, frame: int = 0) -> NDArray[np.bool_]:
        """Where the myocardium lies in a frame."""
        if frame == 0:
            return self.label_map == CamusCode.MYOCARDIUM
        carried = deformation.warp_labels(self.label_map, deformation.inverse(self.truth[frame]))
        return carried == CamusCode.MYOCARDIUM


def moving_heart(seed: int, view: str = "4CH", frames: int = FRAMES, noise: float = NOISE) -> MovingHeart:
    """A random heart through one beat."""
    heart = random_heart(seed, view, shape=SHAPE)
    contraction = Contraction.of(heart.label_map, heart.spacing)
    grid = np.indices(SHAPE).astype(np.float64)
    weights = [activation(t / frames) for t in range(frames)]
    whole = contraction(grid)
    truth = np.stack([w * whole for w in weights])
    origins = [origin(contraction, grid, w) for w in weights]
    # A point of frame t came from x and goes to phi_(t+1)(x).
    steps = np.stack(
        [x + w * contraction(x) - grid for x, w in zip(origins[:-1], weights[1:], strict=True)]
    )  # fmt: skip
    first = es.synthesize(heart.label_map, seed=seed, view=view, sector=heart.sector)[0][0]
    inside = heart.sector.mask(SHAPE)
    cine = []
    for t, x in enumerate(origins):
        carried = deformation.warp(first, x - grid, order=3, outside=None).astype(np.float64)
        labels = deformation.warp_labels(heart.label_map, x - grid)
        other = es.synthesize(labels, seed=1000 * (seed + 1) + t, view=view, sector=heart.sector)[0][0]
        mixed = carried + noise * (other.astype(np.float64) - carried)
        cine.append(np.where(inside, np.clip(np.rint(mixed), 0, 255), 0).astype(np.uint8))
    return MovingHeart(np.stack(cine), heart.label_map, int(np.argmax(weights)), truth, steps, heart.spacing)


def activation(time: float) -> float:
    """w: 0 at end-diastole, 1 at end-systole, smooth; at a time in heart cycles."""
    within = time % 1.0
    phase = within / SYSTOLE if within <= SYSTOLE else (1 - within) / (1 - SYSTOLE)
    return float((1 - np.cos(np.pi * phase)) / 2)


def origin(contraction: Contraction, grid: Field, weight: float) -> Field:
    """The x with x + w U(x) = y at each pixel y, by fixed-point iteration, to a millionth of a pixel."""
    x = grid.copy()
    for _ in range(200):
        before, x = x, grid - weight * contraction(x)
        if np.abs(x - before).max() < 1e-6:
            return x
    raise RuntimeError("The drawn motion cannot be inverted; it is too strong.")


def errors(heart: MovingHeart, model: str = "motion") -> dict[str, float]:
    """Mean end-point errors in mm in the wall: end-diastole to end-systole, over the beat, and from frame to frame.

    From frame to frame what is registered belongs to the former of both frames, what is tracked to the first of all.
    """
    first, last = heart.cine[0], heart.cine[heart.systole]
    wall = heart.wall()
    direct, _ = es.register(last, first, heart.spacing, model=model)
    tracked, _ = es.track(heart.cine, spacing=heart.spacing, model=model)
    off = end_point_error(tracked, heart.truth, heart.spacing)
    between = []
    for t in range(len(heart.cine) - 1):
        step, _ = es.register(heart.cine[t + 1], heart.cine[t], heart.spacing, model=model)
        between.append(end_point_error(step, heart.steps[t], heart.spacing)[heart.wall(t)].mean())
    systole, sides = heart.systole, np.array(heart.spacing).reshape(2, 1, 1)
    moved, step_length = (np.linalg.norm(field * sides, axis=-3) for field in (heart.truth, heart.steps))
    increments = end_point_error(np.diff(tracked, axis=0), np.diff(heart.truth, axis=0), heart.spacing)
    straight = end_point_error(direct, heart.truth[systole], heart.spacing)
    return {
        "true motion, ED to ES": float(moved[systole][wall].mean()),
        "registered, ED to ES": float(straight[wall].mean()),
        "tracked, ED to ES": float(off[systole][wall].mean()),
        "tracked, mean of the beat": float(off[1:, wall].mean()),
        "true motion, frame to frame": float(step_length[:, wall].mean()),
        "registered, frame to frame": float(np.mean(between)),
        "tracked, frame to frame": float(increments[:, wall].mean()),
    }
