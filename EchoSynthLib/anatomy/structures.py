"""The heart's structures, told by name and SNOMED CT code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from EchoSynthLib.errors import InputError


class CamusCode:
    """Values of CAMUS label maps (Leclerc et al., IEEE TMI 2019).

    Plain numbers rather than an IntEnum, whose members numpy takes for int64: a comparison with a uint8 label map would
    take twelve times as long, and `np.where` would widen it.
    """

    BACKGROUND: Final = 0
    LV_CAVITY: Final = 1
    MYOCARDIUM: Final = 2
    LEFT_ATRIUM: Final = 3


@dataclass(frozen=True)
class Structure:
    """An anatomical structure as Slicer's terminology knows it.

    Attributes:
        name: the field's name for it, lower case.
        snomed_code: SNOMED CT concept id; together with the scheme "SCT" it tells the structure across programs.
        color: red, green and blue, 0-255, as Slicer's terminologies recommend.
        camus_code: value in CAMUS label maps, or None where CAMUS does not mark the structure.
    """

    name: str
    snomed_code: str
    color: tuple[int, int, int]
    camus_code: int | None = None


LEFT_VENTRICLE = Structure("left ventricle", "87878005", (152, 55, 13), CamusCode.LV_CAVITY)
MYOCARDIUM = Structure("myocardium", "74281007", (206, 110, 84), CamusCode.MYOCARDIUM)
LEFT_ATRIUM = Structure("left atrium", "82471001", (221, 129, 37), CamusCode.LEFT_ATRIUM)
RIGHT_VENTRICLE = Structure("right ventricle", "53085002", (181, 85, 57))
RIGHT_ATRIUM = Structure("right atrium", "73829009", (210, 115, 89))
AORTA = Structure("aorta", "15825003", (224, 97, 76))

STRUCTURES = (LEFT_VENTRICLE, MYOCARDIUM, LEFT_ATRIUM, RIGHT_VENTRICLE, RIGHT_ATRIUM, AORTA)


def structure(name_or_code: str) -> Structure:
    """The structure of this name (any case) or SNOMED CT code.

    Raises:
        InputError: no structure is called so.
    """
    key = str(name_or_code).strip().lower()
    for candidate in STRUCTURES:
        if key in (candidate.name, candidate.snomed_code):
            return candidate
    known = ", ".join(f"{s.name} ({s.snomed_code})" for s in STRUCTURES)
    raise InputError(f"No structure is called {name_or_code!r}. Known are: {known}.")
