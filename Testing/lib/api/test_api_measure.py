"""One way to measure: the same map with the same image has the same light, whoever asks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from shipped import needs_contour, needs_segmenter
from task_files import SHAPE, SPACING, heart, write_beat, write_heart

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart2d.parametric import heart_cycle, parametric_heart
from EchoSynthLib.api.evidence import evidence_of
from EchoSynthLib.api.measure import study_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.write import write_image, write_label_map
from EchoSynthLib.measurement import Evidence, measure_frame
from EchoSynthLib.tasks import Context, FindEvidence, Measure

SAMPLES = Path(__file__).resolve().parents[3] / "Resources" / "SampleData"


def sample(name: str = "synthetic_4CH_ED"):
    return read_image(SAMPLES / f"{name}.nii.gz")


def told(record: dict) -> tuple:
    numbers = {(m["name"], m["where"]): m["value"] for m in record["measurements"]}
    return numbers, record["light"], record["lights"], record["structure_lights"]


def by_command_line(folder: Path, image: Path) -> dict:
    Measure(image=image, output=folder / "out", report=False).run(Context())
    return json.loads((folder / "out" / "measurements.json").read_text())["cases"][0]


@needs_segmenter
@needs_contour
@pytest.mark.slow
def test_an_image_its_own_map_and_that_map_given_have_one_light(tmp_path: Path) -> None:
    frame = sample()
    label_map, _ = es.segment(frame.pixels, frame.spacing)
    _, by_image = es.measure(image=frame.pixels, spacing=frame.spacing)
    _, by_map = es.measure(label_map, frame.spacing, image=frame.pixels)
    assert told(by_image) == told(by_map)
    assert "the segmenter's confidence and the contour model" in by_map["light"]["reasons"][0]
    folder = tmp_path / "case"
    folder.mkdir()
    write_image(folder / "heart.nii.gz", frame.pixels, like=frame)
    assert told(by_command_line(tmp_path, folder)) == told(by_map)
    write_label_map(folder / "heart_gt.nii.gz", label_map, like=frame)
    assert told(by_command_line(tmp_path, folder)) == told(by_map)


@needs_segmenter
def test_an_edited_map_of_an_image_is_judged_as_it_is_now() -> None:
    frame = sample()
    label_map, _ = es.segment(frame.pixels)
    wrong = np.where(np.roll(label_map, 40, axis=1) > 0, np.roll(label_map, 40, axis=1), 0).astype(np.uint8)
    assert study_of(label_map, frame.spacing, image=frame.pixels).light.color == "green"
    light = study_of(wrong, frame.spacing, image=frame.pixels).light
    assert light.color == "red"
    assert "the segmenter draws it otherwise" in light.reasons[0]
    assert study_of(wrong, frame.spacing).light.color == "green"


@needs_segmenter
@pytest.mark.slow
def test_a_cine_is_judged_at_the_ends_of_its_beats_whoever_asks(tmp_path: Path) -> None:
    cine = sample("synthetic_4CH_cine")
    maps, _ = es.segment_cine(cine.pixels, cine.spacing)
    _, by_image = es.measure(None, cine.spacing, image=cine.pixels)
    table, by_maps = es.measure(maps, cine.spacing, image=cine.pixels)
    assert told(by_image) == told(by_maps)
    ends = {f"frame {by_maps['cycle'][phase]['frame']}" for phase in ("ED", "ES")}
    assert {entry.where for entry in table if entry.name == "expected Dice, LV cavity"} == ends
    assert told(by_command_line(tmp_path, SAMPLES / "synthetic_4CH_cine.nii.gz")) == told(by_maps)


@needs_segmenter
@pytest.mark.parametrize("blank", [[0], [7, 20], [5]])
@pytest.mark.slow
def test_black_frames_of_a_cine_take_no_part(tmp_path: Path, blank: list[int]) -> None:
    cine = sample("synthetic_4CH_cine")
    pixels = list(cine.pixels)
    for index in blank:
        pixels.insert(index, np.zeros_like(pixels[0]))
    write_image(tmp_path / "blank.nii.gz", np.stack(pixels), like=cine)
    record = by_command_line(tmp_path, tmp_path / "blank.nii.gz")
    _, plain = es.measure(None, cine.spacing, image=cine.pixels)
    number_of = [index for index in range(len(pixels)) if index not in blank]
    for phase in ("ED", "ES"):
        assert record["cycle"][phase]["frame"] == number_of[plain["cycle"][phase]["frame"]]
    fraction = {(m["name"], m["where"]): m["value"] for m in record["measurements"]}["EF, discs", "cine"]
    assert fraction == next(m["value"] for m in plain["measurements"] if m["name"] == "EF, discs")
    assert all(str(index) in record["warnings"][0] for index in blank)
    assert record["light"] == plain["light"] or blank[0] < 20


@needs_segmenter
@pytest.mark.slow
def test_the_map_of_a_black_frame_takes_no_part_either() -> None:
    cine = sample("synthetic_4CH_cine")
    maps, _ = es.segment_cine(cine.pixels, cine.spacing)
    shown = np.concatenate([cine.pixels, np.zeros_like(cine.pixels[:1])])
    larger = np.concatenate([maps, parametric_heart("4CH", shape=maps.shape[1:]).label_map[None]])
    study = study_of(larger, cine.spacing, image=shown)
    assert study.cycle.diastole.frame != 20
    plain = study_of(maps, cine.spacing, image=cine.pixels)
    assert study.value("EF, discs", "cine") == plain.value("EF, discs", "cine")


@needs_segmenter
def test_evidence_that_went_through_files_judges_as_it_did_before(tmp_path: Path) -> None:
    frame = sample()
    record = FindEvidence(image=SAMPLES / "synthetic_4CH_ED.nii.gz", output=tmp_path / "out").run(Context())
    (file,) = record["outputs"]["evidence"]
    with np.load(file, allow_pickle=False) as arrays:
        read = Evidence.from_arrays(dict(arrays))
    label_map = es.segment(frame.pixels)[0]
    one, other = (
        measure_frame(label_map, frame.spacing, evidence=it) for it in (read, evidence_of(frame.pixels, frame.spacing))
    )
    assert one.values == other.values
    assert one.light == other.light


@needs_segmenter
def test_views_of_images_that_are_exchanged_are_not_green() -> None:
    frame = sample()
    images = {"2CH": {"ED": frame.pixels}}
    _, record = es.measure(None, frame.spacing, image=images)
    assert record["light"]["color"] != "green"
    assert "given as 2CH, but the model sees 4CH" in "; ".join(record["light"]["reasons"])


def test_a_patients_views_go_by_any_of_their_names() -> None:
    four = parametric_heart("4CH").label_map
    two = {"ED": parametric_heart("2CH").label_map, "ES": parametric_heart("2CH", 1.0).label_map}
    named, _ = es.measure({"4CH": {"ED": four}, "2CH": two})
    spelled, _ = es.measure({"A4C": {"ED": four}, "apical two-chamber": two})
    assert spelled == named
    with pytest.raises(es.InputError, match=r"PLAX \(parasternal long-axis\).*Taken for measurement are: 2CH"):
        es.measure({"PLAX": two})
    with pytest.raises(es.InputError, match="2CH is given twice, once as 'A2C'"):
        es.measure({"2CH": two, "A2C": two})


def test_the_view_that_a_segmentation_was_recorded_with_travels(tmp_path: Path) -> None:
    folder = tmp_path / "patient"
    for name, seen in (("p_2CH_ED", "4CH"), ("p_4CH_ED", "4CH")):
        write_heart(folder / f"{name}_segmentation.nii.gz")
        (folder / f"{name}_record.json").write_text(json.dumps({"task": "segment", "view": seen}))
    lights = by_command_line(tmp_path, folder)["lights"]
    assert "but the model sees 4CH" in lights["2CH ED"]["reasons"][0]
    assert lights["4CH ED"]["color"] == "green"


@pytest.mark.parametrize("factor", [1.02, 0.5, 100.0])
def test_a_pixel_size_that_contradicts_the_file_is_refused_with_both(tmp_path: Path, factor: float) -> None:
    file = write_heart(tmp_path / "heart.nii.gz")
    row, column = SPACING
    with pytest.raises(InputError, match=rf"0\.9 x 0\.8 mm .* {row * factor:.4g} x 0\.8 mm"):
        Measure(image=file, output=tmp_path / "out", row_spacing=row * factor, column_spacing=column).run(Context())
    Measure(image=file, output=tmp_path / "out", row_spacing=row * 1.001, column_spacing=column).run(Context())


def test_a_cine_of_images_and_maps_of_different_lengths_is_refused() -> None:
    maps = np.stack([frame.label_map for frame in heart_cycle(4, "4CH", shape=SHAPE)])
    with pytest.raises(InputError, match="cine of 4 frames was given with 3 of image"):
        es.measure(maps, image=np.zeros((3, *SHAPE), np.uint8))
    with pytest.raises(InputError, match="own grid"):
        es.measure(maps[0], image=np.zeros((50, 50), np.uint8))
    with pytest.raises(InputError, match="Neither"):
        es.measure()


def test_a_blank_image_judges_no_label_map() -> None:
    _, record = es.measure(heart().label_map, SPACING, image=np.zeros(SHAPE, np.uint8))
    assert "judged by its shape alone" in record["warnings"][0]
    with pytest.raises(InputError, match="contrast"):
        es.measure(image=np.zeros(SHAPE, np.uint8))


@pytest.mark.parametrize("frames", [0, 4])
def test_an_image_that_shows_nothing_is_refused_by_its_name(tmp_path: Path, frames: int) -> None:
    black = np.zeros((frames, *SHAPE) if frames else SHAPE, np.uint8)
    write_image(tmp_path / "black.nii.gz", black, spacing=SPACING)
    with pytest.raises(InputError, match=r"black\.nii\.gz shows nothing"):
        by_command_line(tmp_path, tmp_path / "black.nii.gz")


def test_a_cine_with_one_frame_that_shows_something_is_refused_with_the_numbers() -> None:
    maps = np.stack([heart().label_map, *[np.zeros(SHAPE, np.uint8)] * 3])
    with pytest.raises(InputError, match="1 of 4 do"):
        es.measure(maps, SPACING)


def test_without_reports_the_table_is_what_is_left(tmp_path: Path) -> None:
    Measure(image=write_beat(tmp_path / "beat.nii.gz", 8), output=tmp_path / "results_2024.11.28", report=False).run(
        Context()
    )
    with (tmp_path / "results_2024.11.28" / "measurements.csv").open(encoding="utf-8") as file:
        assert list(csv.DictReader(file))
