"""NIfTI and Analyze as users have them: every variant of the header and of the axes shows the same frame."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import SimpleITK
from nifti_files import TYPES, nifti

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, read_image
from EchoSynthLib.images.readers.attributes import read_attributes
from EchoSynthLib.images.readers.itk import load_itk
from EchoSynthLib.images.readers.stored import ItkImage


@pytest.fixture
def echo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)


def written(path, content: bytes):
    path.write_bytes(content)
    return path


def axes_of(echo: np.ndarray, *shape: int) -> np.ndarray:
    """The frame with its axes in the order of a file, columns first."""
    return echo.T.reshape(shape, order="F")


@pytest.mark.parametrize("second", [False, True], ids=["NIfTI-1", "NIfTI-2"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", TYPES)
def test_every_type_byte_order_and_version_holds_its_values(tmp_path, echo, kind, order, second):
    values = (axes_of(echo, 30, 20, 1) // 2).astype(kind)
    image = load_itk(written(tmp_path / "a.nii", nifti(values, order, second)))
    assert image.values.dtype == np.dtype(kind)
    assert np.array_equal(image.values[0], echo // 2)
    assert image.geometry.spacing == pytest.approx((0.3, 0.2, 1.5))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII", "A.Nii.Gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_gzip_is_told_by_content_and_suffixes_have_no_case(tmp_path, echo, name, packed):
    content = nifti(axes_of(echo, 30, 20))
    frame = read_image(written(tmp_path / name, gzip.compress(content) if packed else content))
    assert np.array_equal(frame.pixels, echo)


@pytest.mark.parametrize(("head", "body"), [("a.hdr", "a.img"), ("A.HDR", "a.img"), ("a.hdr.gz", "a.img.gz")])
@pytest.mark.parametrize("magic", [b"ni1\0", b"\0\0\0\0"], ids=["NIfTI", "Analyze"])
def test_a_pair_is_read_by_either_of_its_names(tmp_path, echo, head, body, magic):
    values = axes_of(echo, 30, 20, 1, 1)
    packed = head.endswith(".gz")
    header = nifti(values, pair=True, slope=0.0)[:344] + magic
    written(tmp_path / head, gzip.compress(header) if packed else header)
    written(tmp_path / body, gzip.compress(values.tobytes("F")) if packed else values.tobytes("F"))
    for name in (head, body):
        frame = read_image(tmp_path / name)
        assert np.array_equal(frame.pixels, echo)
        assert frame.spacing == pytest.approx((0.2, 0.3))


@pytest.mark.parametrize(("kept", "missing"), [("a.hdr", "a.img"), ("a.img", "a.hdr")])
def test_a_half_of_a_pair_names_what_is_missing(tmp_path, echo, kept, missing):
    written(tmp_path / kept, nifti(axes_of(echo, 30, 20), pair=True))
    with pytest.raises(InputError, match=f"{kept} .*expected was {missing}"):
        read_image(tmp_path / kept)


@pytest.mark.parametrize("shape", [(30, 20), (30, 20, 1), (1, 30, 20), (30, 1, 20), (30, 20, 1, 1), (30, 20, 1, 1, 1),
                                   (1, 1, 30, 20), (30, 1, 1, 20, 1, 1, 1)])  # fmt: skip
def test_axes_of_one_are_no_axes_wherever_they_stand(tmp_path, echo, shape):
    pixdim = (1.0, *(0.3 if size == 30 else 0.2 if size == 20 else 1.5 for size in shape), *(1,) * (7 - len(shape)))
    path = written(tmp_path / "a.nii", nifti(axes_of(echo, *shape), pixdim=pixdim))
    image = load_itk(path)
    assert np.array_equal(image.values, echo[np.newaxis])


@pytest.mark.parametrize(
    ("shape", "kept"), [((1, 30, 20), (1, 2, 0)), ((30, 1, 20), (0, 2, 1)), ((30, 20, 1), (0, 1, 2))]
)
def test_a_frame_lies_in_space_where_its_header_puts_it_whatever_the_order_of_its_axes(tmp_path, echo, shape, kept):
    affine = np.array([[0.3, 0, 0, 5], [0, 0.2, 0, 6], [0, 0, 0.7, 7.0]])
    path = written(
        tmp_path / "a.nii", nifti(axes_of(echo, *shape), sform=1, srow=affine, pixdim=(1, 0.3, 0.2, 0.7, 0, 0, 0, 0))
    )
    found, told = load_itk(path).geometry, SimpleITK.ReadImage(str(path))
    assert found.origin == pytest.approx(told.GetOrigin())
    assert found.spacing == pytest.approx(np.take(told.GetSpacing(), kept))
    directions = np.reshape(told.GetDirection(), (3, 3))
    np.testing.assert_allclose(found.matrix(), directions[:, kept], atol=1e-6)


def test_an_axis_of_one_that_took_the_pixel_size_along_leaves_it_unknown(tmp_path, echo):
    path = written(tmp_path / "a.nii", nifti(axes_of(echo, 1, 30, 20), pixdim=(1, 0.3, 0.2, 1, 0, 0, 0, 0)))
    frame = read_image(path)
    assert not frame.spacing_trusted
    assert "axis of one" in frame.remarks[0]


@pytest.mark.parametrize("shape", [(30, 20, 4), (30, 20, 1, 4), (30, 20, 4, 1, 1), (30, 20, 1, 1, 4), (1, 30, 20, 4)])
def test_the_one_axis_left_holds_the_frames(tmp_path, echo, shape):
    frames = np.stack([echo, echo // 2, echo // 3, echo // 5])
    path = written(tmp_path / "a.nii", nifti(np.moveaxis(frames, 0, -1).swapaxes(0, 1).reshape(shape, order="F")))
    assert np.array_equal(read_image(path).pixels, frames)


@pytest.mark.parametrize("shape", [(30, 20, 2, 2), (30, 20, 1, 2, 2), (10, 10, 3, 2)])
def test_a_volume_over_time_is_refused_by_name_and_shape(tmp_path, shape):
    path = written(tmp_path / "volumes.nii", nifti(np.zeros(shape, np.uint8)))
    with pytest.raises(InputError, match=rf"volumes\.nii holds an image of {' x '.join(map(str, shape))}.*not 2D echo"):
        read_image(path)


@pytest.mark.parametrize(("datatype", "channels", "intent"), [(128, 3, 0), (2304, 4, 0), (2, 3, 1007), (2, 4, 2004)])
def test_colors_become_gray(tmp_path, echo, datatype, channels, intent):
    colors = np.stack([echo] * channels)
    colors[3:] = 255
    if datatype == 2:
        values, shape = colors.transpose(2, 1, 0).reshape(30, 20, 1, 1, channels), (30, 20, 1, 1, channels)
    else:
        values, shape = colors.transpose(0, 2, 1), (30, 20, 1)
    path = written(tmp_path / "a.nii", nifti(values, dim=shape, datatype=datatype, intent=intent))
    assert np.array_equal(read_image(path).pixels, echo)


def test_a_color_picture_saved_as_three_slices_is_a_frame_and_a_cine_of_three_is_none(tmp_path, echo):
    picture = np.stack([echo] * 3)
    picture[0, :2, :10] = 255
    cine = np.stack([echo, np.roll(echo, 1), np.roll(echo, 2)])
    for stored, frames in ((picture, 1), (cine, 3)):
        found = read_image(written(tmp_path / "a.nii", nifti(stored.transpose(2, 1, 0))))
        assert found.pixels.shape == ((20, 30) if frames == 1 else (3, 20, 30))
        assert ("red, green and blue" in " ".join(found.remarks)) == (frames == 1)


@pytest.mark.parametrize(
    ("slope", "inter", "expected"),
    [(0, 7, 1), (np.nan, 7, 1), (np.inf, 0, 1), (1, 0, 1), (2, 0, 2), (2, np.nan, 2), (0.5, 3, 3.5), (-1, 255, 254)],
)
def test_slope_and_intercept_count_where_they_are_numbers(tmp_path, slope, inter, expected):
    values = np.ones((30, 20), np.uint8)
    image = load_itk(written(tmp_path / "a.nii", nifti(values, slope=slope, inter=inter)))
    assert (image.values == expected).all()


PLAIN = np.diag([-0.3, -0.2, 1.5])
SHEARED = np.array([[-0.3, 0.004, 0], [0, -0.2, 0], [0, 0, 1.5]])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sform": 1, "srow": np.zeros((3, 4))}, "sform is not usable"),
        ({"sform": 1, "srow": np.c_[PLAIN @ np.diag([1, 1, 0]), [0, 0, 0]]}, ""),
        ({"sform": 1, "srow": np.c_[PLAIN @ np.diag([1, 0, 1]), [0, 0, 0]]}, "sform is not usable"),
        ({"sform": 2, "srow": np.full((3, 4), np.nan)}, "sform is not usable"),
        ({"sform": 1, "srow": np.c_[SHEARED, [0, 0, 0]]}, "right angles"),
        ({"sform": 1, "srow": np.c_[PLAIN[:, [0, 0, 2]], [0, 0, 0]]}, "sform is not usable"),
        ({"sform": 1, "srow": np.c_[2 * PLAIN, [0, 0, 0]]}, "two pixel sizes"),
        ({"qform": 1, "quatern": (np.nan, 0, 0)}, ""),
        ({"qform": 1, "quatern": (3, 0, 0)}, ""),
        ({}, ""),
    ],
    ids=["zero", "no third", "no second", "nan", "sheared", "one line", "twice", "qform nan", "qform long", "none"],
)
@pytest.mark.parametrize("shape", [(30, 20), (30, 20, 1), (30, 20, 3)])
def test_the_pixel_size_is_that_of_pixdim_whatever_the_header_says_of_space(tmp_path, fields, said, shape):
    values = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    image = read_image(written(tmp_path / "a.nii.gz", gzip.compress(nifti(values, **fields))))
    assert image.spacing == pytest.approx((0.2, 0.3))
    assert image.spacing_trusted
    assert np.array_equal(image.pixels.reshape(-1, 20, 30)[0].T, values.reshape(30, 20, -1)[..., 0])
    assert said in " ".join(image.remarks)
    assert bool(said) == bool(image.remarks)
    matrix = image.geometry.matrix()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-6)


@pytest.mark.parametrize("size", [0, 1, np.nan])
def test_where_pixdim_tells_nothing_the_sform_tells_the_pixel_size(tmp_path, echo, size):
    pixdim = (1, size, size, 1, 0, 0, 0, 0)
    path = written(
        tmp_path / "a.nii", nifti(axes_of(echo, 30, 20, 1), sform=1, srow=np.c_[PLAIN, [0, 0, 0]], pixdim=pixdim)
    )
    frame = read_image(path)
    assert frame.spacing == pytest.approx((0.2, 0.3))
    assert frame.spacing_trusted


def test_a_single_slice_keeps_its_plane_whatever_lies_across_it(tmp_path, echo):
    skew = PLAIN + np.array([[0, 0, 0.4], [0, 0, 0.2], [0, 0, 0]])
    frame = read_image(
        written(tmp_path / "a.nii", nifti(axes_of(echo, 30, 20, 1), sform=1, srow=np.c_[skew, [1, 2, 3]]))
    )
    assert frame.remarks == ()
    np.testing.assert_allclose(frame.geometry.matrix(), np.eye(3), atol=1e-6)


@pytest.mark.parametrize("qfac", [1.0, 0.0, -1.0])
def test_a_qform_puts_the_frame_where_simpleitk_does(tmp_path, echo, qfac):
    pixdim = (qfac, 0.3, 0.2, 1.5, 0, 0, 0, 0)
    path = written(
        tmp_path / "a.nii",
        nifti(axes_of(echo, 30, 20, 1), qform=1, quatern=(0.1, 0.2, 0.3), offset=(1, 2, 3), pixdim=pixdim),
    )
    found, told = load_itk(path).geometry, SimpleITK.ReadImage(str(path))
    assert found.origin == pytest.approx(told.GetOrigin())
    np.testing.assert_allclose(found.direction, told.GetDirection(), atol=1e-5)


@pytest.mark.parametrize(("units", "factor"), [(0, 1), (1, 1000), (2, 1), (3, 0.001)])
def test_lengths_are_in_mm_whatever_the_unit_of_the_header(tmp_path, echo, units, factor):
    affine = np.array([[-0.3, 0, 0, -1], [0, -0.2, 0, -2], [0, 0, 1.5, 3]])
    path = written(tmp_path / "a.nii", nifti(axes_of(echo, 30, 20, 1), units=units, sform=1, srow=affine))
    geometry = load_itk(path).geometry
    assert geometry.spacing == pytest.approx((0.3 * factor, 0.2 * factor, 1.5 * factor))
    assert geometry.origin == pytest.approx((1 * factor, 2 * factor, 3 * factor))


@pytest.mark.parametrize(
    ("pixdim", "spacing", "trusted"),
    [
        ((-0.3, -0.2), (0.2, 0.3), True),
        ((0, 0.2), (1, 1), False),
        ((np.nan, 0.2), (1, 1), False),
        ((0, 0), (1, 1), False),
    ],
)
def test_a_pixel_size_of_nothing_is_unknown_and_a_negative_one_is_a_size(tmp_path, echo, pixdim, spacing, trusted):
    frame = read_image(written(tmp_path / "a.nii", nifti(axes_of(echo, 30, 20, 1), pixdim=(1, *pixdim, 1, 0, 0, 0, 0))))
    assert frame.spacing == pytest.approx(spacing)
    assert frame.spacing_trusted == trusted


@pytest.mark.parametrize(
    ("step", "units", "milliseconds"),
    [(0.025, 8, 25), (25, 16, 25), (25000, 24, 25), (0.025, 0, None), (1, 8, None), (0, 8, None), (np.nan, 8, None)],
)
def test_the_frame_time_is_told_where_unit_and_step_are(tmp_path, echo, step, units, milliseconds):
    values = np.stack([echo, echo // 2], axis=-1).swapaxes(0, 1)[:, :, np.newaxis]
    path = written(tmp_path / "a.nii", nifti(values, units=units | 2, pixdim=(1, 0.3, 0.2, 1.5, step, 0, 0, 0)))
    cine = read_image(path)
    assert isinstance(cine, EchoCine)
    assert cine.frame_time_ms == (None if milliseconds is None else pytest.approx(milliseconds))
    assert cine.geometry.spacing[3] == pytest.approx(1.0 if milliseconds is None else milliseconds / 1000)


@pytest.mark.parametrize("packed", [False, True])
def test_data_that_end_early_are_told(tmp_path, echo, packed):
    content = nifti(axes_of(echo, 30, 20))
    content = gzip.compress(content)[:-40] if packed else content[:-1]
    with pytest.raises(InputError, match=r"cut\.nii is incomplete"):
        read_image(written(tmp_path / "cut.nii", content))


@pytest.mark.parametrize("datatype", [0, 1, 32, 1536, 1792])
def test_data_that_are_no_gray_levels_are_named(tmp_path, echo, datatype):
    with pytest.raises(InputError, match=f"NIfTI type {datatype}"):
        read_image(written(tmp_path / "a.nii", nifti(axes_of(echo, 30, 20), datatype=datatype)))


def test_a_description_that_is_no_utf_8_costs_nothing(tmp_path, echo):
    path = written(
        tmp_path / "a.nii", nifti(axes_of(echo, 30, 20), descrip="synthetic=True; model=Müller".encode("latin-1"))
    )
    assert isinstance(read_image(path), EchoFrame)
    assert read_attributes(path)["synthetic"] == "True"


def test_what_simpleitk_writes_is_read_as_simpleitk_reads_it(tmp_path, echo):
    angle = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.0]])
    for number, (array, dimension) in enumerate([(echo, 2), (echo[None], 3), (np.stack([echo, echo]), 3)]):
        image = SimpleITK.GetImageFromArray(array)
        image.SetSpacing((0.3, 0.2, 1.5)[:dimension])
        image.SetOrigin((1, 2, 3)[:dimension])
        image.SetDirection(angle[:dimension, :dimension].ravel().tolist())
        path = tmp_path / f"{number}.nii.gz"
        SimpleITK.WriteImage(image, str(path))
        found: ItkImage = load_itk(path)
        assert np.array_equal(found.values.reshape(array.shape), array)
        assert found.geometry.origin == pytest.approx(image.GetOrigin())
        assert found.geometry.spacing == pytest.approx(image.GetSpacing())
        assert found.geometry.direction == pytest.approx(image.GetDirection())
