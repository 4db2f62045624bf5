"""A label map comes to lie on its image: turned where space says so, refused where the two do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK
from task_files import heart, write_echo

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, Geometry, read_image, read_label_map
from EchoSynthLib.images.label_maps.alignment import on_grid_of


@pytest.fixture
def echo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)


def saved(path, itk_image):
    SimpleITK.WriteImage(itk_image, str(path))
    return path


def itk(array, spacing=(0.3, 0.2, 1.0), origin=(5.0, -7.0, 11.0), direction=None):
    image = SimpleITK.GetImageFromArray(array if array.ndim == 3 else array[np.newaxis])
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    if direction is not None:
        image.SetDirection(np.asarray(direction, dtype=float).ravel().tolist())
    return image


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
@pytest.mark.parametrize(
    ("order", "flips"),
    [((0, 1, 2), (True, False, False)), ((0, 1, 2), (False, True, False)), ((0, 1, 2), (True, True, False)),
     ((1, 0, 2), (False, False, False)), ((1, 0, 2), (True, False, False)), ((0, 1, 2), (False, True, True))],
)  # fmt: skip
def test_a_label_map_that_lies_on_the_image_in_space_is_turned_onto_its_grid(
    tmp_path, echo, labels, suffix, order, flips
):
    image = read_image(saved(tmp_path / f"image{suffix}", itk(echo)))
    turned = SimpleITK.Flip(SimpleITK.PermuteAxes(itk(labels), order), flips)
    found = read_label_map(saved(tmp_path / f"labels{suffix}", turned))[1]
    placed = on_grid_of(image, found)
    assert np.array_equal(placed.pixels, labels)
    assert placed.geometry == image.geometry
    assert placed.spacing == image.spacing


def test_a_heart_that_is_turned_onto_its_image_is_no_longer_called_upside_down(tmp_path, echo, labels):
    image = read_image(saved(tmp_path / "image.nrrd", itk(echo)))
    turned = SimpleITK.Flip(itk(labels), (False, True, False))
    found = read_label_map(saved(tmp_path / "labels.nrrd", turned))[1]
    assert "upside down" in found.remarks[0]
    assert on_grid_of(image, found).remarks == ()


@pytest.mark.parametrize("files", ["png", "nrrd"])
@pytest.mark.parametrize("turned", ["neither", "image", "label map", "both"])
def test_a_heart_and_a_sector_that_lie_different_ways_up_do_not_fit_whatever_the_headers_say(tmp_path, turned, files):
    echo = read_image(write_echo(tmp_path / "echo.png")).pixels
    image = EchoFrame(echo[::-1] if turned in ("image", "both") else echo, source="echo.png")
    codes = heart().label_map
    found = EchoFrame(codes[::-1] if turned in ("label map", "both") else codes, source="heart.png")
    if files == "nrrd":
        place = Geometry((0.3, 0.2), (1.0, 2.0), (1.0, 0.0, 0.0, 1.0))
        image, found = (replace(one, geometry=place) for one in (image, found))
    if turned in ("neither", "both"):
        assert np.array_equal(on_grid_of(image, found).pixels, found.pixels)
    else:
        with pytest.raises(InputError, match=r"heart\.png does not fit echo\.png: the sector has its apex at the"):
            on_grid_of(image, found)


def test_the_slices_of_a_cine_are_brought_into_its_order(tmp_path, echo, labels):
    frames, maps = np.stack([echo, echo // 2, echo // 3]), np.stack([labels, labels * 0, labels[::-1]])
    image = read_image(saved(tmp_path / "image.nrrd", itk(frames)))
    turned = SimpleITK.Flip(itk(maps), (True, False, True))
    placed = on_grid_of(image, read_label_map(saved(tmp_path / "labels.nrrd", turned))[1])
    assert np.array_equal(placed.pixels, maps)


def test_a_2d_label_map_lies_on_a_single_slice_at_any_depth(tmp_path, echo, labels):
    image = read_image(saved(tmp_path / "image.nrrd", itk(echo)))
    flat = SimpleITK.Flip(itk(labels)[:, :, 0], (False, True))
    assert np.array_equal(
        on_grid_of(image, read_label_map(saved(tmp_path / "labels.mha", flat))[1]).pixels, labels
    )  # fmt: skip


@pytest.mark.parametrize(
    "moved",
    [
        {"spacing": (0.31, 0.2, 1.0)},
        {"origin": (5.2, -7.0, 11.0)},
        {"origin": (5.0, -7.0, 13.0)},
        {"direction": [[0.995, 0.0998, 0], [-0.0998, 0.995, 0], [0, 0, 1]]},
        {"direction": [[1, 0, 0], [0, 0.995, 0.0998], [0, -0.0998, 0.995]]},
        {"direction": [[1, 0, 0], [0, -1, 0], [0, 0, -1]]},
    ],
    ids=["spacing", "column", "depth", "turned", "oblique", "turned over"],
)
def test_a_label_map_that_lies_elsewhere_is_refused_and_both_places_are_told(tmp_path, echo, labels, moved):
    image = read_image(saved(tmp_path / "image.nrrd", itk(echo)))
    found = read_label_map(saved(tmp_path / "labels.nrrd", itk(labels, **moved)))[1]
    with pytest.raises(InputError, match=r"labels\.nrrd does not lie on the grid of .*image\.nrrd.*spacing.*spacing"):
        on_grid_of(image, found)


def test_another_size_is_refused(labels, echo):
    with pytest.raises(InputError, match=r"20 x 29 pixels.*20 x 30 pixels"):
        on_grid_of(EchoFrame(echo), EchoFrame(labels[:, 1:]))
    with pytest.raises(InputError, match="in 2 frames"):
        on_grid_of(EchoCine(np.stack([echo] * 2)), EchoCine(np.stack([labels] * 3)))


def test_less_than_half_a_pixel_is_no_other_place(labels, echo):
    place = Geometry((0.3, 0.2), (1.0, 2.0), (1.0, 0.0, 0.0, 1.0))
    image = EchoFrame(echo, (0.2, 0.3), True, geometry=place)
    near = replace(image, pixels=labels, geometry=replace(place, origin=(1.14, 2.09)))
    assert on_grid_of(image, near).geometry == place


def test_files_without_a_place_fit_by_their_size_and_keep_what_they_know(labels, echo):
    place = Geometry((0.3, 0.2), (1.0, 2.0), (1.0, 0.0, 0.0, -1.0))
    unknown = Geometry.flat(None)
    for theirs in (None, unknown):
        placed = on_grid_of(
            EchoFrame(echo, (0.2, 0.3), True, geometry=place), EchoFrame(labels, geometry=theirs)
        )  # fmt: skip
        assert np.array_equal(placed.pixels, labels)
        assert placed.geometry == place
    kept = on_grid_of(EchoFrame(echo), EchoFrame(labels, (0.2, 0.3), True, geometry=place))
    assert kept.geometry == place
    assert kept.spacing_trusted
