"""The task `collect`: pairs that lie side by side become a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from task_files import SHAPE, SPACING, everything, heart, names, write_beat, write_echo, write_heart

from EchoSynthLib.errors import Cancelled, InputError, OutputError
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.readers.attributes import read_attributes
from EchoSynthLib.images.write import write_image, write_label_map
from EchoSynthLib.tasks import Collect, Context

SYNTHETIC = {"synthetic": True, "model": "beam-flow", "seed": 3, "source_label_map": "/private/Smith/heart.nii.gz"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A pair in PNG and one in NIfTI."""
    (tmp_path / "in").mkdir()
    for name in ("one.nii.gz", "two.png"):
        write_echo(tmp_path / "in" / "images" / name)
        write_heart(tmp_path / "in" / "labels" / name)
    return tmp_path / "in"


def collected(source: Path, **options: Any) -> dict[str, Any]:
    return Collect(source=source, output=source.parent / "out", **options).run(Context())


def test_pairs_keep_their_pixels_codes_and_place(source: Path) -> None:
    record = collected(source)
    out = source.parent / "out"
    assert everything(out) == [
        *(f"{room}/{name}.nii.gz" for room in ("images", "labels") for name in ("one", "two")),
        "record.json",
    ]
    for name in ("one.nii.gz", "two.png"):
        written = name.replace(".png", ".nii.gz")
        given, codes = (read_image(source / room / name).pixels for room in ("images", "labels"))
        np.testing.assert_array_equal(read_image(out / "images" / written).pixels, given)
        np.testing.assert_array_equal(read_label_map(out / "labels" / written)[0], codes)
    assert read_image(out / "images" / "one.nii.gz").spacing == pytest.approx(SPACING)
    assert (record["pairs"], record["synthetic_pairs"]) == (2, 0)
    assert record["outputs"]["record"] == str(out / "record.json")
    assert "synthetic" not in record


def test_partners_may_be_of_two_formats(source: Path) -> None:
    (source / "labels" / "two.png").unlink()
    np.save(source / "labels" / "two.npy", heart().label_map)
    assert collected(source, layout="png")["pairs"] == 2
    assert names(source.parent / "out" / "labels") == ["one.png", "two.png"]


def test_records_go_along_and_tell_the_images_that_they_are_synthetic(source: Path) -> None:
    (source / "records").mkdir()
    (source / "records" / "one.json").write_text(json.dumps(SYNTHETIC))
    record = collected(source, layout="nnunet")
    root = source.parent / "out" / "Dataset001_EchoSynth"
    assert json.loads((root / "records" / "one.json").read_text()) == SYNTHETIC
    assert json.loads((root / "dataset.json").read_text())["synthetic_cases"] == ["one"]
    told = read_attributes(root / "imagesTr" / "one_0000.nii.gz")
    assert (told["synthetic"], told["seed"]) == ("True", "3")
    assert b"Smith" not in (root / "imagesTr" / "one_0000.nii.gz").read_bytes()
    assert record["synthetic_pairs"] == 1


@pytest.mark.parametrize("told", [{}, {"synthetic": False}, {"task": "segment", "model": "segmenter"}])
def test_the_record_of_a_real_image_does_not_make_it_a_synthetic_one(source: Path, told: dict[str, Any]) -> None:
    (source / "records").mkdir()
    (source / "records" / "one.json").write_text(json.dumps(told))
    assert collected(source)["synthetic_pairs"] == 0
    out = source.parent / "out"
    assert json.loads((out / "records" / "one.json").read_text()) == told
    assert read_attributes(out / "images" / "one.nii.gz") == {}


@pytest.mark.parametrize("name", ["three.png", "three.nii.gz", "three.mha"])
def test_a_synthetic_image_without_a_record_still_says_so(source: Path, name: str) -> None:
    write_image(source / "images" / name, read_image(source / "images" / "one.nii.gz").pixels, attributes=SYNTHETIC)
    write_heart(source / "labels" / "three.nii.gz")
    assert collected(source, layout="png")["synthetic_pairs"] == 1
    told = read_attributes(source.parent / "out" / "images" / "three.png")
    assert {key: told[key] for key in ("synthetic", "model", "seed")} == {
        "synthetic": "True",
        "model": "beam-flow",
        "seed": "3",
    }
    assert read_attributes(source.parent / "out" / "images" / "two.png") == {}


def test_the_frames_of_a_cine_become_cases(source: Path) -> None:
    write_echo(source / "images" / "beat.nii.gz", frames=3)
    write_beat(source / "labels" / "beat.nii.gz", frames=3)
    (source / "records").mkdir()
    (source / "records" / "beat.json").write_text(json.dumps(SYNTHETIC))
    assert collected(source)["pairs"] == 5
    out = source.parent / "out"
    assert names(out / "records") == [f"beat_f00{frame}.json" for frame in range(3)]
    assert json.loads((out / "records" / "beat_f002.json").read_text())["frame"] == 2
    for frame in range(3):
        for room in ("images", "labels"):
            written = read_image(out / room / f"beat_f00{frame}.nii.gz")
            assert written.spacing == pytest.approx(SPACING)
            np.testing.assert_array_equal(written.pixels, read_image(source / room / "beat.nii.gz").pixels[frame])


