"""Leaflets of the mitral, tricuspid and aortic valve: hinged on a ring, closed as a shallow cone or swung open."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.template import BESIDE_LA, BESIDE_LV, INNER, OUTER, OUTER_START, SPLIT, Template
from EchoSynthLib.errors import InputError

Points = NDArray[np.floating]

_CLOSED, _OPEN = math.radians(18.0), math.radians(76.0)  # of leaflets against the plane of the ring
HALF_THICKNESS_MM = 0.8


@dataclass(frozen=True, eq=False)
class Leaflets:
    """A valve at a phase.

    Attributes:
        center: (3,) of the ring, mm.
        flow: (3,) where the blood goes.
        radius: of the ring, mm.
        meeting: (3,) from the center to where the closed leaflets meet, in the plane of the ring.
        angle: of the leaflets against that plane.
        cusps: directions (K, 3) from the meeting point along which closed cusps touch; none for the atrial valves.
    """

    center: NDArray[np.float64]
    flow: NDArray[np.float64]
    radius: float
    meeting: NDArray[np.float64]
    angle: float
    cusps: NDArray[np.float64]

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Which of points (N, 3) are in a leaflet."""
        _, _, along, off = self._on_leaflet(points)
        found = (np.abs(off) < HALF_THICKNESS_MM) & (along >= 0) & (along <= 1)
        if len(self.cusps) and self.angle < 0.5 * _OPEN:
            found |= self._on_seam(points)
        return found

    def carried(self, points: Points, other: Leaflets) -> NDArray[np.float64]:
        """Where points (N, 3) of this valve are in the same valve at another phase."""
        outward, ring, along, off = self._on_leaflet(np.asarray(points, dtype=np.float64))
        size = other.radius / self.radius
        c, s = math.cos(other.angle), math.sin(other.angle)
        across = ring * size * (1 - along * c) + off * s
        down = ring * size * along * s + off * c
        return other.center + size * self.meeting + across[:, None] * outward + down[:, None] * other.flow

    def _on_leaflet(self, points: Points) -> tuple[Points, Points, Points, Points]:
        """Direction from where the leaflets meet (N, 3), the ring's distance there, the share of the leaflet from its
        hinge on, and mm off its middle.
        """
        kind = points.dtype
        q = points - (self.center + self.meeting).astype(kind)
        flow = self.flow.astype(kind)
        height = q @ flow
        flat = q - height[:, None] * flow
        r = np.sqrt((flat * flat).sum(-1))
        outward = flat / np.maximum(r, kind.type(1e-6))[:, None]
        toward = outward @ self.meeting.astype(kind)
        ring = -toward + np.sqrt(np.maximum(toward**2 - self.meeting @ self.meeting + self.radius**2, 1.0)).astype(kind)
        c, s = math.cos(self.angle), math.sin(self.angle)
        inward = ring - r
        return outward, ring, (inward * c + height * s) / ring, height * c - inward * s

    def _on_seam(self, points: Points) -> NDArray[np.bool_]:
        q = points - (self.center + self.meeting)
        height = q @ self.flow
        flat = q - height[:, None] * self.flow
        along = flat @ self.cusps.T
        aside = np.sqrt(np.maximum((flat * flat).sum(-1)[:, None] - along**2, 0.0))
        near = ((along > 0) & (along < self.radius) & (aside < HALF_THICKNESS_MM)).any(1)
        return near & (height > 0.3 * self.radius) & (height < 0.75 * self.radius)


class Valves:
    """The valves of a heart at any phase."""

    def __init__(self, motion: Motion) -> None:
        self.motion = motion
        self._rings = (_mitral_ring(motion.template), tricuspid_ring(motion.template))
        self._made: dict[float, tuple[Leaflets, Leaflets, Leaflets]] = {}

    def at(self, phase: float) -> tuple[Leaflets, Leaflets, Leaflets]:
        """Mitral, tricuspid and aortic valve."""
        key = float(phase) % 1.0
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def _make(self, phase: float) -> tuple[Leaflets, Leaflets, Leaflets]:
        motion, t = self.motion, self.motion.template
        pose, beat = motion.pose(phase), motion.beat
        atrial, aortic = float(beat.mitral_open(phase)), float(beat.aortic_open(phase))
        normal = np.array([-t.tilt[0], -t.tilt[1], 1.0])
        normal /= np.linalg.norm(normal)
        (mitral, mitral_radius), (tricuspid, tricuspid_radius) = self._rings
        narrower = motion.annulus_ratio(pose)
        fall = motion.parameters.tricuspid_tilt
        turned = math.radians(motion.parameters.tricuspid_deg)
        tilted = normal + fall * np.array([math.cos(turned), math.sin(turned), 0.0])
        tilted /= np.linalg.norm(tilted)
        aside = -t.aorta.course[0] * [1, 1, 0]
        aside = 0.3 * mitral_radius * narrower * aside / np.linalg.norm(aside)
        aside -= (aside @ normal) * normal
        places = motion.forward(np.array([mitral, tricuspid, t.lifted_up(t.aorta.course[0])]), phase)
        axis = t.lifted_up(t.aorta.course[0] + t.aorta.axis) - t.lifted_up(t.aorta.course[0])
        axis /= np.linalg.norm(axis)
        first = np.cross(axis, [0.0, 0.0, 1.0])
        first /= np.linalg.norm(first)
        second = np.cross(axis, first)
        thirds = np.radians([90, 210, 330])[:, None]
        seams, none = np.cos(thirds) * first + np.sin(thirds) * second, np.zeros((0, 3))
        still = np.zeros(3)
        return (
            Leaflets(places[0], -normal, mitral_radius * narrower, aside, _swung(atrial), none),
            Leaflets(places[1], -tilted, tricuspid_radius * (0.5 + 0.5 * narrower), still, _swung(atrial), none),
            Leaflets(places[2], axis, float(t.aorta.radii[0]), still, _swung(aortic) + 0.12 * (1 - aortic), seams),
        )


def _swung(opening: float) -> float:
    return _CLOSED + opening * (_OPEN - _CLOSED)


def _mitral_ring(t: Template) -> tuple[NDArray[np.float64], float]:
    """Middle and radius of the mitral annulus: the narrower of ventricle and atrium, the outflow tract left out."""
    row = int(np.argmin(np.abs(t.rays.heights - t.length)))
    ventricle, atrium = np.sqrt(t.squares[BESIDE_LV][row, :, INNER]), np.sqrt(t.squares[BESIDE_LA][row, :, INNER])
    return np.array([0.0, 0.0, t.length]), float(np.median(np.minimum(ventricle, atrium)))


def tricuspid_ring(t: Template) -> tuple[NDArray[np.float64], float]:
    """Middle and radius of the tricuspid annulus: the surface at which ventricle and atrium lie upon one another."""
    rays, layers = t.rays, t.squares[BESIDE_LV]
    orifice = (layers[..., SPLIT] > layers[..., OUTER_START] + 9) & (layers[..., OUTER] > layers[..., SPLIT] + 9)
    x, y, z = (c[orifice] for c in rays.points(np.sqrt(layers[..., SPLIT])))
    if not len(x):
        raise InputError("Right atrium and ventricle of this heart do not touch: lower ra_z or raise ra_max_ml.")
    # Of a flat disc seen as points of equal weight, the mean square of the distance is half of that of the radius.
    radius = math.sqrt(2 * (x.var() + y.var()))
    center = np.array([x.mean(), y.mean(), z.mean() + t.tilt[0] * x.mean() + t.tilt[1] * y.mean()])
    return center, min(max(radius, 10.0), 22.0)
