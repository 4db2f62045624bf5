"""The surfaces of a reconstructed heart, and the hearts between two moments of its beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.meshes import Mesh, meshes
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.hearts import volume_axes


def heart_of(values: Mapping[str, Any]) -> HeartParameters:
    """The numbers of a heart as a record tells them under `heart`.

    Raises:
        InputError: they are none, or no heart has them.
    """
    known = {field.name for field in fields(HeartParameters)}
    if not isinstance(values, Mapping) or set(values) - known:
        raise InputError('These are no numbers of a heart; give those that a record of `reconstruct` has as "heart".')
    numbers: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    try:
        return HeartParameters(**numbers)
    except TypeError as error:
        raise InputError(f"The numbers of a heart cannot be read: {error}") from error


def surfaces(parameters: HeartParameters) -> dict[str, Mesh]:
    """The surface of each structure at end-diastole, (x, y, z) in mm in the axes of the volume, by its name."""
    heart = Heart(parameters)
    axes = volume_axes(heart)
    placed = {}
    for name, mesh in meshes(heart).items():
        right, down, behind = axes.to_picture(mesh.points).T
        placed[name] = Mesh(np.column_stack([right, -behind, down]), mesh.quads)
    return placed


def between(diastole: HeartParameters, systole: HeartParameters, emptied: float) -> HeartParameters:
    """The heart at a moment between two that were reconstructed at the ends of its beat.

    All its numbers change in step, so the volume of its left ventricle is exactly what the share says. That the right
    heart moves as it does, no picture shows.

    Args:
        diastole, systole: whose end-diastoles are the moments of the pictures.
        emptied: share of the stroke volume that is out, 0 to 1, see `emptied_at`.
    """
    changed: dict[str, Any] = {}
    for name in (field.name for field in fields(HeartParameters)):
        first, last = getattr(diastole, name), getattr(systole, name)
        moved = (1 - emptied) * np.asarray(first) + emptied * np.asarray(last)
        changed[name] = tuple(moved.tolist()) if isinstance(first, tuple) else float(moved)
    return replace(diastole, **changed)


def emptied_at(phase: float, heart_rate: float = HeartParameters.heart_rate) -> float:
    """Share of the stroke volume that is out at a phase of the beat, 0 to 1; 0 is end-diastole.

    The heart rate (1/min) decides how long systole lasts, see `heart3d.volume_curve`.
    """
    return float(np.clip(Beat.at(heart_rate).emptied(phase), 0.0, 1.0))


def end_systole_at(heart_rate: float = HeartParameters.heart_rate) -> float:
    """The phase of end-systole, 0 to 1."""
    return Beat.at(heart_rate).aortic_closing