def test_a_label_map_stored_upside_down_where_its_header_says_so_is_turned_onto_the_image(source: Path) -> None:
    image, labels = (SimpleITK.ReadImage(str(source / room / "one.nii.gz")) for room in ("images", "labels"))
    for room, stored in (("images", image), ("labels", SimpleITK.Flip(labels, (False, True)[: labels.GetDimension()]))):
        (source / room / "one.nii.gz").unlink()
        SimpleITK.WriteImage(stored, str(source / room / "one.nrrd"))
    collected(source)
    written = read_label_map(source.parent / "out" / "labels" / "one.nii.gz")[0]
    np.testing.assert_array_equal(written, SimpleITK.GetArrayFromImage(labels).reshape(written.shape))


def test_label_maps_may_be_marked_by_their_names_and_warnings_name_their_file(source: Path) -> None:
    (source / "labels" / "two.png").unlink()
    write_label_map(source / "labels" / "two_mask.png", heart().label_map[::-1])
    write_image(source / "images" / "two.png", read_image(source / "images" / "two.png").pixels[::-1])
    record = collected(source)
    assert names(source.parent / "out" / "labels") == ["one.nii.gz", "two.nii.gz"]
    assert [text for text in record["warnings"] if text.startswith("two.png: ") and "upside down" in text]


def test_a_label_map_among_the_images_is_refused(source: Path) -> None:
    write_heart(source / "images" / "two.png")
    with pytest.raises(InputError, match=r"images/two\.png is no ultrasound image but a label map"):
        collected(source)


def damage(source: Path, what: str) -> None:
    labels = source / "labels" / "two.png"
    if what == "no label map":
        labels.unlink()
    elif what == "no image":
        (source / "images" / "one.nii.gz").unlink()
    elif what == "another size":
        write_image(labels, np.ones((64, 64), np.uint8))
    elif what == "a cine and a frame":
        write_beat(source / "labels" / "one.nii.gz")
    elif what == "unknown code":
        write_image(labels, np.full(SHAPE, 9, np.uint8))
    elif what == "two of one name":
        write_heart(source / "images" / "two.mha")
    elif what == "bad record":
        (source / "records").mkdir()
        (source / "records" / "two.json").write_text("[1]")
    elif what == "damaged":
        labels.write_bytes(labels.read_bytes()[:60])
    elif what == "names that become one":
        for name in ("a b.png", "a_b.png"):
            write_echo(source / "images" / name)
            write_heart(source / "labels" / name)


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("no label map", r"images/two\.png has no partner of the same name in .*labels"),
        ("no image", r"labels/one\.nii\.gz has no partner of the same name in .*images"),
        ("another size", r"labels/two\.png does not lie on .*has 64 x 64 pixels.*image has 112 x 120 pixels"),
        ("a cine and a frame", r"labels/one\.nii\.gz does not lie on .*has 112 x 120 pixels in 3 frames"),
        ("unknown code", r"labels/two\.png holds the codes 9"),
        ("two of one name", r"two\.mha and two\.png have one name"),
        ("bad record", r"records/two\.json is no record"),
        ("damaged", r"labels/two\.png cannot be read"),
        ("names that become one", r"Two pairs would be called a_b"),
    ],
)
def test_a_pair_that_is_none_is_named_and_nothing_is_left_behind(source: Path, what: str, complaint: str) -> None:
    damage(source, what)
    with pytest.raises(InputError, match=complaint):
        collected(source)
    assert not (source.parent / "out").exists()


def test_a_label_map_without_any_structure_is_truth_too(source: Path) -> None:
    write_image(source / "labels" / "two.png", np.zeros(SHAPE, np.uint8))
    assert collected(source)["pairs"] == 2


def test_the_source_itself_is_not_written_over(source: Path) -> None:
    before = everything(source)
    with pytest.raises(OutputError, match="images exists already"):
        Collect(source=source, output=source).run(Context())
    assert everything(source) == before


def test_folders_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder .*images"):
        Collect(source=tmp_path, output=tmp_path / "out").run(Context())
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match=r"no image in .*images"):
        Collect(source=tmp_path, output=tmp_path / "out").run(Context())


def test_a_cancelled_collection_leaves_nothing(source: Path) -> None:
    told: list[str] = []
    context = Context(lambda *step: told.append(step[2]), cancelled=lambda: "one.nii.gz" in told)
    with pytest.raises(Cancelled):
        Collect(source=source, output=source.parent / "out").run(context)
    assert names(source.parent) == ["in"]
