"""What a label map of CAMUS would show of a cut: cavity and wall of the left ventricle, cavity of the left atrium."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.tissue import TISSUES, Tissue
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.types import LabelMap

_CODES: Final = {
    Tissue.LV_CAVITY: CamusCode.LV_CAVITY,
    # Traced around, as the guidelines for volumes ask (Lang et al., J Am Soc Echocardiogr 28:1-39, 2015).
    Tissue.PAPILLARY_MUSCLE: CamusCode.LV_CAVITY,
    Tissue.MITRAL_LEAFLET: CamusCode.LV_CAVITY,
    Tissue.LV_WALL: CamusCode.MYOCARDIUM,
    Tissue.LEFT_ATRIUM: CamusCode.LEFT_ATRIUM,
}
_TABLE: Final = np.zeros(256, np.uint8)
_TABLE[list(_CODES)] = list(_CODES.values())

HEART: Final = np.zeros(256, bool)
"""Which codes are a heart's own: its chambers, walls, valves and great vessels."""
HEART[list(TISSUES)] = True
HEART[[Tissue.SOFT_TISSUE, Tissue.FAT, Tissue.PERICARDIUM, Tissue.LUNG]] = False


def camus_of(labels: NDArray[np.uint8]) -> LabelMap:
    """Label maps of any shape in the codes of `Tissue`, in those of CAMUS.

    Papillary muscles and the mitral leaflets, which hang into the ventricle, count to its cavity; right heart, aorta
    and all else are background.
    """
    return _TABLE[labels]
