"""The task `cohort`: hearts that nobody has, cut in views."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from EchoSynthLib.anatomy.deformation import warp_labels
from EchoSynthLib.anatomy.heart3d.cohort import SHARES, Cohort
from EchoSynthLib.errors import Cancelled, InputError, OutputError
from EchoSynthLib.evaluation.segmentation_metrics import dice
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.tasks import Context, find_task

SMALL: dict[str, Any] = {"seed": 5, "rows": 96}


def cohort(folder: Path, context: Context | None = None, **options: Any) -> dict[str, Any]:
    given = {"output": folder, "count": 2, "views": "4CH", **SMALL, **options}
    return find_task("cohort").build(given).run(context or Context())


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "record.json"
    }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cohort") / "a"
    cohort(folder)
    return folder


def test_a_table_tells_each_hearts_numbers_and_its_ejection_fraction_is_that_of_its_volumes(made) -> None:
    hearts = rows(made / "hearts.csv")
    assert [row["heart"] for row in hearts] == ["0", "1"]
    for row in hearts:
        volumes = [float(row[f"LV_{phase}_ml"]) for phase in ("ED", "ES")]
        assert float(row["EF_percent"]) == pytest.approx(100 * (1 - volumes[1] / volumes[0]))
        assert float(row["EF_percent"]) == pytest.approx(100 * float(row["ejection_fraction"]), abs=0.5)
        assert float(row["LV_wall_ED_ml"]) == pytest.approx(float(row["LV_wall_ES_ml"]), rel=0.01)


def test_each_view_has_label_maps_as_camus_has_them_a_cine_of_tissues_motion_and_a_record(made) -> None:
    assert sorted(files(made)) == [
        "cohort.json",
        "cuts.csv",
        "hearts.csv",
        *(f"label_maps/heart0000{i}_4CH_{phase}_gt.nii.gz" for i in (0, 1) for phase in ("ED", "ES")),
        *(f"motion/heart0000{i}_4CH.npz" for i in (0, 1)),
        *(f"records/heart0000{i}_4CH.json" for i in (0, 1)),
        *(f"tissues/heart0000{i}_4CH.nii.gz" for i in (0, 1)),
    ]
    labels, geometry = read_label_map(made / "label_maps" / "heart00000_4CH_ED_gt.nii.gz")
    told = json.loads((made / "records" / "heart00000_4CH.json").read_text())
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    assert geometry.spacing == pytest.approx(told["spacing_mm"])
    assert told["phases"][0] == 0


def test_motion_carries_the_label_map_of_end_systole_onto_that_of_end_diastole(tmp_path) -> None:
    cohort(tmp_path, count=1, tracing="anatomy", skill=0)
    diastole, systole = (
        read_label_map(tmp_path / "label_maps" / f"heart00000_4CH_{phase}_gt.nii.gz")[0] for phase in ("ED", "ES")
    )
    with np.load(tmp_path / "motion" / "heart00000_4CH.npz") as motion:
        displacement = motion["displacement"].astype(np.float32)
    assert displacement.shape == (2, 2, *diastole.shape)
    carried = warp_labels(systole, displacement[1])
    assert dice(carried == 1, diastole == 1) > 0.93 > dice(systole == 1, diastole == 1)


def test_a_file_lies_in_the_hearts_millimeters_where_it_was_cut(made) -> None:
    told = json.loads((made / "records" / "heart00001_4CH.json").read_text())
    geometry = read_image(made / "tissues" / "heart00001_4CH.nii.gz").geometry
    origin, rotation = np.array(told["pose"]["origin_mm"]), np.array(told["pose"]["rotation"])
    middle = (read_image(made / "tissues" / "heart00001_4CH.nii.gz").pixels.shape[-1] - 1) / 2
    corner = origin - middle * told["spacing_mm"][1] * rotation[:, 0]
    np.testing.assert_allclose(geometry.origin[:3], corner, atol=1e-3)
    np.testing.assert_allclose(geometry.matrix()[:3, :3], rotation, atol=1e-5)


def test_any_number_of_workers_and_any_count_make_the_same_files_bit_by_bit(tmp_path, made) -> None:
    cohort(tmp_path / "b", workers=2)
    assert files(tmp_path / "b") == files(made)
    cohort(tmp_path / "c", count=1)
    several = files(made)
    assert {name for name, content in files(tmp_path / "c").items() if several[name] != content} == {
        "cuts.csv",
        "hearts.csv",
    }


def test_a_cancelled_cohort_goes_on_where_it_was_and_ends_the_same(tmp_path, made) -> None:
    steps: list[int] = []
    context = Context(lambda *step: steps.append(step[0]), cancelled=lambda: len(steps) == 1)
    with pytest.raises(Cancelled):
        cohort(tmp_path / "b", context)
    before = files(tmp_path / "b")
    assert "records/heart00000_4CH.json" in before
    assert "hearts.csv" not in before
    assert cohort(tmp_path / "b")["made_now"] == 1
    assert files(tmp_path / "b") == files(made)
    assert cohort(tmp_path / "b")["made_now"] == 0


def test_a_cohort_grows_by_hearts_and_views_and_refuses_to_be_mixed_with_another(tmp_path) -> None:
    cohort(tmp_path / "b", count=1, motion=False)
    grown = cohort(tmp_path / "b", count=1, views="4CH, plax", motion=False)
    assert (grown["cuts"], grown["made_now"]) == (2, 1)
    kept = files(tmp_path / "b")
    with pytest.raises(OutputError, match=r"a cohort of seed 5, and 6 was asked for.*Nothing was changed"):
        cohort(tmp_path / "b", count=1, motion=False, seed=6)
    assert files(tmp_path / "b") == kept


def test_a_folder_of_something_else_is_left_alone(tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds files of something else"):
        cohort(tmp_path)
    assert list(files(tmp_path)) == ["mine.txt"]


def test_another_day_shows_the_same_heart_in_another_picture(tmp_path) -> None:
    cohort(tmp_path, count=1, examinations=2, motion=False)
    first, second = rows(tmp_path / "cuts.csv")
    assert (first["stem"], second["stem"]) == ("heart00000_4CH", "heart00000_d2_4CH")
    assert first["depth_mm"] != second["depth_mm"]
    assert len(rows(tmp_path / "hearts.csv")) == 1


def test_any_number_of_hearts_can_be_made_and_all_conditions_are_among_them() -> None:
    hearts = Cohort(0)
    drawn = [hearts.heart(index).parameters for index in range(400)]
    assert len({one.wall_mm for one in drawn}) > 390
    assert {hearts.condition_of(index) for index in range(400)} == set(SHARES)
    fractions = np.array([one.ejection_fraction for one in drawn])
    assert 0.45 < np.median(fractions) < 0.62


def test_a_cine_begins_at_end_diastole_and_holds_end_systole() -> None:
    hearts = Cohort(3, frames=12)
    heart = hearts.heart(0)
    phases = hearts.phases(heart)
    assert len(phases) == 12
    assert phases[0] == 0
    assert phases == sorted(phases)
    assert heart.end_systole in phases


def test_what_cannot_be_asked_for_is_told(tmp_path) -> None:
    with pytest.raises(InputError, match=r"Taken for heart cuts are: 2CH"):
        cohort(tmp_path / "b", views="4CH,M-mode")
    with pytest.raises(InputError, match="No view was given"):
        cohort(tmp_path / "b", views=",")
    with pytest.raises(InputError, match="condition is one of mixed, normal"):
        Cohort(0, condition="fine")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("damaged", ["{bad", "[1]", "3", ""])
def test_a_cohort_that_does_not_tell_what_it_is_is_left_alone(tmp_path, damaged) -> None:
    (tmp_path / "cohort.json").write_text(damaged, encoding="utf-8")
    with pytest.raises(OutputError, match="damaged"):
        find_task("cohort")(output=tmp_path, count=1).run(Context())
    assert [path.name for path in tmp_path.iterdir()] == ["cohort.json"]


def test_images_lie_beside_the_labels_of_every_view_and_are_the_same_from_any_worker(tmp_path, made) -> None:
    cohort(tmp_path / "a", count=1, views="4CH, plax", echo="tissue")
    cohort(tmp_path / "b", count=1, views="4CH, plax", echo="tissue", workers=2)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    for stem in ("heart00000_4CH", "heart00000_PLAX"):
        echo, tissues = (read_image(tmp_path / "a" / room / f"{stem}.nii.gz") for room in ("echo", "tissues"))
        assert echo.pixels.shape == tissues.pixels.shape
        assert echo.geometry.spacing == pytest.approx(tissues.geometry.spacing)
    labels, _ = read_label_map(tmp_path / "a" / "label_maps" / "heart00000_4CH_ED_gt.nii.gz")
    image = read_image(tmp_path / "a" / "images" / "heart00000_4CH_ED.nii.gz").pixels
    assert image[labels == 1].mean() < image[labels == 2].mean()
    with pytest.raises(OutputError, match="a cohort of echo 'tissue'"):
        cohort(tmp_path / "a", count=1, views="4CH, plax")
