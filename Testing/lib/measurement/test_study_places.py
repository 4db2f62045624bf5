"""The four places of a biplane study fill themselves; what contradicts itself is told."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.measurement.study_places import AREA, MODEL, NAME, PLACES, SET, Clip, Filled, by_patient, fill_places

BEAT = 30 - 10 * np.sin(np.linspace(0, np.pi, 20))


def test_names_alone_fill_all_four() -> None:
    names = [f"patient0001_{where.replace(' ', '_')}" for where in reversed(PLACES)]
    filling = fill_places([Clip(name) for name in names])
    assert filling.doubts == ()
    assert filling.places == {where: Filled(3 - number, NAME, NAME) for number, where in enumerate(PLACES)}


def test_the_classifier_tells_views_and_areas_tell_phases_where_names_do_not() -> None:
    sizes = {"4CH": (30.0, 18.0), "2CH": (17.0, 28.0)}
    clips = [
        Clip(f"IM_{view}{k}".replace("CH", ""), seen=view, areas=(sizes[view][k],)) for view in sizes for k in (0, 1)
    ]
    filling = fill_places(clips)
    assert filling.doubts == ()
    assert {where: filled.clip for where, filled in filling.places.items()} == {
        "4CH ED": 0,
        "4CH ES": 1,
        "2CH ES": 2,
        "2CH ED": 3,
    }
    assert {(filled.view_from, filled.phase_from) for filled in filling.places.values()} == {(MODEL, AREA)}


def test_of_a_cine_both_ends_are_found_by_area() -> None:
    filling = fill_places([Clip("p_2CH", areas=tuple(BEAT), frames=20), Clip("p_4CH", frames=20)])
    assert filling.places["2CH ED"].frame in (0, 19)
    assert filling.places["2CH ES"].frame in (9, 10)
    # Of one without label maps the frames come to be known later.
    assert filling.places["4CH ED"] == Filled(1, NAME, AREA, None)
    assert filling.doubts == ()


def test_what_was_set_outweighs_name_and_classifier_and_the_contradiction_is_told() -> None:
    filling = fill_places([Clip("p_2CH_ED", view="4CH", seen="4CH")])
    assert filling.places == {"4CH ED": Filled(0, SET, NAME)}
    assert filling.doubts == ("p_2CH_ED is named 2CH, and taken for 4CH",)


def test_a_name_that_the_classifier_contradicts_is_told() -> None:
    filling = fill_places([Clip("p_2CH_ED", seen="4CH")])
    assert list(filling.places) == ["2CH ED"]
    assert filling.doubts == ("p_2CH_ED is taken for 2CH, but the classifier sees 4CH",)


def test_two_frames_named_end_diastole_are_told_with_the_one_that_is_taken() -> None:
    filling = fill_places([Clip("p_2CH_ED", areas=(20,)), Clip("p_2CH_ED_1", areas=(25,)), Clip("p_2CH_ES")])
    assert filling.places["2CH ED"].clip == 1
    assert filling.doubts == ("p_2CH_ED and p_2CH_ED_1 are all 2CH ED; p_2CH_ED_1 is taken",)
    assert fill_places([Clip("p_2CH_ED"), Clip("p_2CH_ED_1", phase="ED")]).places["2CH ED"] == Filled(1, NAME, SET)


def test_one_frame_alone_is_neither_phase() -> None:
    filling = fill_places([Clip("p_2CH", areas=(20,))])
    assert filling.places == {}
    assert "the only frame of 2CH" in filling.doubts[0]


def test_the_frame_beside_a_named_one_is_the_other_phase_if_its_area_agrees() -> None:
    named = Clip("p_2CH_ED", areas=(25,))
    assert fill_places([named, Clip("p_2CH", areas=(20,))]).places["2CH ES"] == Filled(1, NAME, AREA)
    filling = fill_places([named, Clip("p_2CH", areas=(30,))])
    assert list(filling.places) == ["2CH ED"]
    assert filling.doubts == ("p_2CH is taken for neither phase of 2CH: p_2CH_ED is smaller",)


def test_a_frame_between_the_largest_and_the_smallest_is_told() -> None:
    filling = fill_places([Clip(str(area), seen="2CH", areas=(area,)) for area in (30, 20, 25)])
    assert {where: filled.clip for where, filled in filling.places.items()} == {"2CH ED": 0, "2CH ES": 1}
    assert filling.doubts == ("25 is neither the largest nor the smallest of 2CH, and left out",)


@pytest.mark.parametrize("other", [{"areas": (900,), "scale": (64, 64)}, {"areas": (20,)}, {"areas": (0,)}])
def test_areas_in_other_units_or_alike_tell_no_phase(other) -> None:
    filling = fill_places([Clip("a", seen="4CH", areas=(20,)), Clip("b", seen="4CH", **other)])
    assert filling.places == {}
    assert "tell no phase" in filling.doubts[0]


def test_patients_are_kept_apart_by_folder_and_name() -> None:
    clips = [Clip("p1_2CH_ED"), Clip("P1_4CH_ED"), Clip("p2_2CH_ED"), Clip("IM_1"), Clip("IM_2", folder="p2")]
    assert by_patient(clips) == {"p1": [0, 1], "p2": [2, 4], "": [3]}


def test_two_patients_measured_together_are_told() -> None:
    filling = fill_places([Clip("p1_2CH_ED"), Clip("p2_4CH_ED")])
    assert filling.doubts == ("frames of 2 patients are measured together: 4CH ED of p2; 2CH ED of p1",)


def test_two_patients_names_in_one_folder_are_told_too() -> None:
    filling = fill_places([Clip("p1_2CH_ED", folder="case 7"), Clip("p2_4CH_ED", folder="case 7")])
    assert "4CH ED of p2; 2CH ED of p1" in filling.doubts[0]
