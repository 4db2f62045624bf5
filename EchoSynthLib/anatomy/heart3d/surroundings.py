"""What lies around the heart and does not move: lung beside it, and the descending aorta behind the left atrium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.rays import COLUMNS
from EchoSynthLib.anatomy.heart3d.template import Template
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.anatomy.heart3d.vessels import WALL_MM

_LUNG_BEGINS = 0.15  # height over the length of the ventricle: below it is the apical window
_LUNG_SECTOR = 0.35  # cosine: lateral of the heart; the front is the parasternal window, below is the liver
_VESSEL_MM = 11.0


def surroundings(t: Template, points: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Codes of `Tissue` at points (N, 3) outside the heart."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    lateral = x > _LUNG_SECTOR * np.sqrt(x * x + y * y)
    lung = ((z > _LUNG_BEGINS * t.length) & lateral) | ((z > t.length) & (x < -95.0))
    found = np.where(lung, np.uint8(Tissue.LUNG), np.uint8(Tissue.SOFT_TISSUE))
    away = _from_descending_aorta(t, points)
    found[away < _VESSEL_MM + WALL_MM] = Tissue.AORTIC_WALL
    found[away < _VESSEL_MM] = Tissue.AORTA
    return found


def _from_descending_aorta(t: Template, points: NDArray[np.floating]) -> NDArray[np.floating]:
    """mm from the middle of the vessel, which runs across the long-axis plane behind the atrium."""
    aside = -t.aorta.course[0, :2] / np.linalg.norm(t.aorta.course[0, :2])
    row = int(np.searchsorted(t.rays.heights, t.length + 15))
    column = round(float(np.arctan2(aside[1], aside[0])) / (2 * np.pi) * COLUMNS) % COLUMNS
    reach = float(np.sqrt(t.squares[1, row, column, -2])) + _VESSEL_MM + 6
    x, y = t.rays.axis[row] + reach * aside
    z = t.length + 15
    across = np.array([-aside[1], aside[0], 0.35])
    across /= np.linalg.norm(across)
    q = points - np.array([x, y, z], dtype=points.dtype)
    along = q @ across.astype(points.dtype)
    return np.sqrt(np.maximum((q * q).sum(-1) - along * along, 0))
