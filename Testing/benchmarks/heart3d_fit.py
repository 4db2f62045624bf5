"""Fits the shape parameters of a heart to the surfaces of a real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from real_hearts import Points, RealHeart
from scipy.spatial import cKDTree

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.parameters import FORM_MODES, LARGEST_FORM, RANGES, HeartParameters
from EchoSynthLib.anatomy.heart3d.surfaces import surfaces
from EchoSynthLib.errors import InputError

# What is fitted to which surfaces, one after another, with the step in which each is looked for.
STAGES: tuple[tuple[tuple[str, ...], dict[str, float]], ...] = (
    (
        ("LV", "LV outside"),
        {"lv_edv_ml": 12, "lv_length_mm": 6, "lv_widest": 0.06, "lv_base": 0.1, "wall_mm": 1.5, "septum_ratio": 0.2,
         "apex_ratio": 0.25, "base_tilt_x": 0.1, "base_tilt_y": 0.1, "aortic_x_mm": 3, "aortic_y_mm": 3,
         "aortic_annulus_mm": 2, "lv_form": 0.06, "wall_form": 0.12},
    ),
    (
        ("aorta",),
        {"aortic_x_mm": 3, "aortic_y_mm": 3, "aortic_lean_x": 0.3, "aortic_lean_y": 0.3, "aortic_annulus_mm": 2,
         "aortic_sinus_mm": 3, "ascending_aorta_mm": 3},
    ),
    (("LA",), {"la_max_ml": 20, "la_height": 0.2, "la_lean_x": 0.2, "la_lean_y": 0.2, "la_form": 0.1}),
    (
        ("RV", "epicardium"),
        {"rv_edv_ml": 15, "rv_apex": 0.05, "rv_angle_deg": 6, "rv_turn_deg": 8, "rv_width_deg": 6,
         "tricuspid_drop_mm": 4, "tricuspid_mm": 3, "tricuspid_deg": 4, "tricuspid_tilt": 0.1,
         "pulmonary_drop_mm": 4, "rv_form": 0.12},
    ),
    (("epicardium",), {"wall_mm": 1.5, "apex_ratio": 0.25, "rv_wall_mm": 1.0, "wall_form": 0.08}),
    (
        ("RA",),
        {"ra_max_ml": 40, "ra_x": 0.15, "ra_y": 0.15, "ra_z": 0.15, "ra_width": 0.15, "ra_depth": 0.15,
         "ra_turn_deg": 12, "ra_form": 0.1, "ra_lean_x": 0.15, "ra_lean_y": 0.15},
    ),
)  # fmt: skip
_SAMPLES = 300
_DIFFERENCE = 0.15
_PRIOR = 0.5  # mm that a step costs


def fit(real: RealHeart, start: HeartParameters | None = None, rounds: int = 10) -> HeartParameters:
    """The parameters whose surfaces lie nearest; those that no surface of the real heart tells of stay."""
    found = start or HeartParameters()
    for names, steps in STAGES:
        targets = {name: real.surfaces[name] for name in names if name in real.surfaces}
        if targets:
            found = _fitted(found, targets, steps, rounds)
    return found


def distances(heart: Heart, real: RealHeart, phase: float = 0.0) -> dict[str, float]:
    """Mean distance in mm of each structure's surfaces, of both ways."""
    made = surfaces(heart.motion, phase)
    made["aorta"] = _as_far(made["aorta"], real.surfaces.get("aorta"))
    return {name: _mean_distance(made[name], points) for name, points in real.surfaces.items()}


def _as_far(aorta: Points, real: Points | None) -> Points:
    """The aorta as far from the valve as the real one was segmented."""
    return aorta if real is None else aorta[: int(cKDTree(aorta).query(real)[1].max()) + 1]


def _mean_distance(made: Points, real: Points) -> float:
    there, _ = cKDTree(made).query(real)
    back, _ = cKDTree(real).query(made)
    return float((there.mean() + back.mean()) / 2)


def _fitted(
    start: HeartParameters, targets: dict[str, Points], steps: dict[str, float], rounds: int
) -> HeartParameters:
    names = [(name, k) for name in steps for k in range(FORM_MODES if name.endswith("_form") else 1)]
    chosen = {name: points[:: max(1, len(points) // _SAMPLES)] for name, points in targets.items()}
    trees = {name: cKDTree(points) for name, points in targets.items()}

    def changed(vector: NDArray[np.float64]) -> HeartParameters:
        values: dict[str, object] = {}
        for (name, k), step in zip(names, vector, strict=True):
            if name.endswith("_form"):
                form = list(values.get(name, getattr(start, name)))  # type: ignore[call-overload]
                form[k] = float(np.clip(form[k] + step * steps[name], -LARGEST_FORM, LARGEST_FORM))
                values[name] = tuple(form)
            else:
                values[name] = float(np.clip(getattr(start, name) + step * steps[name], *RANGES[name]))
        return replace(start, **values)  # type: ignore[arg-type]

    def residuals(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [_PRIOR * np.sqrt(_SAMPLES / 100) * vector]
        try:
            made = surfaces(Heart(changed(vector)).motion)
        except InputError:
            return np.full(len(names) + 2 * sum(map(len, chosen.values())), 50.0)
        made["aorta"] = _as_far(made["aorta"], targets.get("aorta"))
        for name, points in chosen.items():
            parts.append(cKDTree(made[name][::2]).query(points)[0])
            some = made[name][np.linspace(0, len(made[name]) - 1, len(points)).astype(int)]
            parts.append(trees[name].query(some)[0])
        return np.concatenate(parts)

    return changed(_gauss_newton(residuals, len(names), rounds))


def _gauss_newton(
    residuals: Callable[[NDArray[np.float64]], NDArray[np.float64]], count: int, rounds: int
) -> NDArray[np.float64]:
    """The vector with small residuals, from 0 on: damped steps of at most 1 in each number that lower the squares."""
    at, now = np.zeros(count), residuals(np.zeros(count))
    damping = 1.0
    for _ in range(rounds):
        columns = [(residuals(at + _DIFFERENCE * unit) - now) / _DIFFERENCE for unit in np.eye(count)]
        slopes = np.stack(columns, axis=1)
        for _ in range(4):
            normal = slopes.T @ slopes + damping * np.diag((slopes**2).sum(0) + 1)
            there = at + np.clip(-np.linalg.solve(normal, slopes.T @ now), -1, 1)
            new = residuals(there)
            if (new**2).sum() < (now**2).sum():
                at, now, damping = there, new, damping / 4
                break
            damping *= 4
    return at
