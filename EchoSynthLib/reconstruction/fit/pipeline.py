"""Reconstruction by a fit, as a user calls it: label maps of views in, a heart of voxels out (numpy, scipy)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.discs import atrial_axis, ventricular_axis
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.parameters import FORM_MODES, HeartParameters
from EchoSynthLib.anatomy.heart3d.planes import standard_plane
from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE, RIGHT_ATRIUM, RIGHT_VENTRICLE
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER
from EchoSynthLib.measurement.chambers import Chamber, biplane_area_length_volume, biplane_disc_volume
from EchoSynthLib.reconstruction.fit.errors import VolumeErrors, cues
from EchoSynthLib.reconstruction.fit.outlines import Outlines
from EchoSynthLib.reconstruction.fit.solver import Fit, fit
from EchoSynthLib.reconstruction.fit.unknowns import Unknowns, first_sight, places_of
from EchoSynthLib.reconstruction.hearts import voxels_of
from EchoSynthLib.reconstruction.picture import OwnAxes, axes_of_views
from EchoSynthLib.reconstruction.results import Reconstruction
from EchoSynthLib.reconstruction.volume import VolumeGrid
from EchoSynthLib.types import LabelMap, Mask, Spacing

VIEWS = (FOUR_CHAMBER.name, TWO_CHAMBER.name, LONG_AXIS.name)
MEAN = HeartParameters(
    lv_widest=0.6,
    lv_base=0.765,
    base_tilt_x=-0.085,
    base_tilt_y=-0.085,
    la_height=1.48,
    lv_form=(0.10, 0.065, -0.085, -0.045, 0.0, 0.0, 0.0, 0.0),
    wall_form=(0.0,) * FORM_MODES,
    la_form=(0.0,) * FORM_MODES,
)
"""Around which hearts are sought, and which what no view shows is taken from: the left heart as patients have it in the
mean, with bulges that volumes of CAMUS's training patients agree with."""


class FitPipeline:
    """Label maps of apical views to the heart that fits them.

    Args:
        side: voxels along each side of the volume.
        errors: how true volumes lie about fitted ones; see `recipe`. Without, there are no intervals.
    """

    views = VIEWS

    def __init__(self, side: int = 64, errors: VolumeErrors | None = None) -> None:
        self.grid = VolumeGrid.of(side)
        self.errors = errors

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> FitPipeline:
        """The pipeline of a folder, whose config may tell the `side` of the volume and the `errors`."""
        errors = VolumeErrors.from_dict(config["errors"]) if "errors" in config else None
        return cls(int(config.get("side", 64)), errors)

    def __call__(
        self,
        label_maps: Mapping[str, LabelMap],
        spacing: Mapping[str, Spacing],
        plane_angle: float | None = None,
        axes: Mapping[str, OwnAxes] | None = None,
    ) -> Reconstruction:
        """The heart of these label maps, see `Reconstructor`.

        Raises:
            InputError: a label map has no long axis.
        """
        own = axes_of_views(label_maps, spacing, VIEWS, axes)
        found = self.fit(label_maps, spacing, plane_angle=plane_angle, axes=own)
        heart = Heart(found.parameters)
        volumes = chamber_volumes(heart)
        turn = _azimuth(heart, FOUR_CHAMBER.name)
        planes = {view: _plane(own[view], pose, turn) for view, pose in zip(own, found.poses, strict=True)}
        expected, intervals = {}, {}
        if self.errors is not None:
            seen = self.cues(found, label_maps, spacing, volumes[LEFT_ATRIUM.name], own)
            for name, (middle, low, high) in self.errors.at(seen).items():
                expected[name] = volumes[name] * math.exp(middle)
                intervals[name] = (volumes[name] * math.exp(low), volumes[name] * math.exp(high))
        return Reconstruction(
            voxels_of(heart, self.grid), self.grid, volumes, planes, intervals, expected, found.parameters
        )

    @staticmethod
    def cues(
        found: Fit,
        label_maps: Mapping[str, LabelMap],
        spacing: Mapping[str, Spacing],
        atrium_ml: float,
        axes: Mapping[str, OwnAxes] | None = None,
    ) -> NDArray[np.float64]:
        """What tells how far the volumes of a fit may be off; see `errors.CUES`."""
        own = axes_of_views(label_maps, spacing, VIEWS, axes)
        lengths = {view: each.length_mm for view, each in own.items()}
        return cues(found, _sizes(label_maps, spacing), lengths, atrium_ml)

    def fit(
        self,
        label_maps: Mapping[str, LabelMap],
        spacing: Mapping[str, Spacing],
        seen: Mapping[str, Mask] | None = None,
        plane_angle: float | None = None,
        axes: Mapping[str, OwnAxes] | None = None,
    ) -> Fit:
        """Heart and planes; `seen` as in `Outlines.of`, by view, `plane_angle` and `axes` as in `Reconstructor`."""
        own = axes_of_views(label_maps, spacing, VIEWS, axes)
        edges = seen or {}
        outlines = {view: Outlines.of(label_maps[view], own[view], edges.get(view)) for view in own}
        start = first_sight({view: each.length_mm for view, each in own.items()}, _sizes(label_maps, spacing), MEAN)
        heart = Heart(start)
        azimuth = {view: _azimuth(heart, view) for view in own}
        if plane_angle is not None:
            azimuth[TWO_CHAMBER.name] = azimuth[FOUR_CHAMBER.name] - math.radians(plane_angle)
        return fit(outlines, Unknowns(start, tuple(azimuth.values()), tuple(each.told for each in own.values())))


