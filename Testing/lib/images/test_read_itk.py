"""NIfTI, MetaImage and NRRD: frames, cines, spacing and damage."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import SimpleITK

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, Geometry, read_image

SUFFIXES = [".nii", ".nii.gz", ".mha", ".mhd", ".nrrd"]


@pytest.fixture
def echo():
    """Bright at the transducer, which is row 0, and wider than deep."""
    rows = np.linspace(250, 10, 20).astype(np.uint8)
    return np.repeat(rows[:, np.newaxis], 30, axis=1) + np.arange(30, dtype=np.uint8) % 5


def saved(path, array, spacing=None, origin=None, vector=False):
    image = SimpleITK.GetImageFromArray(array, isVector=vector)
    if spacing:
        image.SetSpacing(spacing)
    if origin:
        image.SetOrigin(origin)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_frame_comes_with_row_0_at_the_transducer_and_its_spacing_as_row_and_column(tmp_path, echo, suffix):
    frame = read_image(saved(tmp_path / f"a{suffix}", echo, (0.308, 0.154)))
    assert isinstance(frame, EchoFrame)
    assert np.array_equal(frame.pixels, echo)
    assert frame.spacing == pytest.approx((0.154, 0.308))
    assert frame.spacing_trusted


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_single_slice_is_a_frame(tmp_path, echo, suffix):
    frame = read_image(saved(tmp_path / f"a{suffix}", echo[np.newaxis], (0.3, 0.2, 1.5)))
    assert isinstance(frame, EchoFrame)
    assert np.array_equal(frame.pixels, echo)
    assert frame.geometry.dimension == 3


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_several_slices_are_a_cine(tmp_path, echo, suffix):
    cine = read_image(
        saved(tmp_path / f"a{suffix}", np.stack([echo, echo // 2, echo // 3]), (0.3, 0.2, 1.5), (1, 2, 3))
    )
    assert isinstance(cine, EchoCine)
    assert len(cine) == 3
    assert np.array_equal(cine.frame(1).pixels, echo // 2)
    assert cine.frame(-1).geometry.origin == pytest.approx((1, 2, 6))


def test_a_cine_over_the_fourth_axis_is_read_with_its_frame_time(tmp_path, echo):
    path = saved(tmp_path / "a.nii.gz", np.stack([echo, echo])[:, np.newaxis], (0.3, 0.2, 1.0, 0.025))
    cine = read_image(path)
    assert cine.pixels.shape == (2, 20, 30)
    assert cine.frame_time_ms == pytest.approx(25)
    assert cine.frame(1).geometry.dimension == 3


def test_a_slicer_sequence_is_a_cine(tmp_path, echo):
    path = saved(tmp_path / "a.seq.nrrd", np.stack([echo, echo // 2, echo // 3], axis=-1)[np.newaxis], vector=True)
    cine = read_image(path)
    assert cine.pixels.shape == (3, 20, 30)
    assert np.array_equal(cine.frame(2).pixels, echo // 3)
    assert cine.frame(2).geometry == cine.frame(0).geometry


def test_color_becomes_gray(tmp_path, echo):
    frame = read_image(saved(tmp_path / "a.nrrd", np.stack([echo] * 3, axis=-1), vector=True))
    assert np.array_equal(frame.pixels, echo)


def test_unit_spacing_is_not_trusted(tmp_path, echo):
    assert not read_image(saved(tmp_path / "a.nii.gz", echo)).spacing_trusted


def test_16_bit_and_float_are_scaled(tmp_path, echo):
    assert np.array_equal(read_image(saved(tmp_path / "a.nii.gz", echo.astype(np.uint16) * 257)).pixels, echo)
    assert np.array_equal(read_image(saved(tmp_path / "b.nii.gz", echo.astype(np.float32) / 255)).pixels, echo)


def test_a_geometry_travels_to_another_process(tmp_path, echo):
    geometry = read_image(saved(tmp_path / "a.nii.gz", echo[np.newaxis], (0.3, 0.2, 1.5), (1, 2, 3))).geometry
    assert pickle.loads(pickle.dumps(geometry)) == geometry


def test_a_geometry_whose_axes_disagree_is_refused():
    with pytest.raises(InputError, match="2, 3 or 4 axes"):
        Geometry((1.0, 1.0), (0.0,), (1.0, 0.0, 0.0, 1.0))


def test_a_frame_beyond_the_cine_is_refused(tmp_path, echo):
    with pytest.raises(InputError, match="has 2 frames"):
        read_image(saved(tmp_path / "a.nrrd", np.stack([echo, echo]))).frame(2)


def test_a_volume_over_time_is_refused(tmp_path, echo):
    with pytest.raises(InputError, match="not 2D echo"):
        read_image(saved(tmp_path / "a.nii.gz", np.zeros((2, 3, 20, 30), np.uint8)))


@pytest.mark.parametrize("kept", [0.5, 0.95])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha", ".nrrd"])
def test_a_truncated_file_is_refused_by_name(tmp_path, suffix, kept):
    noise = np.random.default_rng(0).integers(0, 255, (60, 50)).astype(np.uint8)
    path = saved(tmp_path / f"cut{suffix}", noise)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match=f"cut{suffix}"):
        read_image(path)


def test_an_mhd_without_its_raw_file_is_refused(tmp_path, echo):
    path = saved(tmp_path / "a.mhd", echo)
    next(tmp_path.glob("a.*raw")).unlink()
    with pytest.raises(InputError, match=r"a\.mhd"):
        read_image(path)


@pytest.mark.parametrize(
    "suffix", [*SUFFIXES, ".png", ".jpg", ".tif", ".bmp", ".dcm", ".avi", ".mp4", ".npy", ".txt", ""]
)
def test_a_foreign_file_is_refused_and_says_what_was_expected(tmp_path, suffix):
    path = tmp_path / f"letter{suffix}"
    path.write_text("Dear reader, this is no image. " * 30)
    with pytest.raises(InputError, match=f"letter{suffix}.*expected"):
        read_image(path)


def test_a_missing_an_empty_file_and_a_folder_are_told_apart(tmp_path):
    (tmp_path / "empty.png").touch()
    for path, words in (
        (tmp_path / "no.png", "does not exist"),
        (tmp_path / "empty.png", "is empty"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(InputError, match=words):
            read_image(path)


@pytest.mark.parametrize("name", ["small.nii.gz", "small.mha", "small.npy"])
def test_an_image_too_small_for_a_heart_is_refused_by_name(tmp_path, name):
    values = np.zeros((3, 127), np.uint8)
    if name.endswith(".npy"):
        np.save(tmp_path / name, values)
    else:
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(tmp_path / name))
    with pytest.raises(InputError, match=name):
        read_image(tmp_path / name)
