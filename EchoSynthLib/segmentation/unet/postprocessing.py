"""Keep a label map anatomically whole: one component per structure, no holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.grid import Box


def clean(label_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest component of the left ventricle with its wall, of the cavity in it, and of the left atrium; no holes.

    Crumbs of cavity inside the ventricle become wall.
    """
    result = np.zeros_like(label_map)
    cavity_seen, atrium_seen = label_map == 1, label_map == 3
    ventricle, atrium = _solid(cavity_seen | (label_map == 2)), _solid(atrium_seen)
    cavity = _solid(cavity_seen & ventricle)
    result[atrium] = 3
    result[ventricle] = 2
    result[cavity & ventricle] = 1
    # A filled hole may not swallow what was seen as another structure.
    result[atrium_seen & atrium] = 3
    return result


def _solid(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest component of a mask, its holes filled."""
    from scipy import ndimage

    box = _bounding_box(mask)
    if box is None:
        return mask
    part = mask[box]
    labels, count = ndimage.label(part)
    if count > 1:
        part = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    # Holes are what the outside does not reach; several times faster here than binary_fill_holes.
    outside, _ = ndimage.label(np.pad(~part, 1, constant_values=True))
    whole = np.zeros_like(mask)
    whole[box] = (outside != outside[0, 0])[1:-1, 1:-1]
    return whole


def _bounding_box(mask: NDArray[np.bool_]) -> Box | None:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
