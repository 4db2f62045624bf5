"""What is a label map and what is an image: one decision, by name, header and content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from nifti_files import nifti
from PIL import Image
from task_files import heart, write_echo, write_heart

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import list_images, read_image
from EchoSynthLib.images.label_maps.detection import holds_codes, is_drawn, is_label_map
from EchoSynthLib.images.label_maps.marks import label_ending
from EchoSynthLib.images.read_echo import read_echo


@pytest.fixture
def codes() -> np.ndarray:
    return heart().label_map


@pytest.fixture
def echo(tmp_path) -> np.ndarray:
    return read_image(write_echo(tmp_path / "source" / "echo.nii.gz")).pixels


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a_gt.nii.gz", "_gt"), ("a-label.nrrd", "-label"), ("A_LABELS.PNG", "_LABELS"), ("a_mask.png", "_mask"),
        ("a.seg.nrrd", ".seg"), ("a_seg.nii", "_seg"), ("a Segmentation.mha", " Segmentation"),
        ("label.nii.gz", "label"),
        ("Segmentation.nrrd", "Segmentation"), ("label_map.png", "label_map"), ("a_labelmap.npy", "_labelmap"),
        ("seg.hdr", "seg"),
        ("a.nii.gz", ""), ("unlabel.png", ""), ("a_gt2.png", ""), ("mask_of_heart.png", ""), ("a_seg.mp4", ""),
    ],
)  # fmt: skip
def test_a_label_map_is_told_by_the_end_of_its_name_in_any_case(tmp_path, name, ending):
    assert label_ending(tmp_path / name) == ending


def test_a_folder_lists_its_images_without_label_maps_segmentations_and_the_data_of_pairs(tmp_path, codes):
    for name in ("a.nii.gz", "b.png", "c.nrrd", "d.hdr", "e.img"):
        write_echo(tmp_path / ("x.nii" if name[0] in "de" else name))
        if name[0] in "de":
            (tmp_path / "x.nii").rename(tmp_path / name)
    (tmp_path / "D.IMG").touch()
    for name in ("a_gt.nii.gz", "b-label.nrrd", "b_Mask.PNG", "c.seg.nrrd", "Segmentation.nrrd"):
        write_heart(tmp_path / name.lower()).rename(tmp_path / name)
    slicer = SimpleITK.GetImageFromArray(codes)
    slicer.SetMetaData("Segment0_ID", "Segment_1")
    SimpleITK.WriteImage(slicer, str(tmp_path / "by_header.nrrd"))
    assert [path.name for path in list_images(tmp_path)] == ["a.nii.gz", "b.png", "c.nrrd", "d.hdr", "e.img"]


@pytest.mark.parametrize("name", ["a.seg.nrrd", "renamed.nrrd", "heart.nhdr"])
def test_a_slicer_segmentation_is_no_image_whatever_its_name(tmp_path, codes, name):
    image = SimpleITK.GetImageFromArray(codes * 40)
    image.SetMetaData("Segment0_LabelValue", "1")
    SimpleITK.WriteImage(image, str(tmp_path / name))
    with pytest.raises(InputError, match=f"{name} is a 3D Slicer segmentation.*Export it to a label map"):
        read_echo(tmp_path / name)


def test_a_label_map_by_name_is_no_image_whatever_it_holds(tmp_path, echo):
    Image.fromarray(echo).save(tmp_path / "heart_mask.png")
    with pytest.raises(InputError, match=r"heart_mask\.png is a label map by its name \(_mask\).*rename it"):
        read_echo(tmp_path / "heart_mask.png")


def test_a_label_map_by_its_nifti_header_is_no_image(tmp_path, echo):
    (tmp_path / "heart.nii").write_bytes(nifti(echo.T, intent=1002))
    assert is_label_map(tmp_path / "heart.nii")
    assert list_images(tmp_path) == []
    with pytest.raises(InputError, match=r"heart\.nii is a label map by its header"):
        read_echo(tmp_path / "heart.nii")


DRAWINGS = {
    "codes": lambda codes: codes,
    "stretched": lambda codes: codes * 85,
    "mask": lambda codes: (codes == 1) * 255,
    "bool": lambda codes: codes == 1,
    "with a code more": lambda codes: np.where(codes == 3, 4, codes),
    "signed": lambda codes: codes.astype(np.int16) - (codes == 3) * 4,
    "float": lambda codes: codes.astype(np.float32) + np.float32(1e-6),
    "unit": lambda codes: codes / 3,
    "blurred": lambda codes: np.apply_along_axis(np.convolve, 1, codes.astype(float), [0.25, 0.5, 0.25], "same"),
    "eleven structures": lambda codes: codes * 3 + (np.indices(codes.shape)[1] > codes.shape[1] // 2),
    "cine": lambda codes: np.stack([codes, np.zeros_like(codes), codes[::-1]]),
}


@pytest.mark.parametrize("suffix", [".npy", ".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("what", DRAWINGS)
def test_a_label_map_by_content_is_no_image(tmp_path, codes, what, suffix):
    values = DRAWINGS[what](codes)
    path = tmp_path / f"heart{suffix}"
    if suffix == ".npy":
        np.save(path, values)
    else:
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values * 1), str(path))
    assert is_label_map(path)
    with pytest.raises(InputError, match=r"heart.* is no ultrasound image but a label map"):
        read_echo(path)


@pytest.mark.parametrize("name", ["heart.png", "heart.jpg", "heart.bmp"])
def test_a_colored_or_lossy_picture_of_a_label_map_is_no_image(tmp_path, codes, name):
    colors = np.array([(0, 0, 0), (152, 55, 13), (206, 110, 84), (221, 129, 37)], np.uint8)[
        codes.repeat(3, 0).repeat(3, 1)
    ]
    Image.fromarray(colors).save(tmp_path / name, quality=95)
    with pytest.raises(InputError, match="is no ultrasound image"):
        read_echo(tmp_path / name)
    assert is_label_map(tmp_path / name)


def test_an_echo_is_an_image_in_every_type_and_brightness(tmp_path, echo):
    for values in (echo, echo // 4, echo / 255, echo.astype(np.int16) * 16, np.log1p(echo), (echo // 16) * 16,
                   np.maximum(echo, 120), np.minimum(echo, 140)):  # fmt: skip
        np.save(tmp_path / "a.npy", values)
        assert not is_label_map(tmp_path / "a.npy")
        read_echo(tmp_path / "a.npy")


@pytest.mark.parametrize("gain", [0.1, 0.2, 0.3])
def test_an_echo_of_low_gain_is_no_drawing(tmp_path, gain):
    sample = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
    assert not is_drawn((read_image(sample).pixels * gain).astype(np.uint8))


def test_a_synthetic_echo_of_the_sample_data_is_an_image_and_its_label_map_is_one():
    resources = Path(__file__).parents[3] / "Resources"
    images, maps = sorted(resources.glob("SampleData/synthetic*.nii.gz")), sorted(resources.glob("LabelMaps/*.nii.gz"))
    assert images
    assert maps
    assert not any(is_drawn(read_echo(path).pixels) for path in images)
    assert all(is_label_map(path) for path in maps)


def test_of_one_gray_level_alone_nothing_is_said():
    assert not is_drawn(np.full((20, 30), 7, np.uint8))
    assert not holds_codes(np.zeros((1, 20, 30)))
    assert not holds_codes(np.full((1, 20, 30), np.nan))
