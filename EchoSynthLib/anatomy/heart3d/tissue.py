"""What a point of the chest can be, as codes of label maps and volumes."""

from __future__ import annotations

from typing import Final


class Tissue:
    """Codes of `Heart.labels`: plain numbers, as in `CamusCode`.

    Papillary muscles belong to the cavity in every volume, as the guidelines have it (Lang et al., J Am Soc
    Echocardiogr 28:1-39, 2015).
    """

    SOFT_TISSUE: Final = 0
    LV_CAVITY: Final = 1
    LV_WALL: Final = 2
    LEFT_ATRIUM: Final = 3
    LEFT_ATRIAL_WALL: Final = 4
    RV_CAVITY: Final = 5
    RV_WALL: Final = 6
    RIGHT_ATRIUM: Final = 7
    RIGHT_ATRIAL_WALL: Final = 8
    AORTA: Final = 9
    AORTIC_WALL: Final = 10
    PULMONARY_ARTERY: Final = 11
    PULMONARY_ARTERIAL_WALL: Final = 12
    PAPILLARY_MUSCLE: Final = 13
    MITRAL_LEAFLET: Final = 14
    TRICUSPID_LEAFLET: Final = 15
    AORTIC_CUSP: Final = 16
    FAT: Final = 17
    PERICARDIUM: Final = 18
    LUNG: Final = 19


TISSUES: Final = {code: name.lower().replace("_", " ") for name, code in vars(Tissue).items() if name.isupper()}
"""Name of each code, in words."""
