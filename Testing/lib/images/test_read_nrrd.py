"""NRRD as users have it: the kinds of the axes, the encodings, detached data and the spaces."""

from __future__ import annotations

import bz2
import gzip

import numpy as np
import pytest
import SimpleITK

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, read_image
from EchoSynthLib.images.readers.itk import load_itk

PLANE = "space: left-posterior-superior\nspace directions: (0.3,0,0) (0,0.2,0) (0,0,1.5)\nspace origin: (1,2,3)"


@pytest.fixture
def echo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)


@pytest.fixture
def frames(echo) -> np.ndarray:
    return np.stack([echo, echo // 2, echo // 3, echo // 5])


def nrrd(path, values: np.ndarray, *fields: str, encoding: str = "raw", data: bytes | None = None, kind="uint8"):
    """A file of values whose axes are in the file's order, with more fields."""
    head = [
        "NRRD0005",
        "# a remark: of one line",
        f"type: {kind}",
        f"dimension: {values.ndim}",
        f"sizes: {' '.join(map(str, values.shape))}",
        f"encoding: {encoding}",
        *fields,
    ]
    body = values.tobytes("F") if data is None else data
    path.write_bytes("\n".join(head).encode("latin-1") + b"\n\n" + body)
    return path


def packed(values: np.ndarray, encoding: str) -> bytes:
    raw = values.tobytes("F")
    return {
        "raw": raw,
        "gzip": gzip.compress(raw),
        "gz": gzip.compress(raw),
        "bzip2": bz2.compress(raw),
        "hex": raw.hex().encode(),
        "ascii": " ".join(map(str, values.ravel("F"))).encode(),
        "text": "\n".join(map(str, values.ravel("F"))).encode(),
    }[encoding]


ENCODINGS = ["raw", "gzip", "gz", "bzip2", "hex", "ascii", "text"]


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_holds_the_frame_in_the_file_or_beside_it(tmp_path, echo, encoding, detached):
    data = packed(echo.T, encoding)
    if detached:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "A.bin").write_bytes(data)
    fields = ["data file: data/a.BIN"] if detached else []
    path = nrrd(tmp_path / "a.NHDR", echo.T, *fields, encoding=encoding, data=b"" if detached else data)
    assert np.array_equal(read_image(path).pixels, echo)


def test_a_data_file_that_is_not_there_is_named(tmp_path, echo):
    path = nrrd(tmp_path / "a.nhdr", echo.T, "data file: elsewhere/a.raw", data=b"")
    with pytest.raises(InputError, match=r"a\.nhdr has its data in another file, elsewhere/a\.raw, which is not there"):
        read_image(path)


def test_frames_may_be_files_of_a_list_or_a_pattern(tmp_path, frames):
    for number, frame in enumerate(frames):
        (tmp_path / f"f{number:02d}.raw").write_bytes(frame.tobytes())
    values = frames.transpose(2, 1, 0)
    listed = "\n".join(["data file: LIST", *(f"f{number:02d}.raw" for number in range(4))])
    (tmp_path / "list.nhdr").write_text(
        f"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 30 20 4\nencoding: raw\n{listed}\n"
    )
    pattern = nrrd(tmp_path / "pattern.nhdr", values, "data file: f%02d.raw 0 3 1", data=b"")
    for path in (tmp_path / "list.nhdr", pattern):
        assert np.array_equal(read_image(path).pixels, frames)


@pytest.mark.parametrize(("skip", "before"), [("byte skip: 7", b"1234567"), ("line skip: 2", b"one\ntwo\n"),
                                              ("byte skip: -1", b"a header of any length")])  # fmt: skip
def test_what_stands_before_the_data_is_skipped(tmp_path, echo, skip, before):
    path = nrrd(tmp_path / "a.nrrd", echo.T, skip, data=before + echo.tobytes())
    assert np.array_equal(read_image(path).pixels, echo)


@pytest.mark.parametrize(
    ("kind", "dtype"), [("short", "i2"), ("unsigned short", "u2"), ("float", "f4"), ("int64", "i8")]
)
@pytest.mark.parametrize("endian", ["little", "big"])
def test_types_and_byte_orders(tmp_path, echo, kind, dtype, endian):
    stored = echo.T.astype(("<" if endian == "little" else ">") + dtype)
    path = nrrd(tmp_path / "a.nrrd", stored, f"endian: {endian}", kind=kind)
    assert np.array_equal(load_itk(path).values[0], echo)


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("kind", ["list", "time"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_an_axis_of_frames_holds_frames_wherever_it_stands_and_however_many_they_are(
    tmp_path, frames, kind, place, count
):
    values = np.moveaxis(frames[:count].transpose(2, 1, 0)[:, :, np.newaxis], -1, place)
    directions = ["(0.3,0,0)", "(0,0.2,0)", "(0,0,1.5)"]
    directions.insert(place, "none")
    kinds = ["domain"] * 3
    kinds.insert(place, kind)
    space = "space: left-posterior-superior"
    cine = read_image(
        nrrd(
            tmp_path / "a.nrrd", values, space, f"space directions: {' '.join(directions)}", f"kinds: {' '.join(kinds)}"
        )
    )
    assert isinstance(cine, EchoCine)
    assert np.array_equal(cine.pixels, frames[:count])
    assert cine.spacing == pytest.approx((0.2, 0.3))
    assert cine.frame(1).geometry == cine.frame(0).geometry


@pytest.mark.parametrize(("kind", "channels"), [("RGB-color", 3), ("RGBA-color", 4), ("3-color", 3), ("vector", 3)])
@pytest.mark.parametrize("place", [0, 2])
def test_an_axis_of_colors_becomes_gray(tmp_path, echo, kind, channels, place):
    colors = np.stack([echo] * channels)
    colors[3:] = 255
    values = np.moveaxis(colors.transpose(2, 1, 0), -1, place)
    kinds = ["domain"] * 2
    kinds.insert(place, kind)
    frame = read_image(nrrd(tmp_path / "a.nrrd", values, f"kinds: {' '.join(kinds)}"))
    assert isinstance(frame, EchoFrame)
    assert np.array_equal(frame.pixels, echo)


def test_a_first_axis_of_three_without_a_word_is_colors(tmp_path, echo):
    values = np.stack([echo] * 3).transpose(0, 2, 1)
    assert np.array_equal(read_image(nrrd(tmp_path / "a.nrrd", values)).pixels, echo)


def test_a_kind_that_no_echo_has_is_named(tmp_path, echo):
    path = nrrd(tmp_path / "a.nrrd", np.stack([echo.T, echo.T]), "kinds: complex domain domain")
    with pytest.raises(InputError, match=r"a\.nrrd has an axis of the kind complex"):
        read_image(path)


@pytest.mark.parametrize(
    ("space", "signs"),
    [("left-posterior-superior", (1, 1, 1)), ("LPS", (1, 1, 1)), ("RAS", (-1, -1, 1)), ("LAS", (1, -1, 1)),
     ("right-anterior-superior", (-1, -1, 1)), ("scanner-xyz", (1, 1, 1)), ("3D-right-handed", (1, 1, 1))],
)  # fmt: skip
def test_the_place_is_told_to_the_left_posterior_and_superior_as_simpleitk_tells_it(tmp_path, echo, space, signs):
    fields = PLANE.replace("left-posterior-superior", space).split("\n")
    path = nrrd(tmp_path / "a.nrrd", echo.T[:, :, np.newaxis], *fields, "kinds: domain domain domain")
    found, told = load_itk(path).geometry, SimpleITK.ReadImage(str(path))
    assert found.spacing == pytest.approx((0.3, 0.2, 1.5))
    assert found.origin == pytest.approx(np.array([1, 2, 3]) * signs)
    assert found.origin == pytest.approx(told.GetOrigin())
    assert found.direction == pytest.approx(told.GetDirection())


@pytest.mark.parametrize(
    ("fields", "spacing", "trusted"),
    [
        (["spacings: 0.3 0.2"], (0.2, 0.3), True),
        (["spacings: 0.3 NaN"], (1.0, 1.0), False),
        (["spacings: 0 0"], (1.0, 1.0), False),
        (["space dimension: 2", "space directions: (0.3,0) (0,-0.2)", "space origin: (nan,nan)"], (0.2, 0.3), True),
        (["space dimension: 2", "space directions: (0,0) (0,0)"], (1.0, 1.0), False),
        (["space: RAS", "space directions: (0.3,0,0) (0,0.2,0)", "space origin: none"], (0.2, 0.3), True),
        (["space: RAS", "space directions: (0.3,0,0) (0.003,0.2,0)"], (0.2, 0.3), True),
        (
            ["space dimension: 2", "space directions: (0.0003,0) (0,0.0002)", 'space units: "m" "m"'],
            (0.2, 0.3),
            True,
        ),
        ([], (1.0, 1.0), False),
    ],
)
def test_a_pixel_size_is_told_by_directions_or_spacings_in_any_unit(tmp_path, echo, fields, spacing, trusted):
    frame = read_image(nrrd(tmp_path / "a.nrrd", echo.T, *fields))
    assert np.array_equal(frame.pixels, echo)
    assert frame.spacing == pytest.approx(spacing, rel=1e-3)
    assert frame.spacing_trusted == trusted
    assert np.isfinite(frame.geometry.origin).all()


def test_a_fourth_direction_of_time_is_no_place(tmp_path, frames):
    values = frames.transpose(2, 1, 0)[:, :, np.newaxis]
    directions = "space directions: (0.3,0,0,0) (0,0.2,0,0) (0,0,1,0) (0,0,0,40)"
    path = nrrd(tmp_path / "a.nrrd", values, "space: right-anterior-superior-time", directions)
    assert np.array_equal(read_image(path).pixels, frames)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "hex"])
def test_data_that_end_early_are_told(tmp_path, echo, encoding):
    path = nrrd(tmp_path / "cut.nrrd", echo.T, encoding=encoding, data=packed(echo.T, encoding)[:-24])
    with pytest.raises(InputError, match=r"cut\.nrrd is incomplete"):
        read_image(path)


def test_a_whole_file_that_is_packed_and_texts_that_are_no_utf_8_are_read(tmp_path, echo):
    path = nrrd(tmp_path / "a.nrrd", echo.T, "patient:=Müller", "content: Schleife für alle")
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(read_image(path).pixels, echo)


def test_lines_may_end_as_on_windows(tmp_path, echo):
    path = nrrd(tmp_path / "a.nrrd", echo.T)
    head, _, data = path.read_bytes().partition(b"\n\n")
    path.write_bytes(head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + data)
    assert np.array_equal(read_image(path).pixels, echo)


def test_what_simpleitk_writes_is_read_as_simpleitk_reads_it(tmp_path, echo):
    for number, array in enumerate([echo, echo[None], np.stack([echo, echo // 2])]):
        image = SimpleITK.GetImageFromArray(array)
        image.SetSpacing((0.3, 0.2, 1.5)[: array.ndim])
        image.SetDirection(SimpleITK.Euler3DTransform((0, 0, 0), 0.1, 0.2, 0.3).GetMatrix() if array.ndim == 3 else
                           SimpleITK.Euler2DTransform((0, 0), 0.3).GetMatrix())  # fmt: skip
        SimpleITK.WriteImage(image, str(tmp_path / f"{number}.nrrd"), useCompression=bool(number % 2))
        found = load_itk(tmp_path / f"{number}.nrrd")
        assert np.array_equal(found.values.reshape(array.shape), array)
        assert found.geometry.spacing == pytest.approx(image.GetSpacing())
        assert found.geometry.direction == pytest.approx(image.GetDirection())


@pytest.mark.parametrize(("unit", "step"), [("mm", 0.3), ("cm", 0.03), ("m", 0.0003), ("um", 300)])
def test_spacings_count_in_the_units_that_stand_beside_them(tmp_path, echo, unit, step):
    path = nrrd(tmp_path / "a.nrrd", echo.T, f"spacings: {step} {step * 2}", f'units: "{unit}" "{unit}"')
    assert read_image(path).spacing == pytest.approx((0.6, 0.3))


def test_a_step_in_time_counts_in_its_unit(tmp_path, frames):
    for unit, step in (("s", 0.025), ("ms", 25)):
        fields = (f"spacings: 0.3 0.3 {step}", f'units: "mm" "mm" "{unit}"', "kinds: space space time")
        cine = read_image(nrrd(tmp_path / "a.nrrd", frames.transpose(2, 1, 0), *fields))
        assert cine.spacing == pytest.approx((0.3, 0.3))
        assert cine.geometry.spacing[3] == pytest.approx(0.025)


def test_spacings_with_a_decimal_comma_are_told(tmp_path, echo):
    frame = read_image(nrrd(tmp_path / "a.nrrd", echo.T, "spacings: 0,3 0,3"))
    assert not frame.spacing_trusted
    assert frame.remarks == ("the header's pixel size is not usable and counts as unknown",)
