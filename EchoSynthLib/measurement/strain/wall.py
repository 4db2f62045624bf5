"""The wall of the left ventricle in one apical frame, as points that can be followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.heart2d.endocardium import APEX, Points, endocardium_of_mask, resample
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.measurement.thickness import outwards, thickness_along
from EchoSynthLib.types import Spacing

INTERVALS = 16
"""Of the contour in each of its six segments."""
POINTS = 6 * INTERVALS + 1
EDGES = INTERVALS * np.arange(7)
"""Points of a contour at which its segments begin and end: mitral hinge, thirds of either wall, apex, other hinge."""
_COVERED = 0.6  # of the contour that has a wall beside it, so that there is a midwall
_ALONG = 2.0  # points: a Gaussian over the thickness, so that the outer contour is as smooth as the inner one


@dataclass(frozen=True, eq=False)
class Wall:
    """Points of the wall, in pixels (row, column), from the left mitral hinge over the apex to the right one.

    Attributes:
        layers: (3, 97, 2) endocardium, middle of the wall and its outer border, each point square to the endocardium
            from the one within; (1, 97, 2), the endocardium alone, where no wall is labeled beside it.
        step: (row, column) pixel size in mm, or ones.
    """

    layers: NDArray[np.float64]
    step: NDArray[np.float64]

    @property
    def endocardium(self) -> Points:
        """(97, 2), the points `EDGES` of it those between the segments."""
        return np.asarray(self.layers[0])

    @property
    def axis_length(self) -> float:
        """Of the long axis, from the middle of the mitral plane to the apex, in mm or pixels."""
        inner = self.endocardium
        return float(np.linalg.norm((inner[len(inner) // 2] - (inner[0] + inner[-1]) / 2) * self.step))

    @property
    def has_wall(self) -> bool:
        """Whether there is more than the endocardium."""
        return len(self.layers) == 3

    @classmethod
    def of(cls, label_map: ArrayLike, spacing: Spacing | None = None) -> Wall:
        """The wall that a label map (H, W) in CAMUS codes shows.

        Raises:
            InputError: see `endocardium_of_mask`.
        """
        labels = check_label_map(label_map)
        step = np.array(spacing or (1.0, 1.0), dtype=np.float64)
        found = endocardium_of_mask(labels, spacing)
        curve = _divided_at_apex(found.curve, found.points[APEX], spacing)
        thickness = thickness_along(labels, curve, found.points[APEX], step)
        known = np.isfinite(thickness)
        if known.mean() < _COVERED:
            return cls(curve[None], step)
        across = _smooth_thickness(thickness, known)[:, None] * outwards(curve, step) / step
        return cls(np.stack([curve, curve + across / 2, curve + across]), step)


def _divided_at_apex(curve: Points, apex: Points, spacing: Spacing | None) -> Points:
    """An open curve (n, 2) as `POINTS` points, as many on either side of the apex and at equal distances there."""
    step = np.array(spacing or (1.0, 1.0))
    fine = resample(curve, 8 * POINTS, spacing)
    at = int(np.linalg.norm((fine - apex) * step, axis=1).argmin())
    sides = [resample(side, POINTS // 2 + 1, spacing) for side in (fine[: at + 1], fine[at:])]
    return np.concatenate([sides[0], sides[1][1:]])


def _smooth_thickness(thickness: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    places = np.arange(len(thickness))
    filled = np.interp(places, places[known], thickness[known])
    return np.asarray(gaussian_filter1d(filled, _ALONG, mode="nearest"))
