"""Keep a label map anatomically whole: one component per structure, no holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.masks import cropped, solid
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.types import Mask


def clean(label_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest component of the left ventricle with its wall, of the cavity in it, and of the left atrium; no holes.

    Crumbs of cavity inside the ventricle become wall.
    """
    result = np.zeros_like(label_map)
    cavity_seen, atrium_seen = label_map == CamusCode.LV_CAVITY, label_map == CamusCode.LEFT_ATRIUM
    ventricle, atrium = _solid(cavity_seen | (label_map == CamusCode.MYOCARDIUM)), _solid(atrium_seen)
    cavity = _solid(cavity_seen & ventricle)
    result[atrium] = CamusCode.LEFT_ATRIUM
    result[ventricle] = CamusCode.MYOCARDIUM
    result[cavity & ventricle] = CamusCode.LV_CAVITY
    # A filled hole may not swallow what was seen as another structure.
    result[atrium_seen & atrium] = CamusCode.LEFT_ATRIUM
    return result


def _solid(mask: Mask) -> Mask:
    """The largest component of a mask, its holes filled."""
    part, (row, column) = cropped(mask)
    whole = np.zeros_like(mask)
    if part.size:
        whole[row : row + part.shape[0], column : column + part.shape[1]] = solid(part)
    return whole
