"""The tasks `register`, `track` and `propagate`: what they write of files, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sliding_cines import SIZE, RowShift, sliding, still, use
from task_files import names

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.write import write_image, write_label_map
from EchoSynthLib.tasks import Context, find_task


@pytest.fixture(autouse=True)
def a_model_that_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(RowShift(), monkeypatch, tmp_path)


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    frames = sliding([0, 2, 4, 6])
    return write_image(tmp_path / "beat.nrrd", frames, like=EchoCine(frames, (0.5, 0.5), True, frame_time_ms=20.0))


def labels_of(first: int) -> np.ndarray:
    labels = np.zeros(SIZE, np.uint8)
    labels[20 + first : 40 + first, 30:50] = 1
    return labels


def run(task: str, **parameters: object) -> dict:
    return find_task(task).build(parameters).run(Context())


def test_a_cine_is_tracked_into_displacements_and_a_record(tmp_path: Path, cine: Path) -> None:
    record = run("track", image=cine, output=tmp_path / "out", frame_time=20)
    assert names(tmp_path / "out") == ["beat_motion.npy", "beat_motion_record.json"]
    found = np.load(record["outputs"]["displacements"])
    assert (found.shape, found.dtype) == ((4, 2, *SIZE), np.float32)
    np.testing.assert_allclose(found[:, 0, 20:-20, 20:-20].mean(axis=(1, 2)), [0, 2, 4, 6], atol=0.3)
    told = json.loads((tmp_path / "out" / "beat_motion_record.json").read_text(encoding="utf-8"))
    assert (told["task"], told["frames"], told["frame_time_source"]) == ("track", 4, "given")
    assert told["outputs"]["displacements"] == "beat_motion.npy"
    assert "followed from frame 0" in find_task("track").findings(record)[0]


def test_a_file_name_is_the_result_itself(tmp_path: Path, cine: Path) -> None:
    run("track", image=cine, output=tmp_path / "out" / "mine.npy")
    assert names(tmp_path / "out") == ["mine.npy", "mine_record.json"]
    with pytest.raises(InputError, match=r"end the name in one of \.npy"):
        run("track", image=cine, output=tmp_path / "mine.csv")


def test_labels_are_carried_onto_the_grid_of_the_cine(tmp_path: Path, cine: Path) -> None:
    labels = write_label_map(tmp_path / "labels.nii.gz", labels_of(0), spacing=(0.5, 0.5))
    record = run("propagate", image=cine, label_map=labels, output=tmp_path / "out", last=2)
    assert names(tmp_path / "out") == ["beat_propagated.nii.gz", "beat_propagated_record.json"]
    codes, _ = read_label_map(Path(record["outputs"]["label_maps"]))
    np.testing.assert_array_equal(codes[0], labels_of(0))
    assert (codes[2] == labels_of(4)).mean() > 0.97
    assert not codes[3].any()
    assert record["propagated_frames"] == [1, 2]
    assert find_task("propagate").findings(record) == ["labels of frame 0 carried to 2 frames"]


def test_a_frame_of_a_cine_of_label_maps_is_carried_too(tmp_path: Path, cine: Path) -> None:
    maps = np.stack([labels_of(by) for by in (0, 2, 4, 6)])
    labels = write_label_map(tmp_path / "labels.nii.gz", maps, spacing=(0.5, 0.5))
    record = run("propagate", image=cine, label_map=labels, output=tmp_path / "mine.npy", reference=3)
    codes = np.load(record["outputs"]["label_maps"])
    np.testing.assert_array_equal(codes[3], labels_of(6))
    assert (codes[0] == labels_of(0)).mean() > 0.97
    with pytest.raises(InputError, match="from 0 to 3; given was 4"):
        run("propagate", image=cine, label_map=labels, output=tmp_path / "other", reference=4)


def test_two_images_or_two_frames_of_a_cine_are_registered(tmp_path: Path, cine: Path) -> None:
    moving = write_image(tmp_path / "es.png", np.roll(still(), 3, axis=0))
    fixed = write_image(tmp_path / "ed.png", still())
    record = run("register", image=moving, fixed=fixed, output=tmp_path / "out", row_spacing=0.5, column_spacing=0.5)
    assert names(tmp_path / "out") == [
        "es_to_ed_displacement.npy",
        "es_to_ed_register_record.json",
        "es_to_ed_warped.nii.gz",
    ]
    assert (np.load(record["outputs"]["displacement"])[0] == 3).all()
    assert record["mean_motion_mm"] == 1.5
    record = run("register", image=cine, frame=3, fixed_frame=1, output=tmp_path / "cine")
    assert (np.load(record["outputs"]["displacement"])[0] == 4).all()
    assert (record["frame"], record["fixed_frame"]) == (3, 1)
    assert Path(record["outputs"]["displacement"]).name == "beat_3_to_beat_1_displacement.npy"


@pytest.mark.parametrize(
    ("task", "given", "message"),
    [
        ("register", {"frame": 1, "fixed_frame": 1}, "moving and the fixed frame are one"),
        ("register", {"frame": 9}, "parameter frame was given 9; .* has frames 0 to 3"),
        ("track", {"reference": 9}, "from 0 to 3; given was 9"),
        ("track", {"frame_time": 0}, "frame_time was given 0"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    task: str, given: dict, message: str, tmp_path: Path, cine: Path
) -> None:
    with pytest.raises(InputError, match=message):
        run(task, image=cine, output=tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_a_single_frame_has_nothing_that_moves(tmp_path: Path) -> None:
    image = write_image(tmp_path / "one.png", still())
    with pytest.raises(InputError, match="single frame, in which nothing moves"):
        run("track", image=image, output=tmp_path / "out")
