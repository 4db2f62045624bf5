"""`es.classify_view` and the task `classify-view`: which view, by the model of all views or a segmenter of two."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_generator, needs_segmenter, needs_synthetic_segmenter, needs_views
from task_files import names, write_echo

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.images.write import write_image
from EchoSynthLib.tasks import ClassifyView, Context
from EchoSynthLib.tasks.classify_view import COLUMNS

SAMPLES = Path(__file__).resolve().parents[3] / "Resources" / "SampleData"
VIEWS = ("2CH", "4CH")


def echo_of(view: str) -> np.ndarray:
    heart = parametric_heart(view, shape=(112, 120))
    return es.synthesize(heart.label_map, sector=heart.sector, view=view)[0][0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A frame of each view, and a cine of one of each."""
    images = {view: echo_of(view) for view in VIEWS}
    (tmp_path / "in").mkdir()
    for view, image in images.items():
        write_image(tmp_path / "in" / f"{view}.png", image)
    write_image(tmp_path / "in" / "both.nii.gz", np.stack([*images.values()]))
    return tmp_path / "in"


@needs_synthetic_segmenter
@needs_generator
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.slow
def test_the_view_of_a_parametric_heart_is_told_right_in_the_mean_over_its_images(view: str) -> None:
    heart = parametric_heart(view, shape=(112, 120))
    images, _ = es.synthesize(heart.label_map, count=8, sector=heart.sector, view=view)
    assert np.mean([es.classify_view(image, model="segmenter-synthetic")[0][view] for image in images]) > 0.6


@needs_synthetic_segmenter
def test_probabilities_sum_to_one_and_the_record_tells_model_and_view() -> None:
    image = np.random.default_rng(0).integers(0, 255, (90, 100), dtype=np.uint8)
    probabilities, record = es.classify_view(image, model="segmenter-synthetic")
    assert set(probabilities) == set(VIEWS)
    assert sum(probabilities.values()) == pytest.approx(1)
    told = json.loads(json.dumps(record))
    assert (told["task"], told["model"]) == ("classify-view", "segmenter-synthetic")
    assert told["model_sha256"] == zoo.find("segmenter-synthetic").sha256
    assert told["view_probabilities"] == probabilities
    assert probabilities[told["view"]] >= 0.5


@needs_segmenter
def test_it_is_the_view_that_the_segmenter_of_that_name_sees() -> None:
    image = np.random.default_rng(1).integers(0, 255, (90, 100), dtype=np.uint8)
    seen = es.segment_detailed(image).view_probabilities
    assert es.classify_view(image, model="segmenter")[0] == pytest.approx(seen, abs=1e-6)


@needs_views
def test_the_same_picture_in_any_number_type_shows_the_same_view() -> None:
    image = np.random.default_rng(2).integers(0, 256, (90, 100), dtype=np.uint8)
    image[0, 0] = 255
    expected = es.classify_view(image)[0]["4CH"]
    for same in (image / 255, image.astype(np.uint16) * 257, np.repeat(image[..., None], 3, axis=2)):
        assert es.classify_view(same)[0]["4CH"] == pytest.approx(expected, abs=1e-3)


@needs_generator
def test_a_model_that_sees_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="a model that tells views, and 'beam-flow' is one for synthesis"):
        es.classify_view(parametric_heart("4CH", shape=(90, 100)).label_map * np.uint8(60), model="beam-flow")


@needs_views
@pytest.mark.parametrize("image", [np.zeros((4, 90, 100)), np.full((90, 100), np.nan), np.zeros((0, 0))])
def test_an_image_that_is_none_is_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError):
        es.classify_view(image)


@needs_views
def test_the_shipped_frame_shows_four_chambers_and_no_file_is_written_unless_asked_for(tmp_path: Path) -> None:
    record = ClassifyView(image=SAMPLES / "synthetic_4CH_ED.nii.gz").run(Context())
    (row,) = record["results"]
    assert (row["file"], row["view"], row["frames"]) == ("synthetic_4CH_ED.nii.gz", "4CH", 1)
    assert record["outputs"] == {}
    assert ClassifyView.findings(record)[0].startswith("synthetic_4CH_ED.nii.gz: 4CH (")
    assert row["trust"] > 0.5


@needs_synthetic_segmenter
@needs_generator
def test_a_folder_gives_a_table_and_a_cine_the_mean_over_its_frames(tmp_path: Path, folder: Path) -> None:
    steps: list[Any] = []
    task = ClassifyView(image=folder, output=tmp_path / "out", model="segmenter-synthetic")
    record = task.run(Context(lambda *step: steps.append(step)))
    assert names(tmp_path / "out") == ["views.csv", "views.json"]
    with open(tmp_path / "out" / "views.csv", newline="", encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"2CH.png", "4CH.png", "both.nii.gz"}
    assert tuple(rows["2CH.png"]) == COLUMNS
    told = {row["file"]: row for row in record["results"]}
    assert told["2CH.png"]["4CH"] < told["4CH.png"]["4CH"]
    assert all(row[row["view"]] >= 0.5 for row in told.values())
    assert (told["both.nii.gz"]["frames"], rows["both.nii.gz"]["frames"]) == (2, "2")
    mean = (told["2CH.png"]["4CH"] + told["4CH.png"]["4CH"]) / 2
    assert told["both.nii.gz"]["4CH"] == pytest.approx(mean, abs=1e-3)
    assert json.loads((tmp_path / "out" / "views.json").read_text())["results"] == record["results"]
    assert steps


@needs_views
def test_one_bad_file_of_a_folder_is_reported_and_the_others_are_told(tmp_path: Path) -> None:
    write_echo(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    record = ClassifyView(image=tmp_path / "in").run(Context())
    assert [row["file"] for row in record["results"]] == ["a.png"]
    assert [failure["file"] for failure in record["failures"]] == ["broken.png"]
    (tmp_path / "in" / "a.png").unlink()
    with pytest.raises(InputError, match=r"None of the 1 files .* broken\.png"):
        ClassifyView(image=tmp_path / "in", output=tmp_path / "out").run(Context())
    assert not (tmp_path / "out").exists()


@needs_views
def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    cine = write_echo(tmp_path / "cine.nii.gz", frames=4)

    def stop(done: int, total: int, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ClassifyView(image=cine, output=tmp_path / "out").run(Context(stop))
    assert names(tmp_path) == ["cine.nii.gz"]


def test_a_file_as_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give a folder"):
        ClassifyView(image=write_echo(tmp_path / "a.png"), output=tmp_path / "views.csv").run(Context())
