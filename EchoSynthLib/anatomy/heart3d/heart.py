"""A beating heart in millimeters: what is at a point at a phase, where it moves, how much the chambers hold.

Axes are right-handed and lie as the short axis is shown by echocardiography, seen from the apex: x to the lateral wall
(the image's right), y to the inferior wall (down), z from the apex to the base (into the image). The origin is the
apex of the left ventricle's cavity; z runs through the middle of the mitral annulus. Phase 0 is end-diastole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.heart3d import distributions
from EchoSynthLib.anatomy.heart3d.labeling import Labeling
from EchoSynthLib.anatomy.heart3d.landmarks import Landmarks, landmarks_of
from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.papillary import PapillaryMuscles
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.strain import global_strain, strain
from EchoSynthLib.anatomy.heart3d.surfaces import surfaces
from EchoSynthLib.anatomy.heart3d.template import Template, make_template
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.anatomy.heart3d.valves import Valves
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.errors import InputError


@dataclass(frozen=True)
class Heart:
    """One person's heart; geometry is made once, when it is first asked for.

    Attributes:
        parameters: the numbers that it is made from.
    """

    parameters: HeartParameters = field(default_factory=HeartParameters)

    @classmethod
    def normal(cls, **changes: Any) -> Heart:
        """A healthy adult's heart; `changes` are fields of `HeartParameters`."""
        return cls(replace(HeartParameters(), **changes))

    @classmethod
    def drawn(cls, seed: int, condition: str = "normal") -> Heart:
        """A heart drawn from the distributions of adults with this condition; see `distributions.CONDITIONS`."""
        return cls(distributions.draw(seed, condition))

    @cached_property
    def template(self) -> Template:
        """The layers at end-diastole."""
        return make_template(self.parameters)

    @cached_property
    def beat(self) -> Beat:
        """When valves open and close."""
        return Beat.at(self.parameters.heart_rate)

    @cached_property
    def motion(self) -> Motion:
        """Where everything goes through the beat."""
        return Motion(self.template, self.parameters, self.beat)

    @cached_property
    def papillary(self) -> PapillaryMuscles:
        """The papillary muscles."""
        return PapillaryMuscles(self.motion)

    @cached_property
    def valves(self) -> Valves:
        """The valves with leaflets."""
        return Valves(self.motion)

    @cached_property
    def _labeling(self) -> Labeling:
        return Labeling(self.motion, self.papillary, self.valves)

    @property
    def end_systole(self) -> float:
        """The phase of the smallest left ventricle: the aortic valve closes."""
        return self.beat.aortic_closing

    def labels(self, points: ArrayLike, phase: float = 0.0) -> NDArray[np.uint8]:
        """What is at points (..., 3) in mm, as codes of `Tissue` (...)."""
        at = _points(points)
        return self._labeling.labels(at.reshape(-1, 3), phase).reshape(at.shape[:-1])

    def displacement(self, points: ArrayLike, phase: float) -> NDArray[np.float64]:
        """Where what is at points (..., 3) at end-diastole has moved at a phase: (..., 3) in mm."""
        at = _points(points)
        return self._carried(at, 0.0, phase) - at

    def material_points(self, points: ArrayLike, phase: float) -> NDArray[np.float64]:
        """Where what is at points (..., 3) at a phase was at end-diastole: the inverse of the displacement."""
        return self._carried(_points(points), phase, 0.0)

    def strain(self, points: ArrayLike, phase: float) -> dict[str, NDArray[np.float64]]:
        """Longitudinal, circumferential and radial strain (...) at points (..., 3) of the wall at end-diastole."""
        at = _points(points)
        found = strain(self.motion, at.reshape(-1, 3).astype(np.float64), phase)
        return {name: values.reshape(at.shape[:-1]) for name, values in found.items()}

    def global_strain(self, phase: float) -> dict[str, float]:
        """Of the left ventricle: see `strain.global_strain`."""
        return global_strain(self.motion, phase)

    def surfaces(self, phase: float = 0.0) -> dict[str, NDArray[np.float64]]:
        """Points (N, 3) on the surface of each structure at a phase."""
        return surfaces(self.motion, phase)

    def volumes(self, phase: float = 0.0) -> dict[str, float]:
        """ml of "LV", "LV wall", "RV", "LA" and "RA" at a phase: what the layers hold, by exact sums."""
        return self.motion.volumes(phase)

    def landmarks(self, phase: float = 0.0) -> Landmarks:
        """Places from which planes are set, at a phase."""
        return landmarks_of(self.motion, self.valves, phase)

    def _carried(self, points: NDArray[np.floating], before: float, after: float) -> NDArray[np.float64]:
        """Between end-diastole and a phase; what stands in the blood has its own way."""
        flat = points.reshape(-1, 3).astype(np.float64)
        codes = self._labeling.labels(flat, before)
        forward = before == 0.0
        moved = self.motion.forward(flat, after) if forward else self.motion.backward(flat, before)
        muscle = codes == Tissue.PAPILLARY_MUSCLE
        moved[muscle] = self.papillary.carried(flat[muscle], before, after)
        leaflets = (Tissue.MITRAL_LEAFLET, Tissue.TRICUSPID_LEAFLET, Tissue.AORTIC_CUSP)
        for code, old, new in zip(leaflets, self.valves.at(before), self.valves.at(after), strict=True):
            chosen = codes == code
            moved[chosen] = old.carried(flat[chosen], new)
        return moved.reshape(points.shape)


def _points(points: ArrayLike) -> NDArray[np.float64]:
    at = np.asarray(points)
    if at.ndim < 1 or at.shape[-1] != 3 or at.dtype.kind not in "fiu":
        raise InputError(f"Points of a heart are numbers (..., 3) in mm; given was an array {at.shape} of {at.dtype}.")
    return at
