"""The task `cine-dataset`: beating hearts that nobody has, in the layouts of EchoNet-Dynamic and nnU-Net."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_beating, needs_generator

import EchoSynthLib as es
from EchoSynthLib.anatomy.chords import volume_of
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.errors import Cancelled, InputError, OutputError
from EchoSynthLib.images.datasets.echonet import read_echonet
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.tasks import Context, find_task
from EchoSynthLib.tasks.parts import cine_items
from EchoSynthLib.tasks.parts.asked_fractions import AskedFractions
from EchoSynthLib.tasks.parts.cine_items import CineSettings, square_cut

pytestmark = [needs_beating, needs_generator]
SMALL: dict[str, Any] = {"seed": 4, "count": 2, "views": "4CH", "frames": 24, "side": 80, "ef": "uniform:20-60"}
RAW = "Dataset001_EchoSynth"


def cines(folder: Path, context: Context | None = None, **options: Any) -> dict[str, Any]:
    return find_task("cine-dataset").build({"output": folder, **SMALL, **options}).run(context or Context())


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "record.json"
    }


def told_of(folder: Path, index: int) -> dict[str, Any]:
    return json.loads((folder / f"records/heart{index:05d}.json").read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cines") / "a"
    cines(folder)
    return folder


def test_the_set_lies_in_both_layouts_with_a_record_of_each_heart(made) -> None:
    names = [f"heart0000{index}_4CH" for index in (0, 1)]
    assert set(files(made)) == {
        "FileList.csv",
        "VolumeTracings.csv",
        "cines.json",
        *(f"Videos/{name}.avi" for name in names),
        f"{RAW}/dataset.json",
        *(f"{RAW}/imagesTr/{name}_0000.nii.gz" for name in names),
        *(f"{RAW}/labelsTr/{name}.nii.gz" for name in names),
        *(f"records/heart0000{index}.json" for index in (0, 1)),
    }
    about = json.loads((made / RAW / "dataset.json").read_text())
    assert (about["numTraining"], about["synthetic_cases"]) == (2, names)
    record = json.loads((made / "record.json").read_text())
    assert (record["synthetic"], record["cines"], record["refused"]) == (True, 2, [])


def test_it_is_read_as_echonet_dynamic_is_and_video_and_image_show_the_same(made) -> None:
    for video in read_echonet(made):
        assert (video.frame_rate, video.frames, video.shape) == (32, 24, (80, 80))
        cine = video.cine()
        assert cine.frame_time_ms == pytest.approx(1000 / 32, rel=1e-3)
        image = read_image(made / RAW / "imagesTr" / f"{video.name}_0000.nii.gz")
        assert image.pixels.shape == (24, 80, 80)
        assert np.abs(cine.pixels.astype(int) - image.pixels).mean() < 2


def test_every_frame_has_a_label_map_and_the_table_tells_their_ejection_fraction(made) -> None:
    for index, video in enumerate(read_echonet(made)):
        told = told_of(made, index)["cines"][0]
        spacing = tuple(told["spacing_mm"])
        labels, _ = read_label_map(made / RAW / "labelsTr" / f"{video.name}.nii.gz")
        assert labels.shape == (24, 80, 80)
        assert {1, 2, 3} <= set(np.unique(labels))
        full, empty = (disc_volume(labels[frame], spacing) / 1000 for frame in video.ends)
        assert (video.end_diastolic_volume, video.end_systolic_volume) == pytest.approx((full, empty), abs=0.01)
        assert video.ejection_fraction == pytest.approx(100 * (1 - empty / full), abs=0.01)
        assert video.ejection_fraction == pytest.approx(told["ejection_fraction"]["asked"], abs=0.5)
        traced = [volume_of(video.tracings[frame], spacing) / 1000 for frame in video.ends]
        assert traced == pytest.approx([full, empty], rel=1e-3)
        assert video.ends == (told["end_diastole"], told["end_systole"])


def test_more_workers_make_the_same_and_a_set_grows(tmp_path, made) -> None:
    cines(tmp_path / "b", count=1)
    assert cines(tmp_path / "b", workers=2)["made_now"] == 1
    one, other = files(tmp_path / "b"), files(made)
    assert set(one) == set(other)
    for name in ("FileList.csv", "VolumeTracings.csv", f"{RAW}/labelsTr/heart00001_4CH.nii.gz"):
        assert one[name] == other[name]
    for video, again in zip(read_echonet(made), read_echonet(tmp_path / "b"), strict=True):
        assert np.abs(video.cine().pixels.astype(int) - again.cine().pixels).max() <= 8


def test_a_cancelled_set_goes_on_where_it_was_and_ends_the_same(tmp_path, made) -> None:
    def cancelled() -> bool:
        return (tmp_path / "records/heart00000.json").is_file() and not (tmp_path / "go on").is_file()

    with pytest.raises(Cancelled):
        cines(tmp_path, Context(cancelled=cancelled))
    assert not (tmp_path / "FileList.csv").exists()
    (tmp_path / "go on").touch()
    assert cines(tmp_path, Context(cancelled=cancelled))["made_now"] == 1
    (tmp_path / "go on").unlink()
    assert files(tmp_path) == files(made)


def test_a_set_is_not_mixed_with_another_nor_with_something_else(tmp_path, made) -> None:
    with pytest.raises(OutputError, match=r"lies a set of cines of frames 24, and 32 was asked for.*Nothing was chan"):
        cines(made, frames=32)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(OutputError, match="holds files of something else"):
        cines(tmp_path)


def test_a_heart_that_cannot_beat_is_replaced_and_the_reason_told(tmp_path, monkeypatch) -> None:
    beating = cine_items._beating

    def but_the_first(settings: CineSettings, index: int, *rest: Any) -> Any:
        if index == 0:
            raise InputError("no sector is seen")
        return beating(settings, index, *rest)

    monkeypatch.setattr(cine_items, "_beating", but_the_first)
    record = cines(tmp_path, count=1, frames=8)
    assert record["refused"] == ["no sector is seen"]
    told, _ = find_task("cine-dataset").findings(record)
    assert told == "1 cines of 1 hearts; 1 hearts were refused and replaced"
    assert told_of(tmp_path, 0)["heart"]["drawn_as"] == 10**9
    monkeypatch.setattr(cine_items, "_beating", lambda settings, index, *rest: but_the_first(settings, 0))
    with pytest.raises(InputError, match="Heart 1 and 19 in its place are of no use; the last: no sector"):
        cines(tmp_path, count=2, frames=8)


def test_every_cine_is_far_enough_from_every_patient_or_another_heart_is_drawn(made, tmp_path, monkeypatch) -> None:
    told = told_of(made, 0)["cines"][0]["privacy"]
    assert -1 <= told["correlation"] < told["threshold"]
    assert told["nearest"].startswith("patient")
    monkeypatch.setattr(es.load_pipeline("reidentification"), "threshold", -1.0)
    monkeypatch.setattr(cine_items, "HEARTS_TRIED", 2)
    with pytest.raises(InputError, match=r"are of no use; the last: .* too near to a patient"):
        cines(tmp_path, count=1, frames=8)


def test_the_record_tells_which_cine_is_most_like_a_patient_and_what_the_ejection_fractions_are(made) -> None:
    record = json.loads((made / "record.json").read_text())
    told = [told_of(made, index)["cines"][0] for index in (0, 1)]
    nearest = max(told, key=lambda cine: cine["privacy"]["correlation"])
    assert record["closest"].items() <= {"name": nearest["name"], **nearest["privacy"]}.items()
    assert record["ejection_fractions"] == sorted(cine["ejection_fraction"]["labels"] for cine in told)
    assert find_task("cine-dataset").findings(record)[1].startswith(f"most like a patient: {nearest['name']}, 0.")


def test_a_stricter_threshold_refuses_hearts_that_the_models_own_accepts(made, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(cine_items, "HEARTS_TRIED", 1)
    below = told_of(made, 0)["cines"][0]["privacy"]["correlation"] - 0.01
    with pytest.raises(InputError, match=f"are of no use; the last: .* too near to a patient.*{below:.3f} is too much"):
        cines(tmp_path, count=1, privacy_threshold=below)


def test_where_the_disk_has_no_room_it_is_told_before_the_rest_is_made(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10_000}))
    with pytest.raises(
        OutputError, match=r"The files of 1 more hearts take about .* GB, and where .* 1e-05 GB are free"
    ):
        cines(tmp_path, frames=8)
    assert (tmp_path / "records/heart00000.json").is_file()


def test_the_sector_fills_a_square_picture_and_touches_its_sides() -> None:
    for index in range(3):
        frame = square_cut(Cohort(0, rows=112), index, "4CH")
        rows, columns = np.nonzero(frame.sector.mask(frame.shape))
        assert frame.shape == (112, 112)
        assert max(np.ptp(rows), np.ptp(columns)) >= 108


def test_splits_have_the_shares_of_echonet_dynamic() -> None:
    settings = CineSettings(Cohort(1), AskedFractions.of("real"), ("4CH",), 8, 32.0, RAW)
    splits = [settings.split(index) for index in range(4000)]
    assert [splits.count(name) / 4000 for name in ("train", "val", "test")] == pytest.approx(
        [0.744, 0.128, 0.128], abs=0.02
    )


def test_ejection_fractions_are_drawn_evenly_or_those_of_the_hearts_or_a_tables(tmp_path) -> None:
    cohort = Cohort(2)
    even = [AskedFractions.of(" Uniform:30-50 ").percent(cohort, index) for index in range(500)]
    assert (min(even), max(even), np.mean(even)) == pytest.approx((30, 50, 40), abs=1)
    assert AskedFractions.of("real").percent(cohort, 3) == 100 * cohort.heart(3).parameters.ejection_fraction
    table = tmp_path / "mine.csv"
    table.write_text("name,EF\na,55.5\nb,20\n")
    of_table = AskedFractions.of(str(table))
    assert [of_table.percent(cohort, index) for index in range(3)] == [55.5, 20, 55.5]
    other = tmp_path / "other.csv"
    other.write_text("EF\n55.5\n21\n")
    assert of_table.to_dict() != AskedFractions.of(str(other)).to_dict()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ef": "normal"}, r"The parameter ef was given 'normal'; allowed is uniform:10-90 for any"),
        ({"ef": "uniform:60-20"}, r"ejection fractions lie from 1 to 90 percent, the lower end first"),
        ({"ef": "uniform:0-120"}, r"ejection fractions lie from 1 to 90"),
        ({"ef": "none.csv"}, "none.csv does not exist"),
        ({"views": "PLAX"}, "PLAX"),
        ({"views": ","}, "No view was given"),
        ({"dataset_name": "my set"}, "consists of letters and digits; given was 'my set'"),
        ({"frames": 1}, r"frames was given 1; allowed is a whole number from 2"),
        ({"side": 20}, r"side was given 20"),
        ({"privacy_threshold": 2}, r"privacy_threshold was given 2; allowed is a number from 0 to 1"),
    ],
)
def test_what_cannot_be_asked_for_is_told(tmp_path, options, told) -> None:
    with pytest.raises(InputError, match=told):
        cines(tmp_path / "b", **options)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("EF\n", "has no row"),
        ("F\n5\n", "has no column EF"),
        ("EF\nhigh\n", r"line 2: EF is 'high'; expected was a number from 1 to 90"),
        ("EF\n95\n", "line 2: EF is '95'"),
    ],
)
def test_a_table_without_ejection_fractions_is_told_with_its_line(tmp_path, content, told) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(InputError, match=told):
        cines(tmp_path / "b", ef=str(tmp_path / "t.csv"))
