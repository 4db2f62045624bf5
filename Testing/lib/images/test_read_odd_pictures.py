"""Pictures as phones, office programs and microscopes' programs leave them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import SimpleITK
from PIL import Image, TiffImagePlugin

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, read_image


@pytest.fixture
def echo():
    return (np.arange(48 * 64).reshape(48, 64) // 13).astype(np.uint8)


def test_of_a_phones_jpeg_with_a_preview_the_picture_is_read(tmp_path, echo):
    picture, preview = Image.fromarray(echo), Image.fromarray(echo[::4, ::4])
    for name, second in (("a.jpg", preview), ("b.jpg", picture)):
        picture.save(tmp_path / name, "MPO", save_all=True, append_images=[second], quality=95)
        frame = read_image(tmp_path / name)
        assert isinstance(frame, EchoFrame)
        assert np.abs(frame.pixels.astype(int) - echo).max() <= 6


def pages_of_tiff(path, pages, kinds):
    """`kinds` are the values of NewSubfileType, or None to leave the tag out."""
    images = [Image.fromarray(page) for page in pages]
    infos = []
    for kind in kinds:
        info = TiffImagePlugin.ImageFileDirectory_v2()
        if kind is not None:
            info[254] = kind
        infos.append(info)
    with TiffImagePlugin.AppendingTiffWriter(str(path), True) as file:
        for image, info in zip(images, infos, strict=True):
            image.save(file, format="TIFF", tiffinfo=info)
            file.newFrame()
    return path


def test_the_thumbnail_and_the_mask_of_a_tiff_are_no_frames(tmp_path, echo):
    for first in (True, False):
        pages, kinds = [echo, echo[::4, ::4], echo // 255], [0, 1, 4]
        if first:
            pages, kinds = pages[::-1], kinds[::-1]
        frame = read_image(pages_of_tiff(tmp_path / "a.tif", pages, kinds))
        assert isinstance(frame, EchoFrame)
        assert np.array_equal(frame.pixels, echo)
        assert frame.remarks == ()


def test_pages_of_another_size_are_left_out_and_told(tmp_path, echo):
    cine = read_image(pages_of_tiff(tmp_path / "a.tif", [echo, echo[::4, ::4], echo // 2], [None] * 3))
    assert np.array_equal(cine.pixels, np.stack([echo, echo // 2]))
    assert cine.remarks == ("1 of 3 pages are smaller than 48 x 64 and were left out",)


def test_pages_of_gray_and_of_color_are_one_cine(tmp_path, echo):
    cine = read_image(pages_of_tiff(tmp_path / "a.tif", [echo, np.stack([echo] * 3, axis=-1)], [None] * 2))
    assert np.array_equal(cine.pixels, np.stack([echo, echo]))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LA", "PA", "RGBA", "P", "RGBX"])
def test_every_kind_of_color_in_a_tiff_gives_the_levels(tmp_path, echo, mode):
    picture = (
        Image.fromarray(np.stack([echo] * 3, axis=-1)) if mode in ("CMYK", "YCbCr", "RGBX") else Image.fromarray(echo)
    )
    try:
        picture.convert(mode).save(tmp_path / "a.tif")
    except OSError:
        pytest.skip(f"Pillow writes no TIFF of mode {mode}")
    assert np.abs(read_image(tmp_path / "a.tif").pixels.astype(int) - echo).max() <= 2


def test_the_lightness_of_a_lab_tiff_is_its_levels(tmp_path, echo):
    planes = np.stack([echo, np.full_like(echo, 128), np.full_like(echo, 128)], axis=-1)
    Image.frombytes("LAB", echo.shape[::-1], planes.tobytes()).save(tmp_path / "a.tif")
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, echo)


def test_a_cmyk_jpeg_is_not_inverted(tmp_path, echo):
    Image.fromarray(np.stack([echo] * 3, axis=-1)).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "a.jpg").pixels.astype(int) - echo).mean() < 3


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32])
def test_levels_of_more_than_8_bits_in_a_tiff_are_kept(tmp_path, echo, dtype):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(echo.astype(dtype)), str(tmp_path / "a.tif"))
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, echo)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_color_of_12_bits_in_16_is_not_black(tmp_path, echo, suffix):
    color = np.stack([echo.astype(np.uint16) * 16] * 3, axis=-1)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(color, isVector=True), str(tmp_path / f"a{suffix}"))
    assert len(np.unique(read_image(tmp_path / f"a{suffix}").pixels)) == len(np.unique(echo))


@pytest.mark.parametrize("bits", [8, 16])
def test_white_is_zero_is_turned_round(tmp_path, echo, bits):
    image = 255 - echo if bits == 8 else 65535 - echo.astype(np.uint16) * 257
    Image.fromarray(image).save(tmp_path / "a.tif")
    black_is_zero = b"\x06\x01\x03\x00\x01\x00\x00\x00\x01"  # the entry of the tag 262
    data = (tmp_path / "a.tif").read_bytes()
    assert data.count(black_is_zero) == 1
    (tmp_path / "a.tif").write_bytes(data.replace(black_is_zero, black_is_zero[:-1] + b"\x00"))
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, echo)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "lzw.tif"])
def test_exif_turns_the_picture(tmp_path, echo, orientation, name):
    turns = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.T,
        6: lambda x: np.rot90(x),
        7: lambda x: x[::-1, ::-1].T,
        8: lambda x: np.rot90(x, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](echo)))
    options = {"a.jpg": {"quality": 95}, "lzw.tif": {"compression": "tiff_lzw"}}.get(name, {})
    stored.save(tmp_path / name, exif=exif, **options)
    assert np.abs(read_image(tmp_path / name).pixels.astype(int) - echo).max() <= 6


def test_an_alpha_of_0_all_over_is_not_looked_at(tmp_path, echo):
    image = np.dstack([echo, echo, echo, np.zeros_like(echo)])
    Image.fromarray(image).save(tmp_path / "a.png")
    frame = read_image(tmp_path / "a.png")
    assert np.array_equal(frame.pixels, echo)
    assert "alpha" in frame.remarks[0]


def test_an_animated_png_is_a_cine_without_its_still(tmp_path, echo):
    still, first, second = (Image.fromarray(x) for x in (echo[::-1], echo, echo // 2))
    still.save(tmp_path / "a.png", save_all=True, append_images=[first, second], default_image=True)
    cine = read_image(tmp_path / "a.png")
    assert isinstance(cine, EchoCine)
    assert np.array_equal(cine.pixels, np.stack([echo, echo // 2]))


def test_a_picture_too_large_for_an_echo_is_told(tmp_path, monkeypatch, echo):
    Image.fromarray(echo).save(tmp_path / "a.png")
    for limit in (2000, 1000):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(InputError, match=r"a\.png is too large.*3072 pixels"):
            read_image(tmp_path / "a.png")


def test_what_would_need_another_program_is_not_opened(tmp_path):
    (tmp_path / "a.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n")
    with pytest.raises(InputError, match=r"a\.png cannot be read"):
        read_image(tmp_path / "a.png")


def test_webp_is_told_to_be_no_format_that_is_read(tmp_path):
    (tmp_path / "a.webp").write_bytes(b"RIFF0000WEBP" * 10)
    with pytest.raises(InputError, match=r"a\.webp is of a kind that cannot be read; expected was"):
        read_image(tmp_path / "a.webp")


def tiff_of(path, values, sample_format, order="<"):
    """An uncompressed TIFF of one strip of gray numbers."""
    values = np.ascontiguousarray(values, values.dtype.newbyteorder(order))
    rows, columns = values.shape
    tags = [(256, 4, columns), (257, 4, rows), (258, 3, 8 * values.itemsize), (259, 3, 1), (262, 3, 1), (273, 4, 8)]
    tags += [(277, 3, 1), (278, 4, rows), (279, 4, values.nbytes), (339, 3, sample_format)]
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1) + struct.pack(f"{order}I" if kind == 4 else f"{order}Hxx", number)
        for tag, kind, number in tags
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + values.nbytes)
    path.write_bytes(head + values.tobytes() + struct.pack(f"{order}H", len(tags)) + entries + bytes(4))
    return path


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_64_bit_floats_as_numpy_has_them_is_read(tmp_path, echo, order):
    frame = read_image(tiff_of(tmp_path / "a.tif", echo / 255, 3, order))
    assert np.array_equal(frame.pixels, echo)


def test_a_tiff_of_8_bits_with_a_sign_keeps_the_order_of_its_levels(tmp_path, echo):
    signed = (echo.astype(int) - 128).astype(np.int8)
    frame = read_image(tiff_of(tmp_path / "a.tif", signed, 2))
    assert np.abs(np.interp(echo, (echo.min(), echo.max()), (0, 255)) - frame.pixels).max() <= 1


def test_a_tiff_of_other_numbers_is_refused_by_their_kind(tmp_path, echo):
    path = tiff_of(tmp_path / "a.tif", (echo / 255).astype(np.float16), 3)
    with pytest.raises(InputError, match=r"a\.tif is a TIFF file whose pixels.*Save it as") as error:
        read_image(path)
    assert "object" not in str(error.value)
    assert "BufferedReader" not in str(error.value)


def test_another_kind_of_file_with_a_pictures_name_is_told_without_a_programs_words(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\0" * 500)
    with pytest.raises(InputError, match=r"a\.png cannot be read; expected was a PNG") as error:
        read_image(tmp_path / "a.png")
    assert "Buffered" not in str(error.value)


@pytest.mark.parametrize("lead", [(1, 1), (1,), (4, 1), (1, 4)])
def test_batches_and_channels_of_one_of_an_array_are_left_out(tmp_path, echo, lead):
    frames = np.stack([echo // (n + 1) for n in range(max(lead))])
    np.save(tmp_path / "a.npy", frames.reshape(*lead, *echo.shape))
    read = read_image(tmp_path / "a.npy")
    assert np.array_equal(read.pixels, frames if max(lead) > 1 else echo)


def test_three_slices_of_an_array_that_are_alike_are_the_colors_of_one_picture(tmp_path, echo):
    np.save(tmp_path / "a.npy", np.stack([echo] * 3))
    frame = read_image(tmp_path / "a.npy")
    assert isinstance(frame, EchoFrame)
    assert np.abs(frame.pixels.astype(int) - echo).max() <= 1
    assert "red, green and blue" in frame.remarks[0]
