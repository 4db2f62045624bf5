"""The task `synthesize`: images and cines, in the sector of a reference or a given one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from shipped import needs_generator
from task_files import SHAPE, SPACING, heart, names, write_beat, write_echo, write_heart

from EchoSynthLib.anatomy.sector import fit as sector_fit
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.tasks import Context, Synthesize
from EchoSynthLib.tasks.common.inputs import choose_sector, read_labels, read_reference
from EchoSynthLib.tasks.common.view_told import view_told


@pytest.fixture
def label_file(tmp_path: Path) -> Path:
    return write_heart(tmp_path / "heart.nii.gz")


def drawn(label_file: Path, folder: Path, **options: Any) -> dict[str, Any]:
    return Synthesize(label_map=label_file, output=folder, **{"count": 1, "steps": 1, **options}).run(Context())


@needs_generator
def test_synthetic_images_come_with_their_label_map_record_and_sheet_and_say_that_they_are_synthetic(
    tmp_path: Path, label_file: Path
) -> None:
    import SimpleITK
    from PIL import Image

    steps: list[tuple[int, int, str]] = []
    task = Synthesize(label_map=label_file, output=tmp_path / "out", count=2, seed=3, quality="good")
    record = task.run(Context(lambda *step: steps.append(step)))
    images = ["synthetic_000.nii.gz", "synthetic_001.nii.gz"]
    assert names(tmp_path / "out") == ["label_map.nii.gz", "record.json", "sheet.png", *images]
    assert np.array_equal(read_label_map(tmp_path / "out" / "label_map.nii.gz")[0], heart().label_map)
    image = SimpleITK.ReadImage(record["outputs"]["images"][0])
    assert image.GetSpacing()[:2] == pytest.approx((0.8, 0.9))
    assert "synthetic=True" in image.GetMetaData("descrip")
    assert Image.open(tmp_path / "out" / "sheet.png").width > 400
    assert (record["synthetic"], record["seed"], record["source_label_map"]) == (True, 3, str(label_file))
    assert steps


@needs_generator
def test_a_cine_of_label_maps_gives_cines_whose_frames_share_noise_and_sector(tmp_path: Path) -> None:
    beat = write_beat(tmp_path / "beat.nii.gz", frames=3)
    record = drawn(beat, tmp_path / "out", count=2, seed=5, format="npy")
    assert names(tmp_path / "out") == ["label_map.npy", "record.json", "synthetic_000.npy", "synthetic_001.npy"]
    cine = np.load(record["outputs"]["images"][1])
    assert cine.shape == (3, *SHAPE)
    assert not cine[:, ~Sector.from_dict(record["sector"]).mask(SHAPE)].any()
    np.save(tmp_path / "frame.npy", read_label_map(beat)[0][2])
    alone = drawn(
        tmp_path / "frame.npy",
        tmp_path / "alone",
        count=2,
        seed=5,
        format="npy",
        sector=json.dumps(record["sector"]),
        row_spacing=SPACING[0],
        column_spacing=SPACING[1],
    )
    np.testing.assert_array_equal(np.load(alone["outputs"]["images"][1]), cine[2])


@needs_generator
def test_the_same_label_map_twice_is_a_cine_that_stands_still(tmp_path: Path) -> None:
    np.save(tmp_path / "still.npy", np.stack([heart().label_map] * 2))
    first, second = np.load(drawn(tmp_path / "still.npy", tmp_path / "out", format="npy")["outputs"]["images"][0])
    np.testing.assert_array_equal(first, second)


@needs_generator
def test_a_cine_keeps_its_place_and_has_a_sheet_of_first_frames(tmp_path: Path) -> None:
    record = drawn(write_beat(tmp_path / "beat.nii.gz"), tmp_path / "out")
    assert names(tmp_path / "out") == ["label_map.nii.gz", "record.json", "sheet.png", "synthetic_000.nii.gz"]
    cine = read_image(record["outputs"]["images"][0])
    assert cine.pixels.shape == (3, *SHAPE)
    assert cine.spacing == pytest.approx(SPACING)


@needs_generator
def test_a_sector_from_a_record_draws_the_same_image_again(tmp_path: Path, label_file: Path) -> None:
    reference = write_echo(tmp_path / "echo.nii.gz")
    first = drawn(label_file, tmp_path / "a", reference=reference, format="npy")
    again = drawn(label_file, tmp_path / "b", sector=json.dumps(first["sector"]), format="npy")
    assert first["sector_source"] == "fitted to the reference"
    assert again["sector_source"] == "given as geometry"
    one, other = (np.load(record["outputs"]["images"][0]) for record in (first, again))
    np.testing.assert_array_equal(one, other)


@needs_generator
def test_a_pixel_size_gives_the_depth_of_a_file_that_carries_none(tmp_path: Path) -> None:
    np.save(tmp_path / "bare.npy", heart().label_map)
    assert drawn(tmp_path / "bare.npy", tmp_path / "a")["depth_mm"] is None
    told = drawn(tmp_path / "bare.npy", tmp_path / "b", row_spacing=SPACING[0], column_spacing=SPACING[1])
    assert told["depth_mm"] == pytest.approx(told["sector"]["radius_far"] * SPACING[0])
    assert read_image(told["outputs"]["images"][0]).spacing == pytest.approx(SPACING)


@needs_generator
def test_a_cine_as_reference_gives_the_sector_of_its_first_frame(tmp_path: Path, label_file: Path) -> None:
    cine, frame = write_echo(tmp_path / "cine.nii.gz", frames=2), write_echo(tmp_path / "frame.nii.gz")
    of_cine, of_frame = (drawn(label_file, tmp_path / file.stem, reference=file) for file in (cine, frame))
    assert of_cine["sector"] == of_frame["sector"]


def test_a_reference_is_fitted_once_until_its_pixels_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []
    fit_sector = sector_fit.fit_sector
    monkeypatch.setattr(sector_fit, "fit_sector", lambda *given: fits.append(1) or fit_sector(*given))
    image = tmp_path / "echo.npy"
    np.save(image, read_image(write_echo(tmp_path / "noise.nii.gz")).pixels // 2)
    before, first = image.stat(), read_reference(image, SPACING).sector
    os.utime(image, (1, 1))
    assert read_reference(image, SPACING).sector == first
    assert len(fits) == 1
    np.save(image, np.roll(np.load(image), 4, axis=1))
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (image.stat().st_size, image.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert read_reference(image, SPACING).sector != first
    assert len(fits) == 2


def test_a_reference_of_another_size_is_refused(tmp_path: Path, label_file: Path) -> None:
    np.save(tmp_path / "image.npy", read_image(write_echo(tmp_path / "echo.nii.gz")).pixels[:-2])
    with pytest.raises(InputError, match=r"label map has 112 x 120 pixels.*image has 110 x 120 pixels"):
        drawn(label_file, tmp_path / "out", reference=tmp_path / "image.npy")


def test_a_label_map_is_turned_onto_the_grid_of_its_reference(tmp_path: Path) -> None:
    upright, reference = write_heart(tmp_path / "heart.nrrd"), write_echo(tmp_path / "echo.nrrd")
    turned = SimpleITK.Flip(SimpleITK.ReadImage(str(upright)), (True, True))
    SimpleITK.WriteImage(turned, str(tmp_path / "turned.nrrd"))
    labels = read_labels(tmp_path / "turned.nrrd")
    _, placed, _ = choose_sector(None, reference, labels)
    np.testing.assert_array_equal(placed.pixels, heart().label_map)
    assert placed.geometry == read_image(reference).geometry
    _, beat, _ = choose_sector(None, reference, read_labels(write_beat(tmp_path / "beat.nrrd")))
    assert beat.pixels.shape == (3, *SHAPE)


def test_a_sector_and_a_reference_are_one_too_many(tmp_path: Path, label_file: Path) -> None:
    sector = json.dumps(heart().sector.to_dict())
    with pytest.raises(InputError, match="Both a sector and a reference"):
        drawn(label_file, tmp_path / "out", reference=write_echo(tmp_path / "echo.png"), sector=sector)
    assert not (tmp_path / "out").exists()


@needs_generator
@pytest.mark.parametrize(
    ("name", "given", "view", "warned"),
    [
        ("heart_2CH_ED", "auto", "2CH", False),
        ("heart_2CH_ED", "4CH", "4CH", False),
        ("heart", "auto", "4CH", True),
        ("heart", "2CH", "2CH", False),
    ],
)
def test_the_view_is_the_given_or_the_names_and_else_4ch_with_a_warning(
    tmp_path: Path, name: str, given: str, view: str, warned: bool
) -> None:
    record = drawn(write_heart(tmp_path / f"{name}.nii.gz"), tmp_path / "out", view=given)
    assert record["view"] == view
    assert any("tells the view" in text for text in record.get("warnings", [])) is warned


def test_the_view_of_a_segmentation_is_the_one_of_its_record(tmp_path: Path) -> None:
    write_heart(tmp_path / "image_segmentation.nii.gz")
    (tmp_path / "image_record.json").write_text(json.dumps({"task": "segment", "view": "2CH"}))
    assert view_told("auto", tmp_path / "image_segmentation.nii.gz") == ("2CH", [])
