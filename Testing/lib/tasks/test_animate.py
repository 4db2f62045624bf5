"""The task `animate`: what it writes of frames, label maps and folders, and what the files say of themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_beating
from task_files import SHAPE, heart, names, write_beat, write_echo, write_heart

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import name_of_cine, told_by_name
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.readers.attributes import read_attributes
from EchoSynthLib.images.write import write_image
from EchoSynthLib.tasks import Context, find_task

pytestmark = needs_beating
FRAMES = 6


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the library is asked for; its answer is still, for here the files count."""
    calls: list[dict[str, Any]] = []

    def animate(image: Any, label_map: Any, **how: Any) -> Any:
        calls.append({"image": image, "label_map": label_map, **how})
        labels = heart().label_map if label_map is None else label_map
        cine = np.stack([labels * 60 if image is None else image] * how["frames"])
        derived = image is not None and not how["synthetic_image"]
        record = {
            "synthetic": True, "origin": "derived from a patient's image" if derived else "synthetic", "seed": 0,
            "model": "beating", "frame_time_ms": 40.0, "volumes_ml": {"EDV": 100.0, "ESV": 60.0},
            "ejection_fraction": {"asked": how["ejection_fraction"], "labels": 40.0, "segmented": 38.0},
        }  # fmt: skip
        return cine, np.stack([labels] * how["frames"]), record

    monkeypatch.setattr(es, "animate", animate)
    return calls


def run(**parameters: object) -> dict[str, Any]:
    return find_task("animate").build({"frames": FRAMES, **parameters}).run(Context())


