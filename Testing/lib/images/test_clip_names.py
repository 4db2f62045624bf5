"""Names of frames and cines tell patient, view and phase."""

from __future__ import annotations

from typing import get_args

import pytest

from EchoSynthLib.anatomy.views import LONG_AXIS, Capability, taken_view
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import (
    ClipName,
    check_named_view,
    contradictions,
    doubt_of_named_view,
    told_by_name,
    untaken_view,
)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("patient0001_2CH_ED", ("patient0001", "2CH", "ED")),
        ("patient0001_4ch_es", ("patient0001", "4CH", "ES")),
        ("patient0001_4CH_ED_gt", ("patient0001", "4CH", "ED")),
        ("patient0001_4CH_ED segmentation", ("patient0001", "4CH", "ED")),
        ("patient0001_4CH_ED_1", ("patient0001", "4CH", "ED")),
        ("patient0001_4CH_sequence", ("patient0001", "4CH", "")),
        ("Doe-A4C", ("Doe", "4CH", "")),
        ("Doe Jane ap2ch end-systole", ("Doe Jane", "2CH", "ES")),
        ("Doe, apical four-chamber, diastole", ("Doe", "4CH", "ED")),
        ("7_two chamber", ("7", "2CH", "")),
        ("2CH", ("", "2CH", "")),
        ("ED_4CH", ("", "4CH", "ED")),
        ("p1 ES 2CH", ("p1", "2CH", "ES")),
        ("patient0003_ED", ("patient0003", "", "ED")),
        ("2CH of 2019, then 4CH", ("2CH of 2019, then", "4CH", "")),
    ],
)
def test_a_name_tells_patient_view_and_phase(name: str, told: tuple[str, str, str]) -> None:
    assert told_by_name(name) == ClipName(*told)


@pytest.mark.parametrize("name", ["", "IM_0001", "patient0001", "chest", "24CH", "4chest", "cast2c", "12chambers"])
def test_a_name_that_tells_no_view_and_no_phase_tells_no_patient_either(name: str) -> None:
    assert told_by_name(name) == ClipName()


def test_initials_are_no_phase() -> None:
    assert told_by_name("ed_smith_4CH") == ClipName("ed_smith", "4CH", "")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("x_PLAX", "PLAX"),
        ("p_PSAX-PM_ED", "PSAX-PM"),
        ("p_psax_ED", "psax"),
        ("p_A3C_ED", "A3C"),
        ("p 5CH", "5CH"),
        ("p, apical three-chamber", "apical three-chamber"),
        ("p_subcostal", "subcostal"),
    ],
)
def test_a_view_that_nothing_takes_is_told(name: str, word: str) -> None:
    assert untaken_view(name) == word
    assert told_by_name(name).view == ""


@pytest.mark.parametrize(
    "capability",
    [capability for capability in get_args(Capability) if capability not in ("heart cuts", "view classification")],
)
@pytest.mark.parametrize("word", ["PLAX", "PSAX", "A3C"])
def test_a_view_in_a_name_is_refused_in_the_words_for_one_that_is_given(word: str, capability: Capability) -> None:
    with pytest.raises(InputError) as given:
        taken_view(word, capability)
    with pytest.raises(
        InputError, match=rf"The name x_{word} tells the view {word!r}.*Rename it.* or give the view"
    ) as named:
        check_named_view(f"x_{word}", capability)
    assert str(given.value) in str(named.value)
    assert str(given.value) in str(doubt_of_named_view(f"x_{word}", capability))


@pytest.mark.parametrize("name", ["x_4CH", "x_2CH_ED", "x"])
def test_a_name_that_tells_a_taken_view_or_none_is_not_doubted(name: str) -> None:
    check_named_view(name, "segmentation")
    assert doubt_of_named_view(name, "segmentation") == []


@pytest.mark.parametrize("name", ["sc_4CH_ED", "pla_2CH", "other_A4C", "relaxed", "13CH", "plaxton_4CH", "patient0001"])
def test_initials_and_words_of_every_day_are_no_other_view(name: str) -> None:
    assert untaken_view(name) == ""


def test_a_name_that_contradicts_itself_is_told_with_what_was_taken() -> None:
    assert told_by_name("pat1_4CH_2CH_ED_ES") == ClipName("pat1_4CH", "2CH", "ES")
    assert contradictions("pat1_4CH_2CH_ED_ES") == [
        "its name tells two views, 2CH and 4CH; taken was 2CH",
        "its name tells two phases, ED and ES; taken was ES",
    ]
    assert contradictions("ed_smith_4CH_ES") == contradictions("patient0001_4CH_A4C_ED") == []


@pytest.mark.parametrize("name", ["patient0001_3CH_ED", "patient0001_A3C_ED", "patient0001 apical long-axis ED"])
def test_other_views_are_told_where_they_are_asked_for(name: str) -> None:
    assert told_by_name(name, (LONG_AXIS,)) == ClipName("patient0001", "3CH", "ED")
    assert told_by_name(name).view == ""
    assert told_by_name("patient0001_4CH_ED", (LONG_AXIS,)) == ClipName("patient0001", "4CH", "ED")
