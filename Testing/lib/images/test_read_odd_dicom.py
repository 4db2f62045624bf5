"""DICOM as scanners, converters and archives leave it: broken numbers, missing parts, other kinds of objects."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from dicom_files import dataset, jpeg, put, region, saved
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedUSVolumeStorage,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    MediaStorageDirectoryStorage,
    SecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import read_image


@pytest.fixture
def echo():
    return (np.arange(40 * 60).reshape(40, 60) % 256).astype(np.uint8)


TEXTS = [b"0,35\\0,35", b"0.35", b"abc ", b"nan\\nan", b"-0.3\\0.3", b"0\\0 ", b"1e400\\1 ", b"0.3\\0.3\\0.3 "]


@pytest.mark.parametrize("text", TEXTS)
def test_a_broken_pixel_spacing_costs_the_spacing_and_not_the_pixels(tmp_path, echo, text):
    ds = dataset(echo)
    put(ds, "PixelSpacing", text)
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.array_equal(frame.pixels, echo)
    assert (frame.spacing, frame.spacing_trusted) == (None, False)
    assert frame.remarks == ("the header's PixelSpacing is not usable and counts as unknown",)


def test_an_empty_pixel_spacing_is_none(tmp_path, echo):
    ds = dataset(echo)
    ds.PixelSpacing = None
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert (frame.spacing, frame.remarks) == (None, ())


@pytest.mark.parametrize(
    "name", ["FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate", "WindowCenter", "WindowWidth"]
)
@pytest.mark.parametrize("text", [b"33,3", b"fast", b"nan "])
def test_other_broken_numbers_cost_nothing_but_themselves(tmp_path, echo, name, text):
    ds = dataset(np.stack([echo, echo[::-1]]), frames=2)
    put(ds, name, text)
    cine = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.array_equal(cine.pixels, np.stack([echo, echo[::-1]]))
    assert cine.frame_time_ms is None
    assert name.startswith("Window") or name in cine.remarks[0]


def test_the_next_statement_of_time_is_taken_where_one_is_broken(tmp_path, echo):
    ds = dataset(np.stack([echo] * 2), frames=2)
    put(ds, "FrameTime", b"33,3")
    ds.CineRate = 50
    assert read_image(saved(tmp_path / "a.dcm", ds)).frame_time_ms == 20


@pytest.mark.parametrize("steps", [[0, 33, 50, 50], [0, 20, 20, 60]])
def test_uneven_frame_times_are_told(tmp_path, echo, steps):
    ds = dataset(np.stack([echo] * 4), frames=4)
    ds.FrameTimeVector = steps
    assert "varies from" in read_image(saved(tmp_path / "a.dcm", ds)).remarks[0]


@pytest.mark.parametrize("text", [b"", b"  ", b"0 ", b"three ", b"-1", b"2.5 "])
@pytest.mark.parametrize("frames", [1, 3])
def test_frames_are_counted_where_the_header_does_not(tmp_path, echo, text, frames):
    ds = dataset(np.stack([echo] * frames))
    put(ds, "NumberOfFrames", text)
    image = read_image(saved(tmp_path / "a.dcm", ds))
    assert image.pixels.shape == ((3, 40, 60) if frames == 3 else (40, 60))
    assert frames == 1 or "3 were found" in image.remarks[0]


def test_more_frames_than_announced_are_read_and_told(tmp_path, echo):
    cine = read_image(saved(tmp_path / "a.dcm", dataset(np.stack([echo] * 5), frames=3)))
    assert len(cine) == 5
    assert cine.remarks == ("the header announces 3 frames; 5 were found",)


@pytest.mark.parametrize("delta", [(np.nan, 0.03), (0.0, 0.03), (np.inf, np.inf)])
def test_a_broken_calibration_of_a_region_is_no_spacing(tmp_path, echo, delta):
    ds = dataset(echo)
    ds.SequenceOfUltrasoundRegions = Sequence([region(10, 5, 49, 34, delta=delta)])
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert (frame.spacing, frame.spacing_trusted, frame.region) == (None, False, (5, 35, 10, 50))
    assert "not usable" in frame.remarks[0]


def test_a_calibration_deeper_than_any_probe_reaches_is_told(tmp_path, echo):
    ds = dataset(echo)
    ds.SequenceOfUltrasoundRegions = Sequence([region(0, 0, 59, 39, delta=(1.2, 1.2))])
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert frame.spacing == pytest.approx((12, 12))
    assert "48 cm deep" in frame.remarks[0]


def test_a_region_that_says_nothing_of_itself_costs_nothing(tmp_path, echo):
    item = region(10, 5, 49, 34)
    for name in ("PhysicalUnitsXDirection", "PhysicalDeltaX", "RegionSpatialFormat", "RegionLocationMaxX1"):
        del item[name]
    ds = dataset(echo)
    ds.SequenceOfUltrasoundRegions = Sequence([item])
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert (frame.spacing, frame.region) == (None, None)


@pytest.mark.parametrize(("space", "told"), [(2, "M-mode"), (3, "a spectrum")])
def test_a_picture_of_no_2d_region_is_refused_by_name(tmp_path, echo, space, told):
    ds = dataset(echo)
    ds.SequenceOfUltrasoundRegions = Sequence([region(0, 0, 59, 39, space=space)])
    with pytest.raises(InputError, match=rf"a\.dcm shows {told} alone"):
        read_image(saved(tmp_path / "a.dcm", ds))
    ds.SequenceOfUltrasoundRegions.append(region(0, 0, 59, 9))
    assert read_image(saved(tmp_path / "a.dcm", ds)).region == (0, 10, 0, 60)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (EnhancedUSVolumeStorage, "slices of a 3D volume"),
        (CTImageStorage, "CT Image Storage"),
        (MediaStorageDirectoryStorage, "directory of a DICOM medium"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "Presentation State"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "Comprehensive SR"),
    ],
)
@pytest.mark.parametrize("with_pixels", [True, False])
def test_what_is_no_2d_ultrasound_is_refused_by_the_name_of_its_class(tmp_path, echo, kind, told, with_pixels):
    ds = dataset(np.stack([echo] * 8), frames=8)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = kind
    if not with_pixels:
        del ds.PixelData
    with pytest.raises(InputError, match=rf"a\.dcm.*{told}"):
        read_image(saved(tmp_path / "a.dcm", ds))


@pytest.mark.parametrize("kind", [SecondaryCaptureImageStorage, UltrasoundMultiFrameImageStorage, "1.2.3.4.5"])
def test_captures_and_private_classes_are_read(tmp_path, echo, kind):
    ds = dataset(echo)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = kind
    assert np.array_equal(read_image(saved(tmp_path / "a.dcm", ds)).pixels, echo)


def test_a_private_class_of_another_modality_is_refused(tmp_path, echo):
    ds = dataset(echo)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.3.4.5"
    ds.Modality = "MR"
    with pytest.raises(InputError, match="modality MR"):
        read_image(saved(tmp_path / "a.dcm", ds))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("bits", [8, 16])
def test_every_plain_encoding_is_read(tmp_path, echo, syntax, bits):
    values = echo if bits == 8 else echo.astype(np.uint16) * 257
    ds = dataset(values, bits=bits, syntax=syntax)
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = values.astype(">u2").tobytes() if bits == 16 else values.tobytes()
    ds["PixelData"].VR = "OW" if bits == 16 else "OB"
    assert np.array_equal(read_image(saved(tmp_path / "a.dcm", ds)).pixels, echo)


def without_meta(path, ds, *, keep_preamble):
    """A file whose meta lacks the transfer syntax, or that begins with the data set itself."""
    raw = saved(path, ds).read_bytes()
    length = struct.unpack("<I", raw[140:144])[0]
    body = raw[144 + length :]
    if not keep_preamble:
        path.write_bytes(body)
        return path
    kept = b"\x02\x00\x02\x00UI\x1c\x001.2.840.10008.5.1.4.1.1.6.1\x00"
    path.write_bytes(raw[:140] + struct.pack("<I", len(kept)) + kept + body)
    return path


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", ImplicitVRLittleEndian])
@pytest.mark.parametrize("keep_preamble", [True, False])
def test_a_missing_transfer_syntax_is_seen_from_the_bytes(tmp_path, echo, syntax, keep_preamble):
    path = without_meta(tmp_path / "a.dcm", dataset(echo, syntax=syntax), keep_preamble=keep_preamble)
    frame = read_image(path)
    assert np.array_equal(frame.pixels, echo)
    assert "Transfer Syntax" in frame.remarks[0]


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", ImplicitVRLittleEndian])
@pytest.mark.parametrize("name", ["a.dcm", "IM_0001", "1.2.840.10008.7"])
def test_a_file_that_begins_with_its_meta_or_data_is_dicom_whatever_its_name(tmp_path, echo, syntax, name):
    path = without_meta(tmp_path / name, dataset(echo, syntax=syntax), keep_preamble=False)
    assert np.array_equal(read_image(path).pixels, echo)
    path = saved(tmp_path / name, dataset(echo, syntax=syntax))
    path.write_bytes(path.read_bytes()[132:])
    assert np.array_equal(read_image(path).pixels, echo)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000"])
def test_a_missing_transfer_syntax_is_seen_from_compressed_pixels(tmp_path, kind):
    smooth = np.repeat(np.linspace(0, 250, 64).astype(np.uint8)[:, np.newaxis], 64, axis=1)
    ds = dataset(smooth, syntax=JPEGBaseline8Bit if kind == "JPEG" else JPEG2000)
    ds.PixelData = encapsulate([jpeg(smooth, kind)])
    ds["PixelData"].is_undefined_length = True
    frame = read_image(without_meta(tmp_path / "a.dcm", ds, keep_preamble=True))
    assert np.abs(frame.pixels.astype(int) - smooth).max() <= 6


def test_compressed_pixels_that_show_nothing_are_refused_with_the_missing_uid(tmp_path, echo):
    ds = dataset(echo, syntax=JPEGBaseline8Bit)
    ds.PixelData = encapsulate([b"no such stream" * 10])
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(InputError, match=r"a\.dcm lacks the Transfer Syntax UID"):
        read_image(without_meta(tmp_path / "a.dcm", ds, keep_preamble=True))


@pytest.mark.parametrize("tail", [bytes(100), b"garbage! " * 20, b"\xff" * 64, b"\r\n"])
def test_bytes_after_the_end_are_nothing_to_us(tmp_path, echo, tail):
    path = saved(tmp_path / "a.dcm", dataset(echo))
    path.write_bytes(path.read_bytes() + tail)
    assert np.array_equal(read_image(path).pixels, echo)


@pytest.mark.parametrize("content", [b"hello " * 100, bytes(400), b"\x89PNG" * 50])
def test_what_is_no_dicom_is_told(tmp_path, content):
    (tmp_path / "a.dcm").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.dcm is not a DICOM file"):
        read_image(tmp_path / "a.dcm")


@pytest.mark.parametrize("frames", [1, 3])
def test_frames_cut_into_fragments_are_not_counted_by_these(tmp_path, frames):
    echo = np.repeat(np.arange(40, dtype=np.uint8)[:, None] * 6, 60, axis=1)
    pixels = np.stack([echo // (n + 1) for n in range(frames)])
    ds = dataset(pixels if frames > 1 else echo, syntax=JPEGBaseline8Bit)
    ds.PixelData = encapsulate([jpeg(one, quality=95) for one in pixels], fragments_per_frame=3, has_bot=False)
    ds["PixelData"].is_undefined_length = True
    read = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.abs(read.pixels.astype(int) - (pixels if frames > 1 else echo)).max() <= 6


def test_missing_pixels_are_told_in_numbers(tmp_path, echo):
    ds = dataset(np.stack([echo] * 3), frames=5)
    with pytest.raises(InputError, match=r"a\.dcm is incomplete: its header announces 5 frames.*those of 3"):
        read_image(saved(tmp_path / "a.dcm", ds))
    ds = dataset(echo)
    ds.PixelData = ds.PixelData[:-500]
    with pytest.raises(InputError, match=r"b\.dcm is incomplete: its header announces 2400 bytes.*1900"):
        read_image(saved(tmp_path / "b.dcm", ds))


def test_a_time_between_frames_that_no_cine_has_is_told(tmp_path, echo):
    ds = dataset(np.stack([echo] * 3), frames=3)
    ds.FrameTime = 25000
    assert "25000 ms from frame to frame" in read_image(saved(tmp_path / "a.dcm", ds)).remarks[0]
