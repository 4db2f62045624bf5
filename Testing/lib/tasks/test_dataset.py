"""The task `dataset`: pairs of synthetic image and label map, in every layout."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dying import KILL
from made_apart import assert_same_picture
from shipped import needs_generator
from task_files import SHAPE, SPACING, everything, heart, names, write_beat, write_echo, write_heart

import EchoSynthLib as es
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.errors import Cancelled, InputError, OutputError
from EchoSynthLib.images.datasets.shards import read_shard, shards_of
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.readers.attributes import read_attributes
from EchoSynthLib.tasks import Context, Dataset
from EchoSynthLib.tasks.dataset import label_files
from EchoSynthLib.tasks.parts.dataset_pairs import seed_of

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="the extra `cluster` is not installed")


@pytest.fixture
def label_file(tmp_path: Path) -> Path:
    return write_heart(tmp_path / "heart.nii.gz")


def made(source: Path, folder: Path, **options: Any) -> dict[str, Any]:
    return Dataset(source=source, output=folder, **{"variations": 1, "steps": 1, **options}).run(Context())


def pixels(folder: Path) -> dict[str, np.ndarray]:
    """Images and label maps by room and name."""
    files = [path for room in ("images", "labels") for path in sorted((folder / room).iterdir())]
    return {f"{path.parent.name}/{path.name}": read_image(path).pixels for path in files}


@needs_generator
def test_a_data_set_holds_images_label_maps_and_records_of_one_name(tmp_path: Path, label_file: Path) -> None:
    record = made(label_file, tmp_path / "out", variations=2, images=2)
    cases = [f"heart_{what}_i00{image}" for what in ("original", "v000", "v001") for image in (0, 1)]
    assert names(tmp_path / "out") == ["images", "labels", "record.json", "records"]
    assert names(tmp_path / "out" / "images") == [f"{case}.nii.gz" for case in cases]
    assert names(tmp_path / "out" / "labels") == [f"{case}.nii.gz" for case in cases]
    assert names(tmp_path / "out" / "records") == [f"{case}.json" for case in cases]
    assert record["outputs"]["images"] == str(tmp_path / "out" / "images")
    assert json.loads((tmp_path / "out" / "record.json").read_text())["pairs"] == 6


@needs_generator
def test_both_of_a_pair_lie_where_the_label_map_lay_and_the_image_says_that_it_is_synthetic(
    tmp_path: Path, label_file: Path
) -> None:
    made(label_file, tmp_path / "out")
    for path in (tmp_path / "out").glob("*/*.nii.gz"):
        assert read_image(path).spacing == pytest.approx(SPACING)
    image = tmp_path / "out" / "images" / "heart_v000_i000.nii.gz"
    assert read_attributes(image)["synthetic"] == "True"
    original = tmp_path / "out" / "labels" / "heart_original_i000.nii.gz"
    np.testing.assert_array_equal(read_label_map(original)[0], heart().label_map)


@needs_generator
def test_the_record_of_a_pair_is_enough_to_draw_it_again(tmp_path: Path, label_file: Path) -> None:
    made(label_file, tmp_path / "out", images=2, quality="poor", view="2CH")
    record = json.loads((tmp_path / "out" / "records" / "heart_v000_i001.json").read_text())
    case = {room: tmp_path / "out" / room / "heart_v000_i001.nii.gz" for room in ("images", "labels")}
    again, _ = es.synthesize(
        read_label_map(case["labels"])[0],
        1,
        record["seed"],
        record["view"],
        record["steps"],
        sector=Sector.from_dict(record["sector"]),
        spacing=record["spacing_mm"],
        quality=record["quality"],
    )
    np.testing.assert_array_equal(again[0], read_image(case["images"]).pixels)
    assert record["synthetic"] is True
    assert (record["variation"], record["image"], record["dataset_seed"]) == (0, 1, 0)


@needs_generator
@pytest.mark.slow
def test_a_pair_does_not_depend_on_what_else_is_made(tmp_path: Path) -> None:
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    write_heart(beside / "a.nii.gz", phase=0.5)
    write_heart(beside / "heart.nii.gz")
    alone.mkdir()
    shutil.copy(beside / "heart.nii.gz", alone / "other.nii.gz")
    few = pixels(Path(made(alone, tmp_path / "few")["outputs"]["images"]).parent)
    many = pixels(Path(made(beside, tmp_path / "many", variations=2, images=2)["outputs"]["images"]).parent)
    assert len(many) == 2 * 2 * 3 * 2
    for name, picture in few.items():
        np.testing.assert_array_equal(picture, many[name.replace("other", "heart")])
    assert len({picture.tobytes() for name, picture in many.items() if name.startswith("images")}) == 12


@needs_generator
def test_the_given_map_can_be_left_out_or_be_the_only_one(tmp_path: Path, label_file: Path) -> None:
    made(label_file, tmp_path / "a", original=False)
    made(label_file, tmp_path / "b", variations=0)
    assert names(tmp_path / "a" / "images") == ["heart_v000_i000.nii.gz"]
    assert names(tmp_path / "b" / "images") == ["heart_original_i000.nii.gz"]
    with pytest.raises(InputError, match="Nothing would be drawn"):
        made(label_file, tmp_path / "c", variations=0, original=False)


@needs_generator
def test_an_nnunet_data_set_has_its_own_folder_and_number(tmp_path: Path, label_file: Path) -> None:
    record = made(label_file, tmp_path / "raw", layout="nnunet", dataset_name="Hearts")
    case = ("heart_original_i000", "heart_v000_i000")
    assert everything(tmp_path / "raw") == sorted(
        [f"Dataset001_Hearts/{name}" for name in ("dataset.json", "record.json")]
        + [f"Dataset001_Hearts/imagesTr/{name}_0000.nii.gz" for name in case]
        + [f"Dataset001_Hearts/labelsTr/{name}.nii.gz" for name in case]
        + [f"Dataset001_Hearts/records/{name}.json" for name in case]
    )
    assert record["outputs"]["labels"] == str(tmp_path / "raw" / "Dataset001_Hearts" / "labelsTr")
    told = json.loads((tmp_path / "raw" / "Dataset001_Hearts" / "dataset.json").read_text())
    assert (told["numTraining"], told["synthetic_cases"]) == (2, list(case))
    made(label_file, tmp_path / "raw", layout="nnunet", dataset_name="More")
    # Again, and of one name: the next number, and what is there stays.
    record = made(label_file, tmp_path / "raw", layout="nnunet", dataset_name="More")
    assert names(tmp_path / "raw") == ["Dataset001_Hearts", "Dataset002_More", "Dataset003_More"]
    assert "Dataset003_More" in record["outputs"]["images"]


@needs_generator
def test_png_holds_the_same_pixels(tmp_path: Path, label_file: Path) -> None:
    made(label_file, tmp_path / "png", layout="png")
    made(label_file, tmp_path / "nifti")
    as_png, as_nifti = pixels(tmp_path / "png"), pixels(tmp_path / "nifti")
    assert [name.removesuffix(".png") for name in as_png] == [name.removesuffix(".nii.gz") for name in as_nifti]
    for one, other in zip(as_png.values(), as_nifti.values(), strict=True):
        np.testing.assert_array_equal(one, other)


@needs_generator
def test_each_frame_of_a_cine_is_a_label_map_of_its_own(tmp_path: Path) -> None:
    made(write_beat(tmp_path / "beat.nii.gz", frames=3), tmp_path / "out", variations=0)
    assert names(tmp_path / "out" / "labels") == [f"beat_f00{frame}_original_i000.nii.gz" for frame in range(3)]
    labels = read_label_map(tmp_path / "out" / "labels" / "beat_f001_original_i000.nii.gz")[0]
    np.testing.assert_array_equal(labels, read_label_map(tmp_path / "beat.nii.gz")[0][1])


@needs_generator
def test_images_end_at_a_given_sector_and_label_maps_do_not(tmp_path: Path, label_file: Path) -> None:
    outside = ~heart().sector.mask(SHAPE)
    made(label_file, tmp_path / "out", variations=3, strength=1.5, sector=json.dumps(heart().sector.to_dict()))
    found = pixels(tmp_path / "out")
    assert not any(picture[outside].any() for name, picture in found.items() if name.startswith("images"))
    assert any(picture[outside].any() for name, picture in found.items() if name.startswith("labels"))


@needs_generator
@pytest.mark.parametrize("layout", ["nifti", "nnunet", "shards"])
def test_a_cancelled_data_set_leaves_nothing(tmp_path: Path, label_file: Path, layout: str) -> None:
    told: list[str] = []
    context = Context(lambda *step: told.append(step[2]), cancelled=lambda: "heart_v000_i001: synthesizing" in told)
    task = Dataset(source=label_file, output=tmp_path / "out", variations=3, images=3, steps=1, layout=layout)
    with pytest.raises(Cancelled):
        task.run(context)
    assert any(message.startswith("heart_original_i000") for message in told)
    assert names(tmp_path) == ["heart.nii.gz"]


@pytest.mark.parametrize(
    ("layout", "room"),
    [("nifti", "labels"), ("png", "labels"), ("shards", "shards")],
)
def test_a_data_set_that_is_there_is_never_replaced(tmp_path: Path, label_file: Path, layout: str, room: str) -> None:
    there = tmp_path / "out" / room / "own.txt"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    with pytest.raises(OutputError, match=f"{there.parent.name} exists already"):
        made(label_file, tmp_path / "out", layout=layout)
    assert there.read_text() == "mine"


@needs_generator
def test_shards_hold_the_same_pairs_and_records(tmp_path: Path, label_file: Path) -> None:
    record = made(label_file, tmp_path / "shards", layout="shards", images=2, pairs_per_shard=3)
    made(label_file, tmp_path / "nifti", images=2)
    assert everything(tmp_path / "shards") == ["record.json", "shards/shard-000000.tar", "shards/shard-000001.tar"]
    assert (record["outputs"]["shards"], record["pairs"]) == (str(tmp_path / "shards" / "shards"), 4)
    as_nifti = pixels(tmp_path / "nifti")
    for shard in shards_of(tmp_path / "shards" / "shards"):
        for sample in read_shard(shard):
            case, told = sample.pair()
            np.testing.assert_array_equal(case.image, as_nifti.pop(f"images/{case.name}.nii.gz"))
            np.testing.assert_array_equal(case.label_map, as_nifti.pop(f"labels/{case.name}.nii.gz"))
            assert told == json.loads((tmp_path / "nifti" / "records" / f"{case.name}.json").read_text())
    assert not as_nifti


def assert_same_set(one: Path, other: Path) -> None:
    """Equal names, label maps, records; images but for rounding, for each worker has fewer threads than one alone."""
    assert everything(one) == everything(other)
    if not (one / "shards").is_dir():
        ours, theirs = pixels(one), pixels(other)
        assert ours
        for name, found in ours.items():
            (assert_same_picture if name.startswith("images") else np.testing.assert_array_equal)(found, theirs[name])
        for record in (one / "records").iterdir():
            assert record.read_bytes() == (other / "records" / record.name).read_bytes()
        return
    shards = [shards_of(folder / "shards") for folder in (one, other)]
    assert shards[0]
    for ours, theirs in zip(*shards, strict=True):
        for sample, same in zip(read_shard(ours), read_shard(theirs), strict=True):
            (case, record), (other_case, other_record) = sample.pair(), same.pair()
            assert (case.name, record) == (other_case.name, other_record)
            assert_same_picture(case.image, other_case.image)
            np.testing.assert_array_equal(case.label_map, other_case.label_map)


@pytest.mark.slow
@needs_generator
@pytest.mark.parametrize(
    ("layout", "place"),
    [
        ("nifti", {"workers": 2}),
        ("shards", {"workers": 3}),
        pytest.param("shards", {"cluster": "local:2"}, marks=needs_dask),
    ],
)
def test_any_number_of_workers_makes_the_same_data_set(tmp_path: Path, layout: str, place: dict[str, Any]) -> None:
    source = write_beat(tmp_path / "beat.nii.gz", frames=2)
    options: dict[str, Any] = {"layout": layout, "variations": 5, "pairs_per_shard": 5}
    made(source, tmp_path / "alone", **options)
    made(source, tmp_path / "spread", **options, **place)
    assert_same_set(tmp_path / "spread", tmp_path / "alone")


@pytest.mark.slow
@needs_generator
def test_a_killed_worker_changes_nothing_in_the_data_set(tmp_path: Path, label_file: Path) -> None:
    killed: list[int] = []

    def kill_one(done: int, total: int, message: str) -> None:
        children = multiprocessing.active_children()
        if done and not killed and children:
            killed.append(children[0].pid or 0)
            os.kill(killed[0], KILL)

    options: dict[str, Any] = {"variations": 19, "steps": 1, "layout": "shards"}
    Dataset(source=label_file, output=tmp_path / "out", workers=2, **options).run(Context(kill_one))
    made(label_file, tmp_path / "alone", **options)
    assert killed
    assert_same_set(tmp_path / "out", tmp_path / "alone")


@pytest.mark.slow
@needs_generator
def test_cancelled_workers_leave_nothing(tmp_path: Path, label_file: Path) -> None:
    told: list[str] = []
    context = Context(lambda *step: told.append(step[2]), cancelled=lambda: "1 of 20 pairs" in told)
    with pytest.raises(Cancelled):
        Dataset(source=label_file, output=tmp_path / "out", variations=19, steps=1, workers=2).run(context)
    assert names(tmp_path) == ["heart.nii.gz"]
    assert not multiprocessing.active_children()


@needs_generator
def test_a_label_map_that_is_upside_down_is_told_by_its_file(tmp_path: Path) -> None:
    np.save(tmp_path / "turned.npy", heart().label_map[::-1])
    (told,) = made(tmp_path / "turned.npy", tmp_path / "out", variations=0, view="4CH")["warnings"]
    assert told.startswith("turned.npy: ")
    assert "upside down" in told


def test_what_cannot_be_used_is_named_before_anything_is_drawn(tmp_path: Path) -> None:
    write_heart(tmp_path / "maps" / "a.nii.gz")
    np.save(tmp_path / "maps" / "b.npy", np.full(SHAPE, 7, np.uint8))
    with pytest.raises(InputError, match=r"b\.npy: .*7"):
        made(tmp_path / "maps", tmp_path / "out")
    np.save(tmp_path / "maps" / "b.npy", np.ones((64, 64), np.uint8))
    with pytest.raises(InputError, match=r"b\.npy: .*b\.npy does not lie on the grid of .*echo\.nii\.gz: .* 64 x 64"):
        made(tmp_path / "maps", tmp_path / "out", reference=write_echo(tmp_path / "echo.nii.gz"))
    with pytest.raises(InputError, match="letters and digits"):
        made(tmp_path / "maps", tmp_path / "out", dataset_name="my hearts")
    with pytest.raises(InputError, match="Both workers"):
        made(tmp_path / "maps", tmp_path / "out", workers=2, cluster="local:2")
    assert not (tmp_path / "out").exists()


def test_of_a_folder_with_images_the_label_maps_are_taken(tmp_path: Path) -> None:
    for name in ("b_gt.png", "a_gt.png"):
        write_heart(tmp_path / "camus" / name)
    write_echo(tmp_path / "camus" / "a.png")
    (tmp_path / "camus" / "Info_4CH.cfg").write_text("ED: 1")
    assert [path.name for path in label_files(tmp_path / "camus")] == ["a_gt.png", "b_gt.png"]
    with pytest.raises(InputError, match="no label map in the folder"):
        label_files(tmp_path)


def test_seeds_differ_with_content_and_every_number() -> None:
    given = heart().label_map
    seeds = {seed_of(labels, *numbers) for labels in (given, given.T) for numbers in ((0,), (1,), (0, 0), (0, 1))}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seed_of(given, 3) == seed_of(given.copy(), 3)


@needs_generator
def test_each_label_map_is_drawn_and_recorded_in_the_view_that_its_name_tells(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir()
    for name in ("a_2CH_ED", "b_4CH_ED"):
        write_heart(maps / f"{name}.nii.gz")
    record = made(maps, tmp_path / "out", variations=0)
    told = [json.loads(path.read_text())["view"] for path in sorted((tmp_path / "out" / "records").iterdir())]
    assert told == ["2CH", "4CH"]
    assert record["view"] == "auto"
    assert not record.get("warnings")
    assert made(maps, tmp_path / "given", variations=0, view="4CH")["view"] == "4CH"
    for name in ("c", "d"):
        write_heart(maps / f"{name}.nii.gz")
    (told,) = made(maps, tmp_path / "untold", variations=0)["warnings"]
    assert told.startswith("c.nii.gz and 1 more: no name and no record tells the view")


@needs_generator
def test_a_device_without_effect_is_told_once(tmp_path: Path, label_file: Path) -> None:
    (told,) = made(label_file, tmp_path / "out", variations=0, device="cuda", view="4CH")["warnings"]
    assert "'cuda' has no effect" in told
