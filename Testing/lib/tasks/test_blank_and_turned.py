"""What the tasks make of blank frames and turned pictures: left out, and told."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from drawn_sectors import drawn_sector, speckled
from shipped import needs_contour, needs_segmenter, needs_synthetic_segmenter

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.tasks import ClassifyView, Context, Contour, Measure, Segment

SHAPE = (112, 120)


def echo() -> np.ndarray:
    return speckled(drawn_sector(SHAPE), SHAPE)


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    """The second frame is blank."""
    np.save(tmp_path / "cine.npy", np.stack([echo(), np.zeros(SHAPE, np.uint8), echo()]))
    return tmp_path / "cine.npy"


@needs_synthetic_segmenter
def test_the_view_is_told_without_the_blank_frames(cine: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "without.npy", np.stack([echo(), echo()]))
    told = ClassifyView(image=cine, output=tmp_path / "out").run(Context())
    without = ClassifyView(image=tmp_path / "without.npy").run(Context())
    assert told["results"][0]["4CH"] == pytest.approx(without["results"][0]["4CH"])
    assert told["warnings"] == ["frames without contrast show nothing and were left empty: 1"]
    assert "warnings" not in without


@needs_contour
def test_blank_frames_have_no_contour(cine: Path, tmp_path: Path) -> None:
    record = Contour(image=cine, output=tmp_path / "out").run(Context())
    with open(tmp_path / "out" / "cine_contour.csv", newline="", encoding="utf-8") as file:
        assert {row["frame"] for row in csv.DictReader(file)} == {"0", "2"}
    frames = json.loads((tmp_path / "out" / "cine_contour.json").read_text())["frames"]
    assert [frame["frame"] for frame in frames] == [0, 2]
    assert record["frames"] == 3
    assert "1" in record["warnings"][0]


@pytest.mark.parametrize("task", [Contour, ClassifyView, Segment, Measure])
def test_a_cine_of_blank_frames_is_refused(tmp_path: Path, task) -> None:
    np.save(tmp_path / "cine.npy", np.full((2, *SHAPE), 90, np.uint8))
    with pytest.raises(InputError, match=r"cine\.npy shows nothing.*no contrast"):
        task(image=tmp_path / "cine.npy", output=tmp_path / "out").run(Context())


@needs_synthetic_segmenter
def test_the_turned_picture_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    np.save(tmp_path / "in" / "down.npy", echo()[::-1])
    np.save(tmp_path / "in" / "up.npy", echo())
    (warning,) = ClassifyView(image=tmp_path / "in").run(Context())["warnings"]
    assert warning.startswith("down.npy: the sector's apex is at the bottom")


@needs_segmenter
def test_a_turned_array_is_told_in_the_record() -> None:
    assert "upside down" in es.segment(echo()[::-1])[1]["warnings"][0]
    assert "warnings" not in es.segment(echo())[1]


@needs_segmenter
def test_a_turned_file_is_told_once(tmp_path: Path) -> None:
    np.save(tmp_path / "down.npy", echo()[::-1])
    record = Segment(image=tmp_path / "down.npy", output=tmp_path / "out").run(Context())
    assert len(record["warnings"]) == 1
