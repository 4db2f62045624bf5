"""The pixels of DICOM files: colors, planes, signs, JPEG and video streams."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from dicom_files import dataset, jpeg, put, saved
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, read_image


@pytest.fixture
def echo():
    return (np.arange(40 * 60).reshape(40, 60) % 256).astype(np.uint8)


def speckle_in_color():
    rows, columns = np.indices((64, 64))
    return np.stack([rows * 3, columns * 3, 255 - rows * 3], axis=-1).astype(np.uint8)


def stripped(stream, numbers=None):
    """A JPEG stream without its APP segments, its components numbered anew."""
    out, at = bytearray(b"\xff\xd8"), 2
    while stream[at + 1] != 0xDA:
        size = 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        segment = bytearray(stream[at : at + size])
        if segment[1] == 0xC0 and numbers:
            segment[10], segment[13], segment[16] = numbers
        if not 0xE0 <= segment[1] <= 0xEF:
            out += segment
        at += size
    scan = bytearray(stream[at:])
    if numbers:
        scan[5], scan[7], scan[9] = numbers
    return bytes(out + scan)


@pytest.mark.parametrize("meaning", ["RGB", "YBR_FULL_422", "YBR_FULL"])
@pytest.mark.parametrize("marked", [True, False])
def test_a_jpeg_of_components_1_2_3_is_ycbcr_whatever_the_header_says(tmp_path, meaning, marked):
    color = speckle_in_color()
    stream = jpeg(color, quality=98, subsampling=0)
    ds = dataset(color, meaning, syntax=JPEGBaseline8Bit)
    ds.PixelData = encapsulate([stream if marked else stripped(stream)])
    ds["PixelData"].is_undefined_length = True
    expected = np.asarray(Image.fromarray(color).convert("L"))
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 2


@pytest.mark.parametrize("numbers", [tuple(b"RGB"), (0, 1, 2)])
def test_a_jpeg_of_red_green_and_blue_stays_so(tmp_path, numbers):
    color = speckle_in_color()
    # Written as if the three were YCbCr already, which keeps them as they are.
    stream = stripped(jpeg_of_planes(color), numbers)
    ds = dataset(color, "RGB", syntax=JPEGBaseline8Bit)
    ds.PixelData = encapsulate([stream])
    ds["PixelData"].is_undefined_length = True
    expected = np.asarray(Image.fromarray(color).convert("L"))
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 2


def jpeg_of_planes(planes):
    file = io.BytesIO()
    Image.fromarray(planes, "YCbCr").save(file, "JPEG", quality=98, subsampling=0)
    return file.getvalue()


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("meaning", ["RGB", "YBR_FULL"])
def test_planes_and_pixels_of_color_are_read(tmp_path, meaning, planar):
    color = speckle_in_color()
    stored = color if meaning == "RGB" else np.asarray(Image.fromarray(color).convert("YCbCr"))
    ds = dataset(stored, meaning)
    ds.PlanarConfiguration = planar
    if planar:
        ds.PixelData = np.moveaxis(stored, -1, 0).tobytes()
    expected = np.asarray(Image.fromarray(color).convert("L"))
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.abs(frame.pixels.astype(int) - expected).max() <= 2


def test_signed_pixels_keep_their_order_and_padding_is_black(tmp_path, echo):
    values = echo.astype(np.int16) * 8 - 1000
    values[:, :10] = -32768
    ds = dataset(values, bits=16)
    ds.PixelRepresentation = 1
    put(ds, "PixelPaddingValue", -32768, "SS")
    pixels = read_image(saved(tmp_path / "a.dcm", ds)).pixels
    assert (pixels[:, :10] == 0).all()
    assert np.abs(pixels[:, 10:].astype(int) - echo[:, 10:]).max() <= 1


def test_a_header_without_photometric_interpretation_is_read(tmp_path, echo):
    ds = dataset(echo)
    del ds.PhotometricInterpretation
    frame = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.array_equal(frame.pixels, echo)
    assert "MONOCHROME2" in frame.remarks[0]


def test_jpeg_of_twelve_bits_that_cannot_be_decoded_is_named(tmp_path, echo):
    ds = dataset(echo.astype(np.uint16), bits=16, stored=12, syntax=JPEGExtended12Bit)
    ds.PixelData = encapsulate([b"no such stream" * 10])
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(InputError, match=r"a\.dcm.*1\.2\.840\.10008\.1\.2\.4\.51"):
        read_image(saved(tmp_path / "a.dcm", ds))


def test_a_cine_of_compressed_frames_is_whole(tmp_path):
    color = speckle_in_color()
    ds = dataset(np.stack([color] * 3), "YBR_FULL_422", frames=3, syntax=JPEGBaseline8Bit)
    ds.PixelData = encapsulate([jpeg(color, quality=95), jpeg(color[::-1], quality=95), jpeg(color, quality=95)])
    ds["PixelData"].is_undefined_length = True
    put(ds, "NumberOfFrames", b"")
    cine = read_image(saved(tmp_path / "a.dcm", ds))
    assert isinstance(cine, EchoCine)
    assert len(cine) == 3


def video_stream(frames, codec, container_format):
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.stack([frame] * 3, axis=-1), format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("codec", "container_format", "syntax"),
    [
        ("libx264", "mp4", "1.2.840.10008.1.2.4.102"),
        ("libx264", "h264", "1.2.840.10008.1.2.4.102"),
        ("mpeg2video", "mpeg2video", "1.2.840.10008.1.2.4.100"),
        ("mpeg2video", "mpegts", "1.2.840.10008.1.2.4.101"),
    ],
)
def test_video_streams_are_decoded_and_counted(tmp_path, codec, container_format, syntax):
    frames = np.full((12, 64, 96), 60, np.uint8)
    for t in range(12):
        frames[t, 3 * t : 3 * t + 20, 8:40] = 200
    stream = video_stream(frames, codec, container_format)
    ds = dataset(np.repeat(frames[..., None], 3, axis=-1), "YBR_PARTIAL_420", frames=12, syntax=syntax)
    ds.FrameTime = 40
    ds.PixelData = encapsulate([stream[: len(stream) // 4 * 2], stream[len(stream) // 4 * 2 :]], has_bot=False)
    ds["PixelData"].is_undefined_length = True
    cine = read_image(saved(tmp_path / "a.dcm", ds))
    assert np.abs(cine.pixels.astype(int) - frames).mean() < 4
    assert cine.frame_time_ms == 40
    ds.NumberOfFrames = 20
    with pytest.raises(InputError, match=r"a\.dcm is incomplete.*of 20 frames 12"):
        read_image(saved(tmp_path / "a.dcm", ds))
