"""The task `strain`: what it writes of a cine and of a folder of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_segmenter
from task_files import SHAPE, heart, names, write_beat, write_echo, write_heart

from EchoSynthLib.api import strain_of_cine as steps
from EchoSynthLib.errors import InputError
from EchoSynthLib.tasks import Context, Strain

FRAMES = 9
BEAT = np.sin(np.linspace(0, np.pi, FRAMES)) ** 2  # end-systole in the middle
RESULTS = ["echo_strain.csv", "echo_strain.png", "echo_strain_curves.csv", "echo_strain_record.json"]

pytestmark = needs_segmenter


def shrunken(share: float) -> np.ndarray:
    """The displacement (2, H, W) of a heart that is smaller by a share, about the picture's middle."""
    grid = np.indices(SHAPE, dtype=np.float32)
    return -share * (grid - np.array(SHAPE, np.float32)[:, None, None] / 2)


@pytest.fixture(autouse=True)
def a_heart_that_shrinks_by_a_fifth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracking that needs no weights, and whose way back leads home."""

    def track(cine: np.ndarray, *_: Any, **__: Any) -> tuple[np.ndarray, dict[str, Any]]:
        moved = np.stack([shrunken(0.2 * share) for share in BEAT[: len(cine)]])
        moved[0] = 0
        return moved, {"model_sha256": "0", "blank_frames": []}

    monkeypatch.setattr(steps, "track", track)
    monkeypatch.setattr(steps, "register", lambda *_, **__: (shrunken(1 - 1 / 0.8), {}))


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    return write_echo(tmp_path / "echo.nii.gz", FRAMES)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_cine_with_its_label_map_becomes_table_curves_picture_and_record(cine: Path, tmp_path: Path) -> None:
    labels, output = write_heart(tmp_path / "heart.nii.gz"), tmp_path / "out"
    task = Strain(cine=cine, labels=labels, output=output, frame_time=25, view="4CH")
    record = task.run(Context())
    assert names(output) == RESULTS
    assert json.loads((output / RESULTS[3]).read_text(encoding="utf-8"))["gls_percent"] == record["gls_percent"]
    assert record["gls_percent"] == pytest.approx(-20, abs=0.1)
    assert (record["end_diastole"], record["end_systole"]) == (0, FRAMES // 2)
    table = {(row["where"], row["name"]): row for row in rows_of(output / RESULTS[0])}
    told = table["mid anterolateral", "longitudinal strain, end-systolic"]
    assert (float(told["value"]), told["unit"]) == (pytest.approx(-20, abs=0.3), "%")
    assert float(table["global", "longitudinal strain, time to peak"]["value"]) == 25 * (FRAMES // 2)
    assert table["inferoseptal hinge", "displacement, end-systolic"]["unit"] == "mm"
    curves = rows_of(output / RESULTS[2])
    assert [row["phase"] for row in curves] == ["ED", "", "", "", "ES", "", "", "", ""]
    found = [float(row["longitudinal strain, global [%]"]) for row in curves]
    assert found == pytest.approx(list(-20 * BEAT), abs=0.1)
    assert task.findings(record)[0].startswith("4CH global longitudinal strain -20.0 %")
    assert task.findings(record)[1].startswith(f"end-diastole is frame 0, end-systole frame {record['end_systole']} of")


def test_of_label_maps_of_all_frames_the_fullest_is_followed(
    cine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = []

    def track(cine: np.ndarray, _: float | None, reference: int, **__: Any) -> tuple[np.ndarray, dict[str, Any]]:
        followed.append(reference)
        moved = np.stack([shrunken(0.2 * share) for share in np.abs(BEAT - BEAT[reference])])
        return moved, {"model_sha256": "0", "blank_frames": []}

    monkeypatch.setattr(steps, "track", track)
    beat = write_beat(tmp_path / "beat.nii.gz", FRAMES)
    record = Strain(cine=cine, labels=beat, output=tmp_path / "out").run(Context())
    assert followed == [record["end_diastole"]] == [0]
    record = Strain(cine=cine, labels=beat, output=tmp_path / "out", reference=2).run(Context())
    assert followed[1] == record["reference"] == 2


def test_a_tracking_that_does_not_come_back_is_red(cine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "register", lambda *_, **__: (np.full((2, *SHAPE), 30, np.float32), {}))
    labels = write_heart(tmp_path / "heart.nii.gz")
    record = Strain(cine=cine, labels=labels, output=tmp_path / "out").run(Context())
    assert {light["color"] for light in record["lights"].values()} == {"red"}
    assert record["light"]["color"] == "red"
    assert any(
        "carried to end-systole and back" in reason for reason in record["lights"]["mid inferoseptal"]["reasons"]
    )


def test_a_folder_of_cines_is_segmented_first(cine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beat = np.stack([heart(phase).label_map for phase in 0.5 * BEAT])
    told = {"view": "4CH", "view_source": "model", "model_sha256": "1"}
    monkeypatch.setattr(steps, "segment_cine", lambda *_, **__: (beat, told))
    record = Strain(cine=cine.parent, output=tmp_path / "out").run(Context())
    assert names(tmp_path / "out") == [*RESULTS, "strain_record.json"]
    assert Strain.findings(record) == ["1 image measured"]
    with pytest.raises(InputError, match="labels go with one cine"):
        Strain(cine=cine.parent, labels=cine, output=tmp_path / "out").run(Context())


def test_a_single_frame_has_no_strain(tmp_path: Path) -> None:
    frame = write_echo(tmp_path / "frame.nii.gz")
    with pytest.raises(InputError, match="single frame"):
        Strain(cine=frame, output=tmp_path / "out").run(Context())
    assert not (tmp_path / "out").exists()
