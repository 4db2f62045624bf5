"""Strain of the left ventricle's wall: at any point from the gradient of the map, and global from its meridians.

Strain is Lagrangian: change of length over the length at end-diastole (Voigt et al., Eur Heart J Cardiovasc Imaging
16:1-11, 2015), so shortening is negative.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.motion import Motion
from EchoSynthLib.anatomy.heart3d.template import BESIDE_LV, INNER, INNER_WALL

_STEP_MM = 0.25


def strain(motion: Motion, points: NDArray[np.float64], phase: float) -> dict[str, NDArray[np.float64]]:
    """Longitudinal, circumferential and radial strain (N,) at points (N, 3) of the wall at end-diastole."""
    gradient = _gradient(lambda at: motion.forward(at, phase), points)
    radial = _unit(_gradient(lambda at: motion.depth(at)[:, None], points)[:, 0])
    around = _unit(np.cross([0.0, 0.0, 1.0], radial))
    along = np.cross(radial, around)
    directions = {"longitudinal": along, "circumferential": around, "radial": radial}
    return {
        name: np.linalg.norm(np.einsum("nij,nj->ni", gradient, direction), axis=1) - 1
        for name, direction in directions.items()
    }


def global_strain(motion: Motion, phase: float) -> dict[str, float]:
    """Mean change of length of lines on the wall: endocardial and midwall, "longitudinal" from the apex to the mitral
    plane, "circumferential" around each level, and "radial" through the wall.
    """
    rest, now = (_wall(motion, at) for at in (0.0, phase))
    found = {}
    for name, share in (("endocardial", 0.0), ("midwall", 0.5)):
        before, after = (inner + share * (outer - inner) for inner, outer in (rest, now))
        meridians = [np.linalg.norm(np.diff(line, axis=0), axis=-1).sum(0).mean() for line in (before, after)]
        rings = [np.linalg.norm(np.roll(line, -1, axis=1) - line, axis=-1).sum(1)[1:] for line in (before, after)]
        found[f"{name} longitudinal"] = float(meridians[1] / meridians[0] - 1)
        found[f"{name} circumferential"] = float((rings[1] / rings[0] - 1).mean())
    thickness = [np.linalg.norm(outer - inner, axis=-1)[1:] for inner, outer in (rest, now)]
    found["radial"] = float((thickness[1] / thickness[0] - 1).mean())
    return found


def _wall(motion: Motion, phase: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Endocardium and epicardium (rows, columns, 3) from the apex of the cavity to the mitral plane."""
    t, pose = motion.template, motion.pose(phase)
    rows = (t.rays.heights > -1e-6) & (t.rays.heights < t.length + 1e-6)
    distances = np.sqrt(pose.squares[BESIDE_LV].astype(np.float64))
    inner, outer = (motion.placed(distances[..., layer], pose)[rows] for layer in (INNER, INNER_WALL))
    return inner, outer


def _gradient(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, K, 3) of a function (N, 3) -> (N, K), by central differences."""
    steps = _STEP_MM * np.eye(3)
    columns = [(function(points + step) - function(points - step)) / (2 * _STEP_MM) for step in steps]
    return np.stack(columns, axis=-1)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
