"""End-diastole and end-systole that are exchanged, missed or blank: never a number that looks right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart2d.parametric import heart_cycle
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import find_cycle, measure_frame, study_of_cine, study_of_views

SHAPE = (160, 196)
HEARTS = {
    view: {name: parametric_heart(view, phase, shape=SHAPE) for name, phase in (("ED", 0.0), ("ES", 1.0))}
    for view in ("2CH", "4CH")
}
FRAMES = {
    view: {name: measure_frame(heart.label_map, heart.spacing) for name, heart in phases.items()}
    for view, phases in HEARTS.items()
}
BEAT = [frame.label_map for frame in heart_cycle(16, "4CH", 0.55, shape=SHAPE)]
SPACING = HEARTS["4CH"]["ED"].spacing


def exchanged(view):
    return {"ED": FRAMES[view]["ES"], "ES": FRAMES[view]["ED"]}


def told(study):
    return {(entry.name, entry.where): entry.value for entry in study.table}


@pytest.mark.parametrize("view", ["2CH", "4CH"])
def test_exchanged_phases_are_red_and_have_no_ejection_fraction(view):
    study = study_of_views({view: exchanged(view)})
    assert study.light.color == "red"
    assert "ES is larger than ED; exchanged?" in study.lights[view].reasons[0]
    assert not [entry.name for entry in study.table if entry.unit == "%"]
    assert study_of_views({view: FRAMES[view]}).light.color == "green"


def test_both_views_exchanged_have_no_biplane_fraction_either():
    study = study_of_views({"2CH": exchanged("2CH"), "4CH": exchanged("4CH")})
    assert not [entry.name for entry in study.table if entry.name.startswith("EF")]
    assert "exchanged?" in study.lights["2CH + 4CH"].reasons[0]
    assert study.structure_lights["LV"].color == "red"


def test_one_view_exchanged_leaves_the_other_its_fraction_and_no_volume_of_both():
    study = study_of_views({"2CH": exchanged("2CH"), "4CH": FRAMES["4CH"]})
    assert study.value("EF, discs", "4CH") > 30
    assert not [name for name, where in told(study) if name == "LV volume, biplane discs"]
    assert study.light.color == "red"


def test_an_atrium_that_is_fullest_at_end_diastole_may_tell_of_exchanged_phases():
    small = np.where(HEARTS["4CH"]["ES"].label_map == 3, 0, HEARTS["4CH"]["ES"].label_map)
    atrium = ndimage.binary_erosion(HEARTS["4CH"]["ES"].label_map == 3, iterations=8)
    small[atrium] = 3
    study = study_of_views({"4CH": {"ED": FRAMES["4CH"]["ED"], "ES": measure_frame(small, SPACING)}})
    assert "left atrium is larger at ED" in "; ".join(study.lights["4CH"].reasons)
    assert study.structure_lights["LA"].color != "green"


def cine(maps):
    return study_of_cine([measure_frame(labels, SPACING) for labels in maps])


@pytest.mark.parametrize("blank", [[16], [0], [0, 1, 17], [5], [4, 9, 16, 17]])
def test_frames_that_show_nothing_take_no_part(blank):
    maps = list(BEAT)
    for index in blank:
        maps.insert(index, np.zeros(SHAPE, np.uint8))
    plain, study = cine(BEAT), cine(maps)
    number_of = [index for index in range(len(maps)) if index not in blank]
    ends = [(full.frame, empty.frame) for full, empty in plain.cycle.beats]
    assert [(f.frame, e.frame) for f, e in study.cycle.beats] == [(number_of[f], number_of[e]) for f, e in ends]
    for name in ("EF, discs", "FAC", "beats"):
        assert study.value(name, "cine") == plain.value(name, "cine")
    assert study.light.color == plain.light.color
    assert np.array(study.curves["LV area"])[number_of].tolist() == plain.curves["LV area"]
    assert np.isnan(np.array(study.curves["LV area"])[blank]).all()
    assert all(str(index) in study.warnings[0] for index in blank)
    assert not plain.warnings


def test_a_cine_of_nothing_is_refused():
    with pytest.raises(InputError, match="0 of 5 do"):
        cine([np.zeros(SHAPE, np.uint8)] * 5)


@pytest.mark.parametrize("number", [5, 6, 7])
def test_an_edit_that_widens_the_end_of_systole_moves_it_or_is_told(number):
    maps = list(BEAT)
    assert cine(maps).cycle.systole.frame == 6
    cavity = maps[number] == 1
    wider = ndimage.binary_dilation(cavity, iterations=4)
    maps[number] = np.where(wider, 1, maps[number]).astype(np.uint8)
    assert cine(maps).cycle.systole.frame != number


def test_a_frame_that_is_drawn_too_small_is_no_end_and_is_told():
    maps = list(BEAT)
    kept = ndimage.binary_erosion(maps[6] == 1, iterations=6)
    maps[9] = np.where((BEAT[9] == 1) & ~kept, 2, BEAT[9]).astype(np.uint8)
    study = cine(maps)
    assert study.cycle.systole.frame != 9
    assert "cavity of frame 9 is smaller than that of end-systole" in "; ".join(study.lights["cine"].reasons)


def test_a_frame_that_its_neighbors_contradict_is_no_end():
    areas = 100 - 30 * np.sin(np.pi * np.arange(20) / 20) ** 2
    areas[10] += 6
    assert find_cycle(areas).systole.frame in (9, 11)