def chamber_volumes(heart: Heart, phase: float = 0.0) -> dict[str, float]:
    """ml by the names of `anatomy.structures`."""
    volumes = heart.volumes(phase)
    return {
        LEFT_VENTRICLE.name: volumes["LV"],
        LEFT_ATRIUM.name: volumes["LA"],
        RIGHT_VENTRICLE.name: volumes["RV"],
        RIGHT_ATRIUM.name: volumes["RA"],
    }


def _sizes(label_maps: Mapping[str, LabelMap], spacing: Mapping[str, Spacing]) -> dict[str, float]:
    """Volumes by discs and by area and length, and the wall's mean thickness, of the first two views."""
    ventricles, atria, walls = {}, {}, []
    for view in VIEWS[:2]:
        labels, step = label_maps[view], spacing[view]
        cavity, wall, atrium = (labels == code for code in (1, 2, 3))
        ventricles[view] = Chamber.of(cavity, ventricular_axis(labels, step))
        if atrium.any():
            atria[view] = Chamber.of(atrium, atrial_axis(labels, step))
        pixel = float(np.prod(step))
        whole, inner = (cavity.sum() + wall.sum()) * pixel, cavity.sum() * pixel
        # The wall goes around a half ellipse of that area: a band of w around a length of some 2.6 sqrt(area).
        walls.append((whole - inner) / (2.6 * math.sqrt((whole + inner) / 2)))
    lv = biplane_disc_volume(ventricles[TWO_CHAMBER.name], ventricles[FOUR_CHAMBER.name]) / 1000
    la = (
        biplane_area_length_volume(atria[TWO_CHAMBER.name], atria[FOUR_CHAMBER.name]) / 1000
        if len(atria) == 2
        else 0.4 * lv
    )
    return {"lv_ml": lv, "la_ml": la, "wall_mm": float(np.mean(walls))}


def _azimuth(heart: Heart, view: str) -> float:
    """Of an exact picture's right in the heart's axes, radians."""
    right = standard_plane(heart.landmarks(), view).pose.right
    return math.atan2(right[1], right[0])


def _plane(axes: OwnAxes, pose: NDArray[np.float64], turn: float) -> NDArray[np.float64]:
    """(4, 4): (row, column, behind in mm, 1) of a picture to (x, y, z, 1) in the axes of the volume.

    Args:
        axes: the picture's own.
        pose: in the heart's axes.
        turn: azimuth of the four-chamber view's right in them, which is the volume's x.
    """
    corners = places_of(axes.to_own(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])), pose)
    cos, sin = math.cos(turn), math.sin(turn)
    turned = corners @ np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = turned[1] - turned[0], turned[2] - turned[0]
    # Rows go down and columns right; what lies behind the picture is right x down.
    behind = np.cross(matrix[:3, 1], matrix[:3, 0])
    matrix[:3, 2], matrix[:3, 3] = behind / np.linalg.norm(behind), turned[0]
    return matrix
