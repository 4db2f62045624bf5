"""Label maps come with exactly the codes that are stored."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import read_label_map


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


def test_codes_are_exact_from_grey_palette_and_grey_rgb_pictures(tmp_path, labels):
    palette = Image.fromarray(labels, mode=None).convert("P")
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    pictures = {"grey": Image.fromarray(labels), "palette": palette, "rgb": Image.fromarray(labels).convert("RGB")}
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


@pytest.mark.parametrize("wrong", [-1.0, 300.0, 1.5, np.nan])
def test_a_value_that_is_no_code_is_named(tmp_path, labels, wrong):
    values = labels.astype(np.float64)
    values[0, 0] = wrong
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match=f"holds the values {wrong:g}; codes are whole"):
        read_label_map(tmp_path / "a.npy")


def test_colours_are_no_codes(tmp_path):
    Image.new("RGB", (20, 20), (255, 0, 0)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="colour picture"):
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
