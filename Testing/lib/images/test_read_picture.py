"""Pictures, arrays, and the images of a folder."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, list_images, read_image


@pytest.fixture
def echo():
    return (np.arange(24 * 32).reshape(24, 32) % 251).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff", ".PNG"])
def test_a_lossless_picture_is_read_exactly_and_without_spacing(tmp_path, echo, suffix):
    Image.fromarray(echo).save(tmp_path / f"a{suffix}")
    frame = read_image(tmp_path / f"a{suffix}")
    assert isinstance(frame, EchoFrame)
    assert np.array_equal(frame.pixels, echo)
    assert frame.spacing is None
    assert not frame.spacing_trusted


def test_a_jpeg_is_read(tmp_path):
    Image.fromarray(np.full((24, 32), 100, np.uint8)).save(tmp_path / "a.jpeg")
    assert abs(read_image(tmp_path / "a.jpeg").pixels.astype(int) - 100).max() <= 2


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_every_mode_of_a_gray_picture_gives_the_same_levels(tmp_path, echo, mode):
    Image.fromarray(echo).convert(mode).save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, echo)


def test_a_16_bit_picture_is_scaled(tmp_path, echo):
    Image.fromarray(echo.astype(np.uint16) * 257).save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, echo)


def test_a_photograph_is_turned_as_its_camera_says(tmp_path, echo):
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(echo[::-1, ::-1]).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, echo)


def test_the_pages_of_a_tiff_are_a_cine(tmp_path, echo):
    pages = [Image.fromarray(echo), Image.fromarray(echo // 2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    cine = read_image(tmp_path / "a.tif")
    assert isinstance(cine, EchoCine)
    assert np.array_equal(cine.frame(1).pixels, echo // 2)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_a_truncated_picture_is_refused(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    path = tmp_path / f"cut{suffix}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=f"cut{suffix}"):
        read_image(path)


def test_a_one_pixel_picture_is_refused(tmp_path):
    Image.new("L", (1, 1)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="1 x 1"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("shape", "frames"), [((9, 10), 0), ((9, 10, 3), 0), ((4, 9, 10), 4), ((4, 9, 10, 3), 4), ((1, 9, 10), 0)]
)
def test_an_array_file_is_a_frame_or_a_cine(tmp_path, shape, frames):
    np.save(tmp_path / "a.npy", np.full(shape, 7, np.uint8))
    image = read_image(tmp_path / "a.npy")
    assert (image.pixels == 7).all()
    assert image.pixels.shape == ((frames, 9, 10) if frames else (9, 10))


def test_an_array_with_its_frames_last_is_refused_with_the_remedy(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((184, 224, 20), np.uint8))
    with pytest.raises(InputError, match=r"a\.npy.*moveaxis"):
        read_image(tmp_path / "a.npy")


def test_what_is_wrong_with_the_levels_is_told_with_the_files_name(tmp_path):
    np.save(tmp_path / "a.npy", np.full((24, 32), np.nan))
    with pytest.raises(InputError, match=r"a\.npy: The image holds 768 pixels that are NaN"):
        read_image(tmp_path / "a.npy")


def test_pickled_objects_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"a\.npy"):
        read_image(tmp_path / "a.npy")


def test_the_images_of_a_folder_leave_out_label_maps_and_what_is_no_image(tmp_path):
    names = [
        "b.png",
        "a.nii.gz",
        "a_gt.nii.gz",
        "b_label.png",
        "b_SEGMENTATION.png",
        "notes.txt",
        ".hidden.png",
        "c.raw",
        "d.AVI",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"x" * 200)
    (tmp_path / "1.2.840.10008").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["1.2.840.10008", "a.nii.gz", "b.png", "d.AVI"]


def test_the_images_of_a_file_are_refused(tmp_path):
    with pytest.raises(InputError, match="not a folder"):
        list_images(tmp_path / "nowhere")


def test_a_frame_of_a_cine_keeps_the_remarks_of_the_reader():
    cine = EchoCine(np.zeros((2, 9, 9), np.uint8), remarks=("two frames were dropped",))
    assert cine.frame(1).remarks == ("two frames were dropped",)
