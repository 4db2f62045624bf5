"""How gray levels change from end-diastole to end-systole, learned from pairs of real frames: a part of `Look`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.progress import silent
from EchoSynthLib.synthesis.beating.look import TYPICAL_EJECTION, Look
from EchoSynthLib.synthesis.beating.pairs import Pairs
from EchoSynthLib.types import LabelMap, Progress

LEAST_EJECTION = 0.3
"""Of the volume, below which a pair tells little of systole."""
BRIGHTER = 1.1
"""Times as bright as the ventricle's blood is an atrium that can clear."""
_BORDER = 2  # pixels at the edge of a structure, which has a part of its neighbor
_FEWEST_PIXELS, _FEWEST_PAIRS = 100, 10


def look_of(pairs: Pairs, pictures: NDArray[np.uint8], progress: Progress | None = None) -> Look:
    """The look of the pairs, in the median over them; the default where they are too few to tell.

    Each structure's mean gray level at end-systole is set against that at end-diastole, both within the reference label
    maps, and taken for an ejection fraction of `TYPICAL_EJECTION`. The atrium is told by `clearing` alone.

    Args:
        pairs: N, to be learned from.
        pictures: (N, 2, H, W) of them.
        progress: told how far it is.
    """
    tell, changes, cleared = progress or silent, [], []
    for index in range(len(pairs)):
        tell(index, len(pairs), f"comparing pair {index + 1} of {len(pairs)}")
        maps = pairs.diastole[index], pairs.systole[index]
        full, empty = (disc_volume(labels, pairs.spacing_of(index)) for labels in maps)
        ejection = 1 - empty / full
        if ejection < LEAST_EJECTION:
            continue
        try:
            diastole, systole = (_levels(*both) for both in zip(pictures[index], maps, strict=True))
        except InputError:  # no sector
            continue
        typical = TYPICAL_EJECTION / ejection
        with np.errstate(divide="ignore", invalid="ignore"):
            changes.append(typical * (systole / diastole - 1))
        above, above_later = (
            levels[CamusCode.LEFT_ATRIUM] - levels[CamusCode.LV_CAVITY] for levels in (diastole, systole)
        )
        if diastole[CamusCode.LEFT_ATRIUM] > BRIGHTER * diastole[CamusCode.LV_CAVITY] and np.isfinite(above_later):
            cleared.append(typical * (1 - above_later / above))
    usual = Look()
    if len(changes) < _FEWEST_PAIRS or len(cleared) < _FEWEST_PAIRS:
        return usual
    background, cavity, wall, _ = (float(change) for change in np.nanmedian(changes, axis=0))
    clearing = float(np.clip(np.median(cleared), 0, 1))
    return replace(usual, systole=(background, cavity, wall, 0.0), clearing=clearing)


def _levels(picture: NDArray[np.uint8], label_map: LabelMap) -> NDArray[np.float64]:
    """(4,) mean gray level of what has each code; NaN where that is too little."""
    inside = ndimage.binary_erosion(fit_sector(picture).mask(picture.shape), iterations=_BORDER)
    levels = []
    for code in range(4):
        core = ndimage.binary_erosion(label_map == code, iterations=_BORDER) & inside
        levels.append(float(picture[core].mean()) if np.count_nonzero(core) >= _FEWEST_PIXELS else np.nan)
    return np.array(levels)
