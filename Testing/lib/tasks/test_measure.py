"""The task `measure`: what it writes of a frame, a cine, a patient and a folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from shipped import needs_contour, needs_segmenter
from task_files import SHAPE, SPACING, names, write_beat, write_echo, write_heart

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.write import write_label_map
from EchoSynthLib.tasks import Context, Measure
from EchoSynthLib.tasks.parts.measure_cases import cases_in


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "measurements.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_patient(folder: Path, ending: str = "_gt") -> None:
    folder.mkdir(exist_ok=True)
    for view in ("2CH", "4CH"):
        for phase, name in ((0.0, "ED"), (1.0, "ES")):
            heart = parametric_heart(view, phase, 0.6, SHAPE)
            path = folder / f"patient0007_{view}_{name}{ending}.nii.gz"
            write_label_map(path, heart.label_map, spacing=heart.spacing)


def test_a_label_map_gives_the_numbers_of_the_library(tmp_path: Path) -> None:
    file = write_heart(tmp_path / "heart.nii.gz")
    record = Measure(image=file, output=tmp_path / "out").run(Context())
    assert names(tmp_path / "out") == ["heart_report.html", "measurements.csv", "measurements.json"]
    expected, _ = es.measure(parametric_heart("4CH", shape=SHAPE).label_map, SPACING)
    # NIfTI holds the pixel size in 32 bits, and a disc's edge falls on one side of a pixel or the other.
    measured = [float(row["value"]) for row in table(tmp_path / "out")]
    assert measured == pytest.approx([m.value for m in expected], rel=1e-3)
    written = json.loads((tmp_path / "out" / "measurements.json").read_text())
    assert [m["value"] for m in written["cases"][0]["measurements"]] == [
        float(row["value"]) for row in table(tmp_path / "out")
    ]
    assert record["outputs"]["table"] == str(tmp_path / "out" / "measurements.csv")


def test_a_file_without_a_pixel_size_takes_the_one_given(tmp_path: Path) -> None:
    file = tmp_path / "heart.png"
    write_label_map(file, parametric_heart("4CH", shape=SHAPE).label_map)
    Measure(image=file, output=tmp_path / "pixels", report=False).run(Context())
    Measure(image=file, output=tmp_path / "mm", row_spacing=0.9, column_spacing=0.8, report=False).run(Context())
    assert names(tmp_path / "mm") == ["measurements.csv", "measurements.json"]
    assert {"px", "px2"} == {row["unit"] for row in table(tmp_path / "pixels")}
    assert {"mm", "mm2", "ml"} == {row["unit"] for row in table(tmp_path / "mm")}


def test_a_pixel_size_by_hand_that_no_probe_has_is_told(tmp_path: Path) -> None:
    file = tmp_path / "heart.png"
    write_label_map(file, parametric_heart("4CH", shape=SHAPE).label_map)
    record = Measure(image=file, output=tmp_path / "out", row_spacing=50, column_spacing=50, report=False).run(
        Context()
    )
    assert any("deep, more than probes reach" in text for text in record["warnings"])


def test_a_cine_of_label_maps_gives_phases_and_curves(tmp_path: Path) -> None:
    Measure(image=write_beat(tmp_path / "beat.nii.gz", 8), output=tmp_path / "out").run(Context())
    case = json.loads((tmp_path / "out" / "measurements.json").read_text())["cases"][0]
    assert case["cycle"]["ED"]["frame"] == 0
    assert len(case["curves"]["LV volume, discs"]) == 8
    assert {"cine", "frame 7"} <= {row["where"] for row in table(tmp_path / "out")}


def test_a_folder_groups_the_views_and_phases_of_a_patient(tmp_path: Path) -> None:
    write_patient(tmp_path / "in")
    write_heart(tmp_path / "in" / "alone.nii.gz")
    Measure(image=tmp_path / "in", output=tmp_path / "out").run(Context())
    rows = {(row["case"], row["where"], row["name"]): float(row["value"]) for row in table(tmp_path / "out")}
    assert rows["patient0007", "2CH + 4CH", "EF, biplane discs"] == pytest.approx(60, abs=2)
    assert ("alone", "", "LV area") in rows
    assert names(tmp_path / "out")[0] == "alone_report.html"


def test_two_cines_of_a_patient_give_the_biplane_ejection_fraction_beside_each_cines_own(tmp_path: Path) -> None:
    for view in ("2CH", "4CH"):
        write_beat(tmp_path / "in" / f"patient0007_{view}.nii.gz", 8, view)
    record = Measure(image=tmp_path / "in", output=tmp_path / "out", report=True).run(Context())
    rows = {(row["case"], row["where"], row["name"]): float(row["value"]) for row in table(tmp_path / "out")}
    assert 40 < rows["patient0007", "2CH + 4CH", "EF, biplane discs"] < 75
    assert {case for case, *_ in rows} == {"patient0007", "patient0007_2CH", "patient0007_4CH"}
    together = next(case for case in record["cases"] if case["case"] == "patient0007")
    assert together["made"]["places"]["2CH ES"] == "patient0007_2CH"
    assert "patient0007_report.html" in names(tmp_path / "out")
    assert f"patient0007: EF, biplane discs {rows['patient0007', '2CH + 4CH', 'EF, biplane discs']:.0f} %" in "\n".join(
        Measure.findings(record)
    )


def test_names_that_tell_the_view_alone_are_of_the_folders_patient(tmp_path: Path) -> None:
    write_beat(tmp_path / "Doe" / "2CH.nii.gz", 8, "2CH")
    write_heart(tmp_path / "Doe" / "4CH_ED.nii.gz")
    write_heart(tmp_path / "Doe" / "4CH_ES.nii.gz")
    assert {case.name for case in cases_in(tmp_path / "Doe")} == {"2CH", "Doe"}


def test_an_image_lends_its_label_map_the_picture_and_is_not_measured_twice(tmp_path: Path) -> None:
    write_echo(tmp_path / "echo.nii.gz")
    write_heart(tmp_path / "echo_gt.nii.gz")
    (case,) = cases_in(tmp_path)
    assert case.name == "echo"
    source = case.sources["", ""]
    assert (source.image, source.label_map) == (tmp_path / "echo.nii.gz", tmp_path / "echo_gt.nii.gz")


def test_the_results_of_other_tasks_are_no_cases(tmp_path: Path) -> None:
    for name in ("echo_segmentation.nii.gz", "echo_confidence.nii.gz"):
        write_heart(tmp_path / name)
    (case,) = cases_in(tmp_path)
    assert case.name == "echo"
    assert case.sources["", ""].image is None


def test_one_bad_case_of_a_folder_is_told_and_the_others_are_done(tmp_path: Path) -> None:
    write_patient(tmp_path / "in")
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    record = Measure(image=tmp_path / "in", output=tmp_path / "out", report=False).run(Context())
    assert [failure["file"] for failure in record["failures"]] == ["broken"]
    assert {row["case"] for row in table(tmp_path / "out")} == {"patient0007"}


def test_end_systole_named_as_end_diastole_is_told_in_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for phase, name in ((1.0, "ED"), (0.0, "ES")):
        heart = parametric_heart("4CH", phase, 0.6, SHAPE)
        write_label_map(tmp_path / "in" / f"p_4CH_{name}.nii.gz", heart.label_map, spacing=heart.spacing)
    record = Measure(image=tmp_path / "in", output=tmp_path / "out", report=False).run(Context())
    (line,) = Measure.findings(record)
    assert line.startswith("p: no ejection fraction (LV red, ")
    assert "ES is larger than ED; exchanged?" in line


def test_one_bad_frame_of_a_patient_costs_the_other_frames_nothing(tmp_path: Path) -> None:
    write_patient(tmp_path / "in")
    bad = tmp_path / "in" / "patient0007_4CH_ES_gt.nii.gz"
    bad.write_bytes(bad.read_bytes()[:100])
    record = Measure(image=tmp_path / "in", output=tmp_path / "out", report=False).run(Context())
    (case,) = record["cases"]
    assert sorted(case["views"]) == ["2CH ED", "2CH ES", "4CH ED"]
    assert [failure["file"] for failure in record["failures"]] == [bad.name]
    assert f"4CH ES is missing: {bad.name} could not be used" in str(record["warnings"])


def test_a_patient_of_whom_no_frame_can_be_used_is_told_with_each_file(tmp_path: Path) -> None:
    write_patient(tmp_path / "in")
    for file in (tmp_path / "in").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match=r"None of the 1 cases in .*2CH_ED_gt.*2CH_ES_gt.*4CH_ED_gt.*4CH_ES_gt"):
        Measure(image=tmp_path / "in", output=tmp_path / "out").run(Context())


@pytest.mark.parametrize("name", ["x_PLAX", "p_PSAX-PM_ED", "p_A3C_ED"])
def test_a_name_that_tells_a_view_that_is_not_measured_is_refused_until_the_view_is_given(
    tmp_path: Path, name: str
) -> None:
    file = write_heart(tmp_path / "in" / f"{name}.nii.gz")
    for given in (file, file.parent):
        with pytest.raises(InputError, match=rf"The name {name} tells the view .*Taken for measurement are: 2CH"):
            Measure(image=given, output=tmp_path / "out").run(Context())
    record = Measure(image=file, output=tmp_path / "out", view="4CH", report=False).run(Context())
    assert record["cases"]


def test_a_name_that_contradicts_itself_is_measured_with_a_warning(tmp_path: Path) -> None:
    write_heart(tmp_path / "in" / "pat1_4CH_2CH_ED_ES.nii.gz")
    record = Measure(image=tmp_path / "in", output=tmp_path / "out", report=False).run(Context())
    told = " ".join(record["warnings"])
    assert "two views, 2CH and 4CH; taken was 2CH" in told
    assert "two phases, ED and ES; taken was ES" in told


@pytest.mark.parametrize("what", ["empty folder", "bad files alone", "a file as output", "nothing there"])
def test_what_cannot_be_done_is_refused_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    (tmp_path / "in").mkdir()
    output = tmp_path / ("table.csv" if what == "a file as output" else "out")
    if what == "bad files alone":
        (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    given = tmp_path / ("absent" if what == "nothing there" else "in")
    with pytest.raises(InputError):
        Measure(image=given, output=output).run(Context())
    assert names(tmp_path) == ["in"]


@needs_segmenter
def test_an_image_is_segmented_first_and_its_light_knows_the_doubts(tmp_path: Path) -> None:
    record = Measure(image=write_echo(tmp_path / "noise.nii.gz"), output=tmp_path / "out").run(Context())
    case = record["cases"][0]
    assert case["made"]["model"] == "segmenter"
    assert case["light"]["color"] != "green"  # nothing but noise


@needs_segmenter
@needs_contour
def test_an_image_is_looked_at_by_the_contour_model_too(tmp_path: Path) -> None:
    sample = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
    record = Measure(image=sample, output=tmp_path / "out", report=False).run(Context())
    assert record["cases"][0]["made"]["second_contour"] == "contour"
    (alike,) = [float(row["value"]) for row in table(tmp_path / "out") if row["name"] == "contour agreement"]
    assert alike > 0.9


@needs_segmenter
@pytest.mark.slow
def test_a_cine_is_segmented_and_looked_at_twice_where_it_matters(tmp_path: Path) -> None:
    sample = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_cine.nii.gz"
    Measure(image=sample, output=tmp_path / "out").run(Context())
    case = json.loads((tmp_path / "out" / "measurements.json").read_text())["cases"][0]
    ends = {f"frame {case['cycle'][phase]['frame']}" for phase in ("ED", "ES")}
    assert {row["where"] for row in table(tmp_path / "out") if row["name"] == "agreement"} == ends
    assert np.isfinite(case["curves"]["LV area"]).all()


def test_a_file_of_a_folder_that_cannot_be_read_costs_the_others_nothing(tmp_path: Path) -> None:
    write_heart(tmp_path / "in" / "a.nii.gz")
    (tmp_path / "in" / "b.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "in" / "c.nii.gz").write_bytes(b"")
    record = Measure(image=tmp_path / "in", output=tmp_path / "out", report=False).run(Context())
    assert [case["case"] for case in record["cases"]] == ["a"]
    assert [failure["file"] for failure in record["failures"]] == ["b", "c"]
    assert "is a link to" in record["failures"][0]["message"]
