from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy.structures import (
    LEFT_ATRIUM,
    LEFT_VENTRICLE,
    MYOCARDIUM,
    STRUCTURES,
    CamusCode,
    structure,
)
from EchoSynthLib.errors import InputError


def test_names_and_snomed_codes_tell_structures_apart() -> None:
    assert len({s.name for s in STRUCTURES}) == len({s.snomed_code for s in STRUCTURES}) == len(STRUCTURES)


def test_the_snomed_codes_are_those_of_the_terminology() -> None:
    codes = {s.name: s.snomed_code for s in STRUCTURES}
    assert codes == {
        "left ventricle": "87878005",
        "myocardium": "74281007",
        "left atrium": "82471001",
        "right ventricle": "53085002",
        "right atrium": "73829009",
        "aorta": "15825003",
    }


def test_camus_marks_cavity_wall_and_left_atrium() -> None:
    marked = [s for s in STRUCTURES if s.camus_code is not None]
    assert marked == [LEFT_VENTRICLE, MYOCARDIUM, LEFT_ATRIUM]
    assert [s.camus_code for s in marked] == [1, 2, 3]


def test_colors_are_distinct_and_within_a_byte() -> None:
    assert len({s.color for s in STRUCTURES}) == len(STRUCTURES)
    assert all(0 <= channel <= 255 for s in STRUCTURES for channel in s.color)


@pytest.mark.parametrize("known", STRUCTURES, ids=lambda s: s.name)
def test_a_structure_is_found_by_name_and_by_code(known) -> None:
    assert structure(known.name.upper()) is known
    assert structure(known.snomed_code) is known


def test_an_unknown_structure_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"spleen.*left ventricle \(87878005\)"):
        structure("spleen")


def test_the_codes_leave_a_label_map_of_bytes_one_of_bytes() -> None:
    labels = np.arange(4, dtype=np.uint8)
    assert np.where(labels == CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM, labels).dtype == np.uint8
