"""The task `segment`: what it writes, of a frame, a cine and a folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from shipped import needs_segmenter
from task_files import names, write_echo

from EchoSynthLib import zoo
from EchoSynthLib.errors import InputError
from EchoSynthLib.images import read_image
from EchoSynthLib.tasks import Context, Segment


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return write_echo(tmp_path / "echo.png")


@pytest.mark.parametrize(("output", "complaint"), [("map.jpg", "cannot be written as"), ("echo.png", "image itself")])
def test_an_output_that_cannot_be_is_refused(tmp_path: Path, image_file: Path, output: str, complaint: str) -> None:
    before = image_file.read_bytes()
    with pytest.raises(InputError, match=complaint):
        Segment(image=image_file, output=tmp_path / output).run(Context())
    assert image_file.read_bytes() == before


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image in the folder"):
        Segment(image=tmp_path, output=tmp_path / "out").run(Context())


@needs_segmenter
def test_a_frame_gives_label_map_confidence_and_record(tmp_path: Path, image_file: Path) -> None:
    record = Segment(image=image_file, output=tmp_path / "out").run(Context())
    assert names(tmp_path / "out") == ["echo_confidence.nii.gz", "echo_record.json", "echo_segmentation.nii.gz"]
    assert record["outputs"]["segmentation"] == str(tmp_path / "out" / "echo_segmentation.nii.gz")
    assert record["model_sha256"] == zoo.find("segmenter").sha256


@needs_segmenter
@pytest.mark.parametrize("frames", [0, 2])
def test_confidence_is_left_out_where_it_is_not_wanted(tmp_path: Path, frames: int) -> None:
    image = write_echo(tmp_path / "echo.nii.gz", frames=frames)
    record = Segment(image=image, output=tmp_path / "out", confidence=False).run(Context())
    assert names(tmp_path / "out") == ["echo_record.json", "echo_segmentation.nii.gz"]
    assert set(record["outputs"]) == {"segmentation", "record"}
    assert record["mean_confidence"] >= 0


@needs_segmenter
def test_a_file_name_as_output_is_the_label_maps_own(tmp_path: Path, image_file: Path) -> None:
    Segment(image=image_file, output=tmp_path / "out" / "map.png").run(Context())
    assert names(tmp_path / "out") == ["map.png", "map_confidence.png", "map_record.json"]


@needs_segmenter
def test_a_cine_gives_a_label_map_for_each_frame_on_its_own_grid(tmp_path: Path) -> None:
    cine = write_echo(tmp_path / "cine.nii.gz", frames=3)
    record = Segment(image=cine, output=tmp_path / "out", format="npy", view="2CH").run(Context())
    assert np.load(record["outputs"]["segmentation"]).shape == (3, 112, 120)
    assert np.load(record["outputs"]["confidence"]).shape == (3, 112, 120)
    assert (record["frames"], record["view"]) == (3, "2CH")
    with pytest.raises(InputError, match="PNG holds one"):
        Segment(image=cine, output=tmp_path / "out", format="png").run(Context())


@needs_segmenter
def test_one_bad_file_of_a_folder_is_reported_and_the_others_are_done(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name in ("a.png", "b.png", "b.nii.gz", "a_gt.png"):
        write_echo(folder / name)
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    record = Segment(image=folder, output=tmp_path / "out").run(Context())
    done = [
        f"{stem}_{what}" for stem in ("a", "b_nii_gz", "b_png") for what in ("confidence", "record", "segmentation")
    ]
    assert [name.split(".")[0] for name in names(tmp_path / "out")] == [*done, "record"]
    assert [failure["file"] for failure in record["failures"]] == ["broken.png"]
    assert json.loads((tmp_path / "out" / "record.json").read_text())["images"] == 3
    assert Segment.findings(record) == ["3 images segmented, 1 could not be used"]


@needs_segmenter
def test_a_folder_of_bad_files_alone_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match=r"None of the 1 files .* broken\.png"):
        Segment(image=tmp_path / "in", output=tmp_path / "out").run(Context())
    assert names(tmp_path) == ["in"]


@needs_segmenter
def test_a_blank_frame_of_a_cine_is_left_empty_and_told(tmp_path: Path) -> None:
    image = read_image(write_echo(tmp_path / "echo.png")).pixels
    np.save(tmp_path / "cine.npy", np.stack([image, image, np.zeros_like(image)]))
    record = Segment(image=tmp_path / "cine.npy", output=tmp_path / "out", format="npy").run(Context())
    label_maps = np.load(record["outputs"]["segmentation"])
    assert label_maps[0].any()
    assert not label_maps[2].any()
    assert record["blank_frames"] == [2]
    assert "2" in record["warnings"][0]
    np.save(tmp_path / "without.npy", np.stack([image, image]))
    without = Segment(image=tmp_path / "without.npy", output=tmp_path / "out", format="npy").run(Context())
    assert record["mean_confidence"] == pytest.approx(without["mean_confidence"])
    assert record["view_probabilities"] == pytest.approx(without["view_probabilities"])
    assert not any("contrast" in text for text in without.get("warnings", []))


@needs_segmenter
def test_the_view_and_the_confidence_of_a_lone_image_are_told(tmp_path: Path, image_file: Path) -> None:
    record = Segment(image=image_file, output=tmp_path / "seen").run(Context())
    (told,) = Segment.findings(record)
    assert told.startswith(f"{record['view']} view (")
    assert "% sure), mean confidence 0." in told or "mean confidence 1." in told
    (told,) = Segment.findings(Segment(image=image_file, output=tmp_path / "given", view="2CH").run(Context()))
    assert told.startswith("2CH view (as given)")
