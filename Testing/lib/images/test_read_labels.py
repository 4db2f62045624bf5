"""Label maps come with exactly the codes that are stored."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import read_image, read_label_map
from EchoSynthLib.images.label_maps.detection import is_label_map


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
def test_codes_are_exact_in_every_type_and_spacing_comes_along(tmp_path, labels, suffix, dtype):
    image = SimpleITK.GetImageFromArray(labels[np.newaxis].astype(dtype))
    image.SetSpacing((0.3, 0.2, 1.5))
    SimpleITK.WriteImage(image, str(tmp_path / f"a{suffix}"))
    codes, source = read_label_map(tmp_path / f"a{suffix}")
    assert codes.dtype == np.uint8
    assert np.array_equal(codes, labels)
    assert source.spacing == pytest.approx((0.2, 0.3))
    assert source.geometry.dimension == 3


def test_codes_are_exact_from_gray_palette_and_gray_rgb_pictures(tmp_path, labels):
    palette = Image.fromarray(labels, mode=None).convert("P")
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    pictures = {"gray": Image.fromarray(labels), "palette": palette, "rgb": Image.fromarray(labels).convert("RGB")}
    for name, picture in pictures.items():
        expected = np.asarray(picture) if name == "palette" else labels
        picture.save(tmp_path / f"{name}.png")
        codes, source = read_label_map(tmp_path / f"{name}.png")
        assert np.array_equal(codes, expected), name
        assert source.spacing is None


def test_codes_are_exact_from_an_array(tmp_path, labels):
    np.save(tmp_path / "a.npy", labels.astype(np.int64))
    assert np.array_equal(read_label_map(tmp_path / "a.npy")[0], labels)


def test_a_cine_of_label_maps_keeps_its_frames(tmp_path, labels):
    np.save(tmp_path / "a.npy", np.stack([labels, labels[::-1]]))
    assert read_label_map(tmp_path / "a.npy")[0].shape == (2, 20, 30)


def test_an_image_is_no_label_map(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(400).reshape(20, 20) % 200)
    with pytest.raises(InputError, match="200 different values and is an image, not a label map"):
        read_label_map(tmp_path / "a.npy")


@pytest.mark.parametrize("wrong", [-1.0, 1.5, np.nan, 1.002])
def test_a_value_that_is_no_code_is_named(tmp_path, labels, wrong):
    values = labels.astype(np.float64)
    values[0, 0] = wrong
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match=f"holds the values {wrong:g}; codes are whole"):
        read_label_map(tmp_path / "a.npy")


def test_colors_are_no_codes(tmp_path):
    Image.new("RGB", (20, 20), (255, 0, 0)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="color picture"):
        read_label_map(tmp_path / "a.png")


def test_a_lossy_picture_is_no_label_map(tmp_path, labels):
    Image.fromarray(labels).save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="does not keep codes exact"):
        read_label_map(tmp_path / "a.jpg")


def test_a_slicer_segmentation_is_refused_because_slicer_renumbers(tmp_path, labels):
    image = SimpleITK.GetImageFromArray(labels)
    image.SetMetaData("Segment0_Name", "left atrium")
    SimpleITK.WriteImage(image, str(tmp_path / "a.seg.nrrd"))
    with pytest.raises(InputError, match="Export it to a label map"):
        read_label_map(tmp_path / "a.seg.nrrd")


def test_codes_off_by_what_arithmetic_leaves_are_codes(tmp_path, labels):
    np.save(tmp_path / "a.npy", labels + np.random.default_rng(0).normal(0, 1e-6, labels.shape))
    assert np.array_equal(read_label_map(tmp_path / "a.npy")[0], labels)
    np.save(tmp_path / "a.npy", labels.astype(np.float32) * np.float32(1.0000005))
    assert np.array_equal(read_label_map(tmp_path / "a.npy")[0], labels)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda codes: np.where(codes == 3, 4, codes), "holds the codes 4; expected were 0 other.*map them"),
        (lambda codes: codes * 85, "holds the codes 85, 170, 255; .*divide them by 85"),
        (lambda codes: (codes > 0) * 255, "holds the codes 255; .*mask of one structure: write its code"),
        (lambda codes: codes.astype(int) * 1000, "holds the codes 1000, 2000, 3000"),
        (lambda codes: codes - np.int8(1), "holds the values -1; codes are whole"),
        (lambda codes: codes / 4, r"holds fractions such as 0\.25 between 0 and 1: a soft mask"),
        (lambda codes: codes + np.linspace(0, 0.4, codes.size).reshape(codes.shape), "holds the values .*nearest"),
        (lambda codes: codes * 1.002, r"holds the values 1\.002, 2\.004, 3\.006; codes are whole.*nearest"),
    ],
)
def test_values_that_are_no_codes_are_named_with_what_they_may_mean(tmp_path, labels, change, complaint):
    np.save(tmp_path / "a.npy", change(labels))
    with pytest.raises(InputError, match=f"a\\.npy {complaint}"):
        read_label_map(tmp_path / "a.npy")


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32])
def test_a_mask_for_each_structure_is_no_cine_of_label_maps(tmp_path, labels, count, axis, dtype):
    masks = np.stack([labels == code for code in range(4 - count, 4)], axis=axis).astype(dtype)
    np.save(tmp_path / "a.npy", masks)
    with pytest.raises(InputError, match=f"holds {count} masks that never overlap"):
        read_label_map(tmp_path / "a.npy")


def test_frames_of_one_structure_are_a_cine(tmp_path, labels):
    np.save(tmp_path / "a.npy", np.stack([labels == 1, labels == 1, labels == 1]))
    assert np.array_equal(read_label_map(tmp_path / "a.npy")[0], np.stack([labels == 1] * 3))


def of_palette(path, labels, order, colors):
    """A picture whose code i has the index order[i] and the color colors[i]."""
    indices = np.asarray(order, np.uint8)[labels]
    table = np.zeros((256, 3), np.uint8)
    table[list(order)] = colors
    picture = Image.fromarray(indices).convert("P")
    picture.putdata(indices.ravel())
    picture.putpalette(table.ravel().tolist())
    picture.save(path)
    return path


VOC = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)]
PRIMARIES = [(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)]
GRAYS = [(level,) * 3 for level in range(4)]
STRETCHED = [(85 * level,) * 3 for level in range(4)]
OURS = [(0, 0, 0), (152, 55, 13), (206, 110, 84), (221, 129, 37)]


@pytest.mark.parametrize("colors", [VOC, PRIMARIES, GRAYS, STRETCHED, OURS], ids=["VOC", "rgb", "gray", "wide", "ours"])
def test_a_palette_that_tells_its_codes_is_read_by_its_indices(tmp_path, labels, colors):
    path = of_palette(tmp_path / "a.png", labels, (0, 1, 2, 3), colors)
    assert np.array_equal(read_label_map(path)[0], labels)


def test_gray_levels_of_codes_are_the_codes_in_whatever_order_a_palette_numbers_them(tmp_path, labels):
    path = of_palette(tmp_path / "a.png", labels, (3, 1, 0, 2), GRAYS)
    assert np.array_equal(read_label_map(path)[0], labels)


@pytest.mark.parametrize("colors", [VOC, PRIMARIES, STRETCHED], ids=["VOC", "rgb", "wide"])
@pytest.mark.parametrize("order", [(3, 1, 0, 2), (0, 2, 1, 3), (1, 2, 3, 0)])
def test_a_palette_in_an_order_of_its_own_is_refused_with_its_colors(tmp_path, labels, colors, order):
    path = of_palette(tmp_path / "a.png", labels, order, colors)
    with pytest.raises(InputError, match=r"a\.png is a palette picture whose colors do not tell .*index 0 is \("):
        read_label_map(path)


def test_colors_that_quantizing_numbered_are_refused(tmp_path, labels):
    picture = Image.fromarray(np.array(PRIMARIES, np.uint8)[labels]).quantize(4)
    picture.save(tmp_path / "a.png")
    with pytest.raises(InputError, match="palette picture"):
        read_label_map(tmp_path / "a.png")


@pytest.mark.parametrize(("unit", "told"), [(1000.0, "more"), (0.001, "less")])
def test_a_pixel_size_in_another_unit_than_mm_is_told_of_label_maps_and_images(tmp_path, labels, unit, told):
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing((0.3 * unit, 0.4 * unit))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nii.gz"))
    for read in (read_label_map(tmp_path / "a.nii.gz")[1], read_image(tmp_path / "a.nii.gz")):
        assert any(f"deep, {told} than probes reach" in text for text in read.remarks)


def test_codes_in_one_channel_and_masks_in_several_are_label_maps(tmp_path, labels):
    np.save(tmp_path / "a.npy", labels[..., np.newaxis])
    assert is_label_map(tmp_path / "a.npy")
    masks = np.stack([labels == code for code in range(4)], axis=-1).astype(np.uint8)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(masks, isVector=True), str(tmp_path / "a.mha"))
    assert is_label_map(tmp_path / "a.mha")
