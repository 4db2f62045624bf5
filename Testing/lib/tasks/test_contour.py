"""The task `contour` and `es.contour`: what they give of a frame, a cine and a folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from shipped import needs_segmenter
from task_files import SHAPE, SPACING, names, write_echo

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart2d.endocardium import LANDMARKS, endocardium_of_mask
from EchoSynthLib.api import analysis
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.segmentation.contour.pipeline import ContourPipeline
from EchoSynthLib.tasks import Context, Contour
from EchoSynthLib.tasks.parts.contour_results import COLUMNS

HEART = parametric_heart("4CH", shape=SHAPE)
RESULTS = ["echo_contour.csv", "echo_contour.json", "echo_contour.png", "echo_contour_record.json"]


class DrawnNetwork:
    """Sees the parametric heart in every image, on maps as large as the image."""

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        truth = endocardium_of_mask(HEART.label_map)
        rows, columns = np.indices(SHAPE)
        away = [(rows - r) ** 2 + (columns - c) ** 2 for r, c in truth.points]
        to_curve = np.min([np.hypot(rows - r, columns - c) for r, c in truth.curve], axis=0)
        return [-0.5 * np.stack(away)[None].astype(np.float32), np.minimum(to_curve / 10, 1)[None].astype(np.float32)]


@pytest.fixture
def drawn_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model named contour that needs no weights."""
    folder = zoo.ModelFolder(
        **{**vars(zoo.find("segmenter")), "name": "contour", "config": {"system": "segmentation.contour"}}
    )
    real = zoo.find
    monkeypatch.setattr(zoo, "find", lambda name: folder if name == "contour" else real(name))
    pipeline = ContourPipeline(DrawnNetwork(), {"grid": [160, 160], "farthest": 10.0, "sigma": 0.5})
    load = analysis.load_pipeline
    monkeypatch.setattr(
        analysis, "load_pipeline", lambda model, **how: pipeline if model.name == "contour" else load(model, **how)
    )


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return write_echo(tmp_path / "echo.nii.gz")


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_segmenter
@pytest.mark.usefixtures("drawn_model")
def test_an_image_gives_points_curve_and_a_record() -> None:
    points, curve, record = es.contour(HEART.label_map * np.uint8(60), HEART.spacing)
    truth = endocardium_of_mask(HEART.label_map, HEART.spacing)
    np.testing.assert_allclose(points[[0, 3, 6]], truth.points[[0, 3, 6]], atol=1.5)
    np.testing.assert_allclose(curve[[0, -1]], points[[0, -1]])
    assert (record["task"], record["heads"], record["spacing_mm"]) == ("contour", "both", list(HEART.spacing))
    assert [landmark["name"] for landmark in record["landmarks"]] == list(LANDMARKS)
    assert json.loads(json.dumps(record)) == record


@needs_segmenter
@pytest.mark.usefixtures("drawn_model")
def test_a_frame_gives_table_curves_picture_and_record(tmp_path: Path, image_file: Path) -> None:
    record = Contour(image=image_file, output=tmp_path / "out").run(Context())
    assert names(tmp_path / "out") == RESULTS
    table = rows_of(tmp_path / "out" / "echo_contour.csv")
    assert tuple(table[0]) == COLUMNS
    assert [row["name"] for row in table] == list(LANDMARKS)
    assert float(table[3]["row_mm"]) == pytest.approx(float(table[3]["row"]) * SPACING[0], abs=2e-3)
    assert float(table[3]["spread_px"]) > 0
    contours = json.loads((tmp_path / "out" / "echo_contour.json").read_text())
    assert np.array(contours["frames"][0]["curve"]).shape == (100, 2)
    assert record["outputs"]["picture"] == str(tmp_path / "out" / "echo_contour.png")
    assert record["frames"] == 1


@needs_segmenter
@pytest.mark.usefixtures("drawn_model")
def test_a_cine_gives_seven_rows_a_frame(tmp_path: Path) -> None:
    cine = write_echo(tmp_path / "cine.nrrd", frames=4)
    record = Contour(image=cine, output=tmp_path / "out").run(Context())
    table = rows_of(tmp_path / "out" / "cine_contour.csv")
    assert [int(row["frame"]) for row in table] == sorted([*range(4)] * 7)
    assert len(json.loads((tmp_path / "out" / "cine_contour.json").read_text())["frames"]) == record["frames"] == 4


@needs_segmenter
@pytest.mark.usefixtures("drawn_model")
def test_pixels_without_a_size_give_no_millimeters(tmp_path: Path) -> None:
    image = tmp_path / "echo.png"
    write_echo(image)
    Contour(image=image, output=tmp_path / "out").run(Context())
    table = rows_of(tmp_path / "out" / "echo_contour.csv")
    assert {row["row_mm"] for row in table} == {row["spread_mm"] for row in table} == {""}


@needs_segmenter
@pytest.mark.usefixtures("drawn_model")
def test_a_size_that_the_pixels_lack_can_be_given(tmp_path: Path) -> None:
    image = tmp_path / "echo.png"
    write_echo(image)
    Contour(image=image, output=tmp_path / "out", row_spacing=0.5, column_spacing=0.25).run(Context())
    table = rows_of(tmp_path / "out" / "echo_contour.csv")
    assert float(table[3]["row_mm"]) == pytest.approx(float(table[3]["row"]) * 0.5, abs=2e-3)
    (frame,) = json.loads((tmp_path / "out" / "echo_contour.json").read_text())["frames"]
    assert [float(row["spread_mm"]) for row in table] == frame["spread_mm"]
    with pytest.raises(InputError, match="give both"):
        Contour(image=image, output=tmp_path / "out", row_spacing=0.5).run(Context())


@needs_segmenter
@pytest.mark.usefixtures("drawn_model")
def test_a_folder_is_done_but_for_what_cannot_be_read(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_echo(tmp_path / "in" / name)
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    record = Contour(image=tmp_path / "in", output=tmp_path / "in").run(Context())
    assert [one["file"] for one in record["results"]] == ["a.png", "b.png"]
    assert [failure["file"] for failure in record["failures"]] == ["broken.png"]
    # Its own pictures are no images when it runs again.
    assert Contour(image=tmp_path / "in", output=tmp_path / "in").run(Context())["images"] == 2


@needs_segmenter
@pytest.mark.usefixtures("drawn_model")
def test_a_cancelled_cine_leaves_nothing(tmp_path: Path) -> None:
    cine, seen = write_echo(tmp_path / "cine.nrrd", frames=3), []
    context = Context(lambda done, total, message: seen.append(done), cancelled=lambda: len(seen) > 1)
    with pytest.raises(Cancelled):
        Contour(image=cine, output=tmp_path / "out").run(context)
    assert not (tmp_path / "out").exists()


def test_a_file_name_as_output_is_refused(tmp_path: Path, image_file: Path) -> None:
    with pytest.raises(InputError, match="give a folder"):
        Contour(image=image_file, output=tmp_path / "curve.csv").run(Context())


@needs_segmenter
def test_the_mask_baseline_is_the_segmenters_label_map_with_its_endocardium() -> None:
    image, _ = es.synthesize(HEART.label_map, seed=1, sector=HEART.sector)
    label_map, _ = es.segment(image[0])
    points, _, record = es.contour(image[0], HEART.spacing, heads="mask", model="segmenter")
    np.testing.assert_array_equal(points, endocardium_of_mask(label_map, HEART.spacing).points)
    assert record["mean_distance"] is None
    with pytest.raises(InputError, match="needs a model for contour"):
        es.contour(image[0], model="segmenter")