def test_a_frame_becomes_a_cine_with_its_label_maps_at_its_place_and_in_its_time(
    tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    record = run(image=write_echo(tmp_path / "x_4CH_ED.nii.gz"), output=tmp_path / "out", ejection_fraction=40)
    stem = "x_4CH_fromED_beating"
    assert names(tmp_path / "out") == [f"{stem}.nii.gz", f"{stem}_record.json", f"{stem}_segmentation.nii.gz"]
    cine = read_image(record["outputs"]["cine"])
    assert cine.pixels.shape == (FRAMES, *SHAPE)
    assert (cine.spacing, cine.frame_time_ms) == (pytest.approx((0.9, 0.8)), pytest.approx(40))
    codes, labels = read_label_map(Path(record["outputs"]["label_maps"]))
    np.testing.assert_array_equal(codes[0], heart().label_map)
    assert labels.frame_time_ms == pytest.approx(40)
    assert (asked[0]["view"], asked[0]["spacing"], asked[0]["label_map"]) == ("4CH", pytest.approx((0.9, 0.8)), None)
    told = json.loads((tmp_path / "out" / f"{stem}_record.json").read_text(encoding="utf-8"))
    assert (told["task"], told["outputs"]["cine"]) == ("animate", f"{stem}.nii.gz")
    (line,) = find_task("animate").findings(record)
    assert line == (
        "ejection fraction 40.0 % by the labels, 40 % asked for, 38.0 % segmented; EDV 100 ml, ESV 60 ml in this view; "
        "derived from a patient's image"
    )


def test_each_file_says_whether_a_patients_image_is_in_it(tmp_path: Path, asked: list[dict[str, Any]]) -> None:
    image = write_echo(tmp_path / "x.nii.gz")
    outputs = run(image=image, output=tmp_path / "real")["outputs"]
    for role in ("cine", "label_maps"):
        told = read_attributes(outputs[role])
        assert (told["synthetic"], told["origin"]) == ("True", "derived from a patient's image")
    run(image=outputs["cine"], output=tmp_path / "again")
    assert asked[-1]["synthetic_image"] is False
    drawn = write_image(tmp_path / "drawn.nrrd", read_image(image).pixels, attributes={"synthetic": True})
    outputs = run(image=drawn, output=tmp_path / "drawn")["outputs"]
    assert asked[-1]["synthetic_image"] is True
    assert read_attributes(outputs["cine"])["origin"] == "synthetic"
    run(image=image, output=tmp_path / "told", synthetic_image=True)
    assert asked[-1]["synthetic_image"] is True


def test_a_label_map_comes_beside_its_frame_or_alone_and_of_cines_one_frame_is_taken(
    tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    maps = write_beat(tmp_path / "beat_2CH_gt.nii.gz", view="2CH")
    codes, _ = read_label_map(maps)
    run(image=maps, output=tmp_path / "alone", frame=2)
    assert asked[-1]["image"] is None
    np.testing.assert_array_equal(asked[-1]["label_map"], codes[2])
    assert asked[-1]["view"] == "2CH"
    cine = write_echo(tmp_path / "cine.nii.gz", frames=3)
    record = run(image=cine, label_map=maps, frame=1, phase="0.4", output=tmp_path / "both")
    np.testing.assert_array_equal(asked[-1]["image"], read_image(cine).pixels[1])
    np.testing.assert_array_equal(asked[-1]["label_map"], codes[1])
    assert (asked[-1]["phase"], asked[-1]["view"]) == (0.4, "auto")
    assert record["source_label_map"] == str(maps.resolve())
    run(image=cine, label_map=write_heart(tmp_path / "edited.nii.gz"), frame=2, output=tmp_path / "edited")
    np.testing.assert_array_equal(asked[-1]["label_map"], heart().label_map)
    with pytest.raises(InputError, match="has frames 0 to 2; the parameter frame was given 3"):
        run(image=cine, frame=3, output=tmp_path / "none")


def test_of_a_folder_each_frame_beats_with_its_own_label_map(tmp_path: Path, asked: list[dict[str, Any]]) -> None:
    folder = tmp_path / "in"
    write_echo(folder / "a.nii.gz")
    write_heart(folder / "a_gt.nii.gz")
    write_echo(folder / "p1_4CH_ES.nii.gz")
    (folder / "bad.png").write_bytes(b"no picture")
    record = run(image=folder, output=tmp_path / "out", format="npy")
    assert [result["file"] for result in record["results"]] == ["a.nii.gz", "p1_4CH_ES.nii.gz"]
    assert [failure["file"] for failure in record["failures"]] == ["bad.png"]
    assert [call["label_map"] is None for call in asked] == [False, True]
    assert "p1_4CH_fromES_beating.npy" in names(tmp_path / "out")
    assert "its name tells ES, and it was taken as ED; --phase ES" in str(record["warnings"])
    assert find_task("animate").findings(record) == ["2 images animated, 1 could not be used"]
    with pytest.raises(InputError, match=r"is a folder, and .* is the label map of one frame"):
        run(image=folder, label_map=folder / "a_gt.nii.gz", output=tmp_path / "other")


def test_a_video_has_label_maps_beside_it_that_keep_their_codes(tmp_path: Path, asked: list[dict[str, Any]]) -> None:
    record = run(image=write_echo(tmp_path / "x.nii.gz"), output=tmp_path / "out", format="mp4")
    assert read_image(record["outputs"]["cine"]).pixels.shape == (FRAMES, *SHAPE)
    codes, _ = read_label_map(Path(record["outputs"]["label_maps"]))
    assert set(np.unique(codes)) == {0, 1, 2, 3}


def test_what_a_frame_is_called_is_no_longer_the_phase_of_its_cine() -> None:
    assert name_of_cine("x_4CH_ED") == "x_4CH_fromED"
    assert name_of_cine("ES_2CH") == "fromES_2CH"
    assert name_of_cine("heart") == "heart"
    for name in ("x_4CH_ED", "ES_2CH", "4CH end-systole"):
        told = told_by_name(name_of_cine(name))
        assert told.phase == ""
        assert told.view == told_by_name(name).view


@pytest.mark.slow
def test_what_the_command_line_makes_is_measured_as_it_was_asked_for(tmp_path: Path) -> None:
    from EchoSynthLib.cli import main

    image = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
    words = ["animate", image, "--ejection-fraction", 35, "--frames", 24, "--output", tmp_path / "out", "--quiet"]
    assert main([str(word) for word in words]) == 0
    record = json.loads(next((tmp_path / "out").glob("*_record.json")).read_text(encoding="utf-8"))
    assert record["ejection_fraction"]["labels"] == pytest.approx(35, abs=1)
    assert record["origin"] == "synthetic"
    measured = find_task("measure").build({"image": tmp_path / "out", "output": tmp_path / "measured"}).run(Context())
    assert "EF, discs 3" in measured["cases"][0]["headline"]
