"""DICOM ultrasound: pixels, colors, calibration and time."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import SimpleITK
from dicom_files import dataset, jpeg, put, region, saved
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, read_image


@pytest.fixture
def echo():
    return (np.arange(40 * 60).reshape(40, 60) % 256).astype(np.uint8)


def test_a_gray_frame_is_read_exactly_whatever_its_name(tmp_path, echo):
    for name in ("a.dcm", "IM_0001", "1.2.840.113619.2"):
        frame = read_image(saved(tmp_path / name, dataset(echo)))
        assert isinstance(frame, EchoFrame)
        assert np.array_equal(frame.pixels, echo)
        assert (frame.spacing, frame.spacing_trusted, frame.region) == (None, False, None)


def test_several_frames_are_a_cine_with_frame_time(tmp_path, echo):
    ds = dataset(np.stack([echo, echo[::-1], echo]), frames=3)
    ds.FrameTime = 33.3
    cine = read_image(saved(tmp_path / "a.dcm", ds))
    assert isinstance(cine, EchoCine)
    assert np.array_equal(cine.frame(1).pixels, echo[::-1])
    assert cine.frame_time_ms == pytest.approx(33.3)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("FrameTimeVector", [0, 20, 20, 60], 20),
        ("FrameTimeVector", 25, 25),
        ("CineRate", 40, 25),
        ("FrameTime", 0, None),
    ],
)
def test_the_frame_time_is_found_where_it_stands(tmp_path, echo, name, value, expected):
    ds = dataset(np.stack([echo] * 4), frames=4)
    setattr(ds, name, value)
    assert read_image(saved(tmp_path / "a.dcm", ds)).frame_time_ms == expected


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"StudyDate": "20190503", "ContentDate": "20200101"}, "2019-05-03"),
        ({"StudyDate": "", "AcquisitionDate": "2019.05.03"}, "2019-05-03"),
        ({"StudyDate": "unknown"}, ""),
        ({}, ""),
    ],
)
def test_the_day_of_the_exam_is_told_where_the_header_has_one(tmp_path, echo, headers, told):
    ds = dataset(np.stack([echo, echo[::-1]]), frames=2)
    for name, value in headers.items():
        put(ds, name, value)
    cine = read_image(saved(tmp_path / "a.dcm", ds))
    assert (cine.exam_date, cine.frame(1).exam_date) == (told, told)


def test_monochrome1_is_inverted(tmp_path, echo):
    assert np.array_equal(read_image(saved(tmp_path / "a.dcm", dataset(echo, "MONOCHROME1"))).pixels, 255 - echo)


@pytest.mark.parametrize("stored", [12, 16])
def test_stored_bits_set_the_scale(tmp_path, echo, stored):
    top = 2**stored - 1
    values = np.rint(echo / 255 * top).astype(np.uint16)
    frame = read_image(saved(tmp_path / "a.dcm", dataset(values, bits=16, stored=stored)))
    assert np.array_equal(frame.pixels, echo)


def test_rgb_frames_become_luma(tmp_path, echo):
    color = np.stack([echo] * 3, axis=-1)
    assert np.array_equal(read_image(saved(tmp_path / "a.dcm", dataset(color, "RGB"))).pixels, echo)
    cine = read_image(saved(tmp_path / "b.dcm", dataset(np.stack([color, color // 2]), "RGB", frames=2)))
    assert np.array_equal(cine.pixels, np.stack([echo, echo // 2]))


def test_ybr_full_422_becomes_luma(tmp_path, echo):
    neutral = np.full(echo.shape[0] * echo.shape[1] // 2, 128, np.uint8)
    pairs = echo.reshape(-1, 2)
    ds = dataset(np.stack([echo] * 3, axis=-1), "YBR_FULL_422")
    ds.PixelData = np.stack([pairs[:, 0], pairs[:, 1], neutral, neutral], axis=-1).tobytes()
    assert np.abs(read_image(saved(tmp_path / "a.dcm", ds)).pixels.astype(int) - echo).max() <= 1


@pytest.mark.parametrize("frames", [None, 2])
def test_a_palette_is_looked_up(tmp_path, echo, frames):
    ds = dataset(np.stack([echo] * frames) if frames else echo, "PALETTE COLOR", frames=frames)
    table = (np.arange(256)[::-1] * 257).astype("<u2").tobytes()
    for name in ("Red", "Green", "Blue"):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", table)
    pixels = read_image(saved(tmp_path / "a.dcm", ds)).pixels
    assert np.array_equal(pixels if frames is None else pixels[1], 255 - echo)


def test_the_largest_2d_tissue_region_calibrates_the_frame(tmp_path, echo):
    ds = dataset(echo)
    ds.PixelSpacing = [9, 9]
    ds.SequenceOfUltrasoundRegions = Sequence(
        [
            region(0, 0, 59, 39, data_type=1, space=2, delta=(1, 1)),
            region(0, 0, 9, 9, delta=(0.5, 0.5)),
            region(10, 5, 49, 34, delta=(-0.02, 0.03)),
            region(0, 0, 59, 30, data_type=2, delta=(0.7, 0.7)),
        ]
    )
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert frame.spacing == pytest.approx((0.3, 0.2))
    assert frame.spacing_trusted
    assert frame.region == (5, 35, 10, 50)
    assert frame.pixels.shape == (40, 60)


def test_a_region_that_is_not_in_centimeters_gives_its_box_but_no_spacing(tmp_path, echo):
    ds = dataset(echo)
    ds.SequenceOfUltrasoundRegions = Sequence([region(0, 0, 99, 99, units=4)])
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert (frame.spacing, frame.spacing_trusted) == (None, False)
    assert frame.region == (0, 40, 0, 60)


def test_pixel_spacing_is_the_fall_back(tmp_path, echo):
    ds = dataset(echo)
    ds.PixelSpacing = [0.4, 0.5]
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert frame.spacing == (0.4, 0.5)
    assert frame.spacing_trusted


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_lossless_compression_is_decoded_exactly(tmp_path, echo, syntax):
    ds = dataset(np.stack([echo, echo[::-1]]), frames=2)
    if syntax == RLELossless:
        ds.compress(RLELossless)
    else:
        ds.PixelData = encapsulate([jpeg(frame, "JPEG2000") for frame in (echo, echo[::-1])])
        ds["PixelData"].is_undefined_length = True
        ds.file_meta.TransferSyntaxUID = syntax
    assert np.array_equal(read_image(saved(tmp_path / "a.dcm", ds)).pixels, np.stack([echo, echo[::-1]]))


def test_a_jpeg_compressed_color_cine_is_decoded(tmp_path):
    smooth = np.repeat(np.linspace(0, 250, 64).astype(np.uint8)[:, np.newaxis], 64, axis=1)
    color = np.stack([smooth] * 3, axis=-1)
    ds = dataset(np.stack([color, color]), "YBR_FULL_422", frames=2, syntax=JPEGBaseline8Bit)
    ds.PixelData = encapsulate([jpeg(color, quality=95), jpeg(color[::-1], quality=95)])
    ds["PixelData"].is_undefined_length = True
    cine = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.abs(cine.pixels[1].astype(int) - smooth[::-1]).max() <= 4


def test_lossless_jpeg_is_decoded_where_pydicom_alone_cannot(tmp_path, echo):
    writer = SimpleITK.ImageFileWriter()
    writer.SetFileName(str(tmp_path / "a.dcm"))
    writer.SetUseCompression(True)
    writer.SetCompressor("JPEG")
    writer.Execute(SimpleITK.GetImageFromArray(echo[np.newaxis]))
    assert "Lossless" in pydicom.dcmread(tmp_path / "a.dcm").file_meta.TransferSyntaxUID.name
    assert np.array_equal(read_image(tmp_path / "a.dcm").pixels, echo)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, "1.2.840.10008.1.2.4.102"])
def test_a_transfer_syntax_that_cannot_be_decoded_is_named(tmp_path, echo, syntax):
    ds = dataset(echo, syntax=syntax)
    ds.PixelData = encapsulate([b"no such stream" * 10])
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(InputError, match=rf"a\.dcm.*{syntax}"):
        read_image(saved(tmp_path / "a.dcm", ds))


@pytest.mark.parametrize("kept", [0.3, 0.9])
@pytest.mark.parametrize("frames", [None, 4])
def test_a_truncated_file_is_refused(tmp_path, echo, frames, kept):
    path = saved(tmp_path / "cut.dcm", dataset(np.stack([echo] * frames) if frames else echo, frames=frames))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match=r"cut\.dcm"):
        read_image(path)


def test_a_truncated_compressed_file_is_refused(tmp_path, echo):
    ds = dataset(np.stack([echo] * 4), frames=4)
    ds.compress(RLELossless)
    path = saved(tmp_path / "cut.dcm", ds)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"cut\.dcm"):
        read_image(path)


def test_a_report_without_image_is_refused(tmp_path, echo):
    ds = dataset(echo)
    del ds.PixelData
    ds.Modality = "SR"
    with pytest.raises(InputError, match=r"holds no image.*SR"):
        read_image(saved(tmp_path / "a.dcm", ds))
