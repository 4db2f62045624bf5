"""es.measure: units, what is given without a pixel size, and one set of numbers everywhere."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest

import EchoSynthLib as es
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.api.measure import study_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import DEFINITIONS, Cavity, places_to_rest_on, rows_of, write_csv, write_report
from EchoSynthLib.measurement.report import curve_svg

SHAPE = (160, 196)
HEARTS = {
    view: {name: parametric_heart(view, phase, shape=SHAPE) for name, phase in (("ED", 0.0), ("ES", 1.0))}
    for view in ("2CH", "4CH")
}
VIEWS = {view: {name: heart.label_map for name, heart in phases.items()} for view, phases in HEARTS.items()}
SPACINGS = {view: phases["ED"].spacing for view, phases in HEARTS.items()}
FRAME, SPACING = VIEWS["4CH"]["ED"], SPACINGS["4CH"]


def test_every_number_has_unit_formula_and_source() -> None:
    table, _ = es.measure(VIEWS, SPACINGS)
    assert {entry.unit for entry in table} == {"mm", "mm2", "ml", "%", "1"}
    assert all(entry.name in DEFINITIONS and entry.formula and entry.source for entry in table)
    assert len({(entry.name, entry.where) for entry in table}) == len(table)


def test_without_a_pixel_size_there_are_pixels_and_ratios_and_no_volumes() -> None:
    table, _ = es.measure(VIEWS)
    assert {entry.unit for entry in table} == {"px", "px2", "%"}
    assert not [entry.name for entry in table if "volume" in entry.name]
    assert {"EF, discs", "FAC"} <= {entry.name for entry in table}


def test_milliliters_are_cubic_millimeters_by_the_thousand() -> None:
    study = study_of(FRAME, SPACING)
    assert study.value("LV volume, discs") == study.frames[""].values["LV volume, discs"] / 1000


def test_one_frame_one_cine_and_two_views_share_their_numbers() -> None:
    alone = study_of(FRAME, SPACING)
    cine = study_of(np.stack(list(VIEWS["4CH"].values())), SPACING)
    views = study_of({"4CH": VIEWS["4CH"]}, SPACING)
    for name in ("LV area", "LV length", "LV volume, discs", "LA volume, area-length", "wall thickness, mean"):
        assert alone.value(name) == cine.value(name, "frame 0") == views.value(name, "4CH ED")
    assert cine.value("EF, discs", "cine") == views.value("EF, discs", "4CH")


@pytest.mark.slow
def test_the_frames_that_a_study_rests_on_are_known_from_the_areas_alone() -> None:
    phases = [*np.linspace(0, 1, 8), *np.linspace(1, 0, 8)] * 2
    cine = np.stack([parametric_heart("4CH", phase, shape=SHAPE).label_map for phase in phases])
    cine[3] = 0
    study = study_of(cine, SPACING)
    cavities = [Cavity.of_labels(frame, SPACING) for frame in cine]
    assert study.rests_on == places_to_rest_on({f"frame {index}": one for index, one in enumerate(cavities)})
    assert places_to_rest_on({"4CH ED": None, "4CH ES": None}) == ["4CH ED", "4CH ES"]


def test_table_record_and_csv_hold_the_same_numbers(tmp_path) -> None:
    study = study_of(VIEWS, SPACINGS)
    table, record = es.measure(VIEWS, SPACINGS)
    with write_csv(tmp_path / "m.csv", rows_of("heart", study)).open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    in_record = json.loads(json.dumps(record))["measurements"]
    assert [entry.value for entry in table] == [entry["value"] for entry in in_record]
    assert [entry.value for entry in table] == [float(row["value"]) for row in written]
    assert [entry.name for entry in table] == [row["name"] for row in written]
    assert all(row["light"] in ("green", "yellow", "red") for row in written)


def test_the_views_lights_and_their_reasons_are_in_the_record() -> None:
    _, record = es.measure(VIEWS, SPACINGS)
    assert record["light"]["color"] == "green"
    assert {"4CH ED", "2CH ES", "2CH", "2CH + 4CH ED"} <= set(record["lights"])


def test_confidence_is_arranged_as_the_label_maps_are() -> None:
    doubtful = {"4CH": {"ED": np.full(SHAPE, 0.5)}}
    _, record = es.measure(VIEWS, SPACINGS, confidence=doubtful)
    assert record["lights"]["4CH ED"]["color"] == "red"
    assert record["lights"]["4CH ES"]["color"] == "green"
    table, _ = es.measure(np.stack([FRAME, VIEWS["4CH"]["ES"]]), confidence=np.full((2, *SHAPE), 0.999))
    assert {"confidence, apex", "confidence, mitral plane"} <= {entry.name for entry in table}


def test_views_of_different_picture_sizes_and_no_pixel_size_have_no_biplane_fraction() -> None:
    larger = {name: np.pad(labels, 4) for name, labels in VIEWS["2CH"].items()}
    names = {entry.name for entry in es.measure({"2CH": larger, "4CH": VIEWS["4CH"]})[0]}
    assert "EF, biplane discs" not in names
    assert "EF, discs" in names


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"3CH": {"ED": FRAME}}, "3CH"),
        ({"4CH": {"MID": FRAME}}, "MID"),
        ({"4CH": FRAME}, "ndarray"),
        ({}, "no frame"),
        (np.zeros((2, 3, 4, 5)), "frames, rows, columns"),
        (np.full((20, 20), 7), "7"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_what_was_expected(given, complaint) -> None:
    with pytest.raises(InputError, match=complaint):
        es.measure(given)


@pytest.mark.parametrize("spacing", [(0.3,), (0.3, 0.0), (0.3, float("nan"))])
def test_a_strange_spacing_is_refused(spacing) -> None:
    with pytest.raises(InputError, match="two positive numbers"):
        es.measure(FRAME, spacing)


def test_the_report_is_one_file_with_pictures_numbers_and_lights(tmp_path) -> None:
    study = study_of(VIEWS, SPACINGS)
    text = write_report(tmp_path / "r.html", study, title="Heart <1>").read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 4
    assert f"{study.value('EF, biplane discs', '2CH + 4CH'):.0f}</td><td>%" in text
    assert "Heart &lt;1&gt;" in text
    assert "green" in text
    assert not re.search(r"(src|href)=\"http", text)


def test_the_report_of_a_cine_shows_its_curves_with_both_phases(tmp_path) -> None:
    study = study_of(np.stack(list(VIEWS["4CH"].values())), SPACING)
    text = write_report(tmp_path / "r.html", study).read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert ">ED 0<" in text
    assert ">ES 1<" in text


def test_a_curve_with_gaps_is_drawn_in_pieces() -> None:
    assert curve_svg([1.0, 2.0, float("nan"), 3.0, 2.0], {"ED": 3}).split('fill="none"')[0].count("M") >= 3
    assert curve_svg([float("nan")], {}) == ""
