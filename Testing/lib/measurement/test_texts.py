"""Measurements in a cardiologist's words: EDV and ESV, walls by name, units and digits that mean something."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart2d.parametric import heart_cycle
from EchoSynthLib.api.measure import study_of
from EchoSynthLib.measurement import (
    headline,
    measure_frame,
    rows_of,
    study_of_frame,
    study_of_views,
    told_lights,
    worded,
    write_csv,
)

HEART = parametric_heart("4CH")
BEAT = heart_cycle(16, "4CH", 0.55, shape=(160, 196))
CINE = study_of(np.stack([frame.label_map for frame in BEAT]), BEAT[0].spacing)


def views():
    found = {}
    for view in ("2CH", "4CH"):
        hearts = {name: parametric_heart(view, phase) for name, phase in (("ED", 0.0), ("ES", 1.0))}
        found[view] = {name: measure_frame(heart.label_map, heart.spacing) for name, heart in hearts.items()}
    return study_of_views(found)


def words(study):
    return {(one.label, one.place): one for one in (worded(entry, study) for entry in study.table)}


def test_volumes_at_the_ends_are_edv_and_esv():
    found = words(CINE)
    assert {("EDV, discs", "frame 0 (ED)"), ("ESV, discs", "frame 6 (ES)")} <= set(found)
    assert ("LV volume, discs", "frame 3") in found
    assert {("EDV, biplane discs", "2CH + 4CH ED"), ("ESV, discs", "4CH ES")} <= set(words(views()))


def test_walls_have_the_names_of_their_view():
    found = words(views())
    for view, (left, right) in {"4CH": ("septal", "lateral"), "2CH": ("inferior", "anterior")}.items():
        for side in (left, right):
            assert (f"wall thickness, basal {side}", f"{view} ED") in found
    alone = words(study_of_frame(measure_frame(HEART.label_map, HEART.spacing)))
    assert ("wall thickness, basal left in the image", "frame") in alone


def test_units_and_digits_are_those_of_a_report():
    found = words(views())
    area, volume = found["LV area", "4CH ED"], found["EDV, discs", "4CH ED"]
    assert area.unit == "cm2"
    assert area.text == f"{area.value:.1f}"
    assert 10 < area.value < 60
    assert (volume.unit, volume.text) == ("ml", f"{volume.value:.0f}")
    assert found["LV length", "4CH ED"].unit == "mm"
    fraction = found["EF, discs", "4CH"]
    assert (fraction.unit, fraction.text) == ("%", f"{fraction.value:.0f}")


def test_square_pixels_are_whole_numbers_in_full():
    found = words(study_of_frame(measure_frame(np.kron(HEART.label_map, np.ones((3, 3), np.uint8)))))
    area = found["LV area", "frame"]
    assert area.unit == "px2"
    assert area.text.isdecimal()
    assert int(area.text) > 10_000


def test_no_place_is_empty_and_a_frame_says_its_number_and_view():
    assert all(row["place"] for study in (CINE, views()) for row in rows_of("heart", study))
    study = study_of_frame(measure_frame(HEART.label_map, number=8, view="4CH"))
    assert {row["place"] for row in rows_of("heart", study)} == {"4CH frame 8"}


def test_the_table_keeps_its_columns_for_scripts_and_adds_those_for_readers(tmp_path):
    with write_csv(tmp_path / "m.csv", rows_of("heart", CINE)).open(encoding="utf-8") as file:
        reader = csv.DictReader(file)
        columns, rows = reader.fieldnames, list(reader)
    assert columns[:8] == ["case", "where", "name", "value", "unit", "light", "formula", "source"]
    assert columns[8:] == ["label", "shown", "shown_unit", "place", "low", "high", "between"]
    (area,) = [row for row in rows if (row["name"], row["where"]) == ("LV area", "frame 0")]
    assert float(area["shown"]) == pytest.approx(float(area["value"]) / 100, abs=0.051)
    assert (area["unit"], area["shown_unit"]) == ("mm2", "cm2")


def test_the_headline_tells_the_fraction_first_and_both_volumes():
    told = headline(CINE)
    assert told.startswith("EF, discs 5")
    assert "EDV, discs" in told
    assert "ESV, discs" in told
    assert "mm2" not in told
    assert headline(views()).startswith("EF, biplane discs")
    assert "cm2" in headline(study_of_frame(measure_frame(HEART.label_map, HEART.spacing)))


def test_the_headline_of_a_cines_frame_names_the_frame():
    assert headline(study_of_frame(measure_frame(HEART.label_map, HEART.spacing, number=8))).startswith("frame 8: LV")


def test_lights_are_told_apart_where_they_differ():
    whole = study_of_frame(measure_frame(HEART.label_map, HEART.spacing))
    assert [name for name, _ in told_lights(whole)] == [""]
    roof = int(np.flatnonzero((HEART.label_map == 3).any(axis=1))[-1])
    cut = study_of_frame(measure_frame(HEART.label_map[: roof - 12], HEART.spacing))
    assert {name: light.color for name, light in told_lights(cut)} == {"left ventricle": "green", "left atrium": "red"}


@pytest.mark.slow
def test_the_headline_says_where_what_the_names_leave_open():
    told = headline(views())
    assert "EF, discs (4CH)" in told
    assert "EDV, biplane discs 1" in told
    two = [frame.label_map for beat in (0.5, 0.6) for frame in heart_cycle(16, "4CH", beat, shape=(160, 196))]
    beats = headline(study_of(np.stack(two), BEAT[0].spacing))
    assert "LV length (cine ED)" in beats
    assert "EDV, discs 1" in beats
    assert "beat" not in beats
