"""MetaImage as users have it: fields of either name, data in the file or beside it, packed, listed, of any case."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import SimpleITK

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoFrame, read_image
from EchoSynthLib.images.readers.itk import load_itk


@pytest.fixture
def echo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)


def metaimage(path, sizes: str, data_file: str, data: bytes = b"", kind: str = "MET_UCHAR", **fields: object):
    said = {"ObjectType": "Image", "NDims": len(sizes.split()), "DimSize": sizes, "ElementType": kind, **fields}
    lines = [f"{key} = {value}" for key, value in said.items()] + [f"ElementDataFile = {data_file}"]
    path.write_bytes("\n".join(lines).encode("latin-1") + b"\n" + data)
    return path


@pytest.mark.parametrize("suffix", [".mha", ".MHA", ".mhd", ".MHD"])
@pytest.mark.parametrize("compressed", [False, True])
def test_what_simpleitk_writes_is_read_with_its_suffix_in_any_case(tmp_path, echo, suffix, compressed):
    for number, array in enumerate([echo, echo[None], np.stack([echo, echo // 2])]):
        image = SimpleITK.GetImageFromArray(array)
        image.SetSpacing((0.3, 0.2, 1.5)[: array.ndim])
        image.SetOrigin((1, 2, 3)[: array.ndim])
        image.SetDirection(SimpleITK.Euler3DTransform((0, 0, 0), 0.1, 0.2, 0.3).GetMatrix() if array.ndim == 3 else
                           SimpleITK.Euler2DTransform((0, 0), 0.3).GetMatrix())  # fmt: skip
        lower = tmp_path / f"{number}{suffix.lower()}"
        SimpleITK.WriteImage(image, str(lower), useCompression=compressed)
        path = lower.rename(tmp_path / f"{number}{suffix}")
        found = load_itk(path)
        assert np.array_equal(found.values.reshape(array.shape), array)
        assert found.geometry.spacing == pytest.approx(image.GetSpacing())
        assert found.geometry.origin == pytest.approx(image.GetOrigin())
        assert found.geometry.direction == pytest.approx(image.GetDirection())


@pytest.mark.parametrize("named", ["a.raw", "A.RAW", "data/a.raw", r"data\a.raw", r"C:\Export\a.raw"])
def test_the_data_file_is_found_in_whatever_case_and_folder(tmp_path, echo, named):
    (tmp_path / "data").mkdir()
    (tmp_path / ("data/A.Raw" if "data" in named else "a.Raw")).write_bytes(echo.tobytes())
    if "C:" in named:
        named = named.replace("C:\\Export\\", "")
    assert np.array_equal(read_image(metaimage(tmp_path / "Q.MHD", "30 20", named)).pixels, echo)


def test_a_data_file_that_is_not_there_is_named(tmp_path):
    path = metaimage(tmp_path / "a.mhd", "30 20", "b.raw")
    with pytest.raises(InputError, match=r"a\.mhd has its data in another file, b\.raw, which is not there"):
        read_image(path)


def test_frames_may_be_files_of_a_list_or_a_pattern(tmp_path, echo):
    frames = np.stack([echo, echo // 2, echo // 3])
    for number, frame in enumerate(frames):
        (tmp_path / f"f{number}.raw").write_bytes(frame.tobytes())
    listed = metaimage(tmp_path / "a.mhd", "30 20 3", "LIST 2D", b"f0.raw\nf1.raw\nf2.raw\n")
    pattern = metaimage(tmp_path / "b.mhd", "30 20 3", "f%d.raw 0 2 1")
    for path in (listed, pattern):
        assert np.array_equal(read_image(path).pixels, frames)


@pytest.mark.parametrize(("size", "before"), [(5, b"12345"), (-1, b"of any length")])
def test_what_stands_before_the_data_is_skipped(tmp_path, echo, size, before):
    (tmp_path / "a.raw").write_bytes(before + echo.tobytes())
    assert np.array_equal(read_image(metaimage(tmp_path / "a.mhd", "30 20", "a.raw", HeaderSize=size)).pixels, echo)


@pytest.mark.parametrize("field", ["BinaryDataByteOrderMSB", "ElementByteOrderMSB"])
@pytest.mark.parametrize(("kind", "dtype"), [("MET_SHORT", "i2"), ("MET_USHORT", "u2"), ("MET_FLOAT", "f4")])
def test_types_and_byte_orders(tmp_path, echo, field, kind, dtype):
    for big in (True, False):
        data = echo.astype((">" if big else "<") + dtype).tobytes()
        path = metaimage(tmp_path / "a.mha", "30 20", "LOCAL", data, kind, **{field: big})
        assert np.array_equal(load_itk(path).values[0], echo)


@pytest.mark.parametrize(
    ("fields", "spacing"),
    [
        ({"ElementSpacing": "0.3 0.2"}, (0.2, 0.3)),
        ({"ElementSize": "0.3 0.2"}, (0.2, 0.3)),
        ({"ElementSpacing": "0.3 0.2", "ElementSize": "1 1"}, (0.2, 0.3)),
        ({"ElementSpacing": "300 200", "DistanceUnits": "um"}, (0.2, 0.3)),
        ({"ElementSpacing": "-0.3 0.2"}, (0.2, 0.3)),
        ({"ElementSpacing": "0 0"}, (1.0, 1.0)),
        ({"TransformMatrix": "0 0 0 0", "ElementSpacing": "0.3 0.2"}, (0.2, 0.3)),
        ({"TransformMatrix": "1 0.02 0 1", "ElementSpacing": "0.3 0.2"}, (0.2, 0.3)),
        ({}, (1.0, 1.0)),
    ],
)
def test_the_pixel_size_is_that_of_either_field(tmp_path, echo, fields, spacing):
    frame = read_image(metaimage(tmp_path / "a.mha", "30 20", "LOCAL", echo.tobytes(), **fields))
    assert isinstance(frame, EchoFrame)
    assert frame.spacing == pytest.approx(spacing)
    assert frame.spacing_trusted == (spacing != (1.0, 1.0))


@pytest.mark.parametrize("sizes", ["30 20 1", "30 20 1 1", "1 30 20", "30 1 20"])
def test_axes_of_one_are_no_axes(tmp_path, echo, sizes):
    assert np.array_equal(read_image(metaimage(tmp_path / "a.mha", sizes, "Local", echo.tobytes())).pixels, echo)


@pytest.mark.parametrize("channels", [3, 4])
def test_channels_are_colors(tmp_path, echo, channels):
    colors = np.stack([echo] * channels, axis=-1)
    colors[..., 3:] = 255
    path = metaimage(
        tmp_path / "a.mha", "30 20", "LOCAL", colors.tobytes(), "MET_UCHAR_ARRAY", ElementNumberOfChannels=channels
    )
    assert np.array_equal(read_image(path).pixels, echo)


def test_numbers_may_be_written_out(tmp_path, echo):
    text = " ".join(map(str, echo.ravel())).encode()
    path = metaimage(tmp_path / "a.mha", "30 20", "LOCAL", text, BinaryData=False)
    assert np.array_equal(read_image(path).pixels, echo)


@pytest.mark.parametrize("compressed", [False, True])
def test_data_that_end_early_are_told_and_nothing_else_is_printed(tmp_path, echo, compressed, capfd):
    data = zlib.compress(echo.tobytes()) if compressed else echo.tobytes()
    path = metaimage(tmp_path / "cut.mha", "30 20", "LOCAL", data[:-9], CompressedData=compressed)
    with pytest.raises(InputError, match=r"cut\.mha is incomplete"):
        read_image(path)
    assert capfd.readouterr() == ("", "")


def test_texts_that_are_no_utf_8_and_lines_as_on_windows_cost_nothing(tmp_path, echo):
    path = metaimage(tmp_path / "a.mha", "30 20", "LOCAL", Comment="für alle", Name="a = b")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + echo.tobytes())
    assert np.array_equal(read_image(path).pixels, echo)


@pytest.mark.parametrize("sizes", ["30 20", "30 20 1"])
def test_a_pixel_size_with_a_decimal_comma_is_told(tmp_path, echo, sizes):
    spacing = " ".join(["0,3"] * len(sizes.split()))
    frame = read_image(metaimage(tmp_path / "a.mha", sizes, "LOCAL", echo.tobytes(), ElementSpacing=spacing))
    assert not frame.spacing_trusted
    assert frame.remarks == ("the header's pixel size is not usable and counts as unknown",)
