"""Any picture becomes 8-bit gray levels by one stated rule."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_sectors import drawn_sector, speckled
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import cine_to_gray8, to_gray8

SIDES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=12)
NUMBERS = st.sampled_from(
    [np.bool_, np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint64, np.float32, np.float64]
)
FINITE = NUMBERS.flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        SIDES,
        elements=hnp.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False),
    )
)


@given(FINITE)
def test_every_finite_image_becomes_8_bit_of_the_same_shape(image):
    gray = to_gray8(image)
    assert gray.dtype == np.uint8
    assert gray.shape == image.shape


@given(FINITE)
def test_a_brighter_pixel_never_becomes_darker(image):
    gray = to_gray8(image).ravel()
    assert (np.diff(gray[np.argsort(image.ravel(), kind="stable")].astype(int)) >= 0).all()


@given(hnp.arrays(np.uint8, SIDES))
def test_8_bit_levels_stay_as_they_are_in_every_type_that_holds_them(levels):
    for dtype in (np.uint8, np.uint16, np.int16, np.int64, np.float32):
        expected = levels if dtype != np.float32 or levels.max() > 1 else levels * 255
        assert np.array_equal(to_gray8(levels.astype(dtype)), expected)
    assert np.array_equal(to_gray8(levels / 255), levels)
    assert np.array_equal(to_gray8(np.repeat(levels[..., np.newaxis], 3, axis=-1)), levels)


def ramp(low, high, dtype):
    return np.linspace(low, high, 64).reshape(8, 8).astype(dtype)


def test_16_bit_that_uses_its_full_range_keeps_its_brightness():
    assert np.array_equal(to_gray8(np.full((8, 8), 65535, np.uint16)), np.full((8, 8), 255))
    assert to_gray8(ramp(20000, 40000, np.uint16)).min() == round(20000 / 65535 * 255)


def test_16_bit_that_does_not_use_its_full_range_is_stretched():
    gray = to_gray8(ramp(100, 4000, np.uint16))
    assert (gray.min(), gray.max()) == (0, 255)


def test_12_stored_bits_keep_their_brightness():
    assert to_gray8(ramp(1000, 3000, np.uint16), full_range=4095).max() == round(3000 / 4095 * 255)


def test_floats_beyond_255_or_below_0_are_stretched():
    gray = to_gray8(ramp(-60.0, 0.0, np.float32))
    assert (gray.min(), gray.max()) == (0, 255)


@pytest.mark.parametrize("top", [1.0, 255.0])
@pytest.mark.parametrize("order", [3, 5])
def test_the_overshoot_of_resampling_does_not_change_the_scale(top, order):
    """A float image resampled with splines goes beyond its range at the sector's edges and keeps its brightness."""
    image = speckled(drawn_sector((90, 100)), (90, 100)) / 255 * top
    finer = ndimage.zoom(image, 1.9, order=order)
    assert finer.min() < -0.05 * top
    expected = np.rint(finer / top * 255).clip(0, 255)
    assert np.array_equal(to_gray8(finer), expected)
    assert np.abs(to_gray8(finer[:, ::-1].astype(np.float32))[:, ::-1] - expected).max() <= 1
    if top == 255.0:
        assert np.array_equal(to_gray8(np.rint(finer).astype(np.int16)), expected)


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 5.53), (-60, 0), (0, 60), (-0.7, 4.2), (-1, 1), (0, 1.3), (0.1, 4095), (0, 65535), (-1024, 3071), (0.2, 99.7)],
    ids=["log", "dB", "positive dB", "z-score", "-1..1", "gained", "12 bit", "16 bit", "HU", "lower half of 8 bit"],
)
def test_a_float_scale_of_its_own_keeps_its_levels(low, high):
    image = speckled(drawn_sector((90, 100)), (90, 100)).astype(np.float32) / 255
    gray = to_gray8(low + image / image.max() * (high - low))
    assert (gray.min(), gray.max()) == (0, 255)
    assert len(np.unique(gray)) == len(np.unique(image))


@pytest.mark.parametrize("top", [180.5, 127.5, 255.4])
def test_fractions_in_the_upper_half_of_0_to_255_keep_their_brightness(top):
    assert to_gray8(ramp(0, top, np.float64)).max() == min(round(top), 255)


@pytest.mark.parametrize("top", [0.02, 0.45, 0.8])
def test_float_within_0_and_1_keeps_its_brightness(top):
    assert to_gray8(ramp(0, top, np.float64)).max() == round(top * 255)


def test_whole_numbers_stay_exact_after_float_arithmetic():
    levels = ramp(0, 9, np.float64).round()
    assert np.array_equal(to_gray8(levels + 1e-6), levels)


def test_a_uniform_image_does_not_become_noise_by_float_arithmetic():
    fuzzy = 100.3 + np.random.default_rng(0).normal(0, 1e-6, (8, 8))
    assert np.ptp(to_gray8(fuzzy)) == 0


def test_integers_within_0_and_255_are_never_stretched():
    assert to_gray8(ramp(0, 1, np.int64)).max() == 1


def test_half_floats_are_not_cut():
    assert to_gray8(ramp(-60000, 60000, np.float16)).max() == 255


@pytest.mark.parametrize(("value", "level"), [(0, 0), (7, 7), (1000, 255), (-5, 0), (0.5, 128), (True, 255)])
def test_a_uniform_image_is_allowed(value, level):
    assert np.array_equal(to_gray8(np.full((8, 8), value)), np.full((8, 8), level))


def test_color_becomes_luma():
    image = np.zeros((8, 8, 3), np.uint8)
    image[...] = (255, 0, 0)
    assert np.array_equal(to_gray8(image), np.full((8, 8), 76))


def test_what_is_transparent_is_black():
    image = np.full((8, 8, 4), 255, np.uint8)
    image[:4, :, 3] = 0
    assert to_gray8(image)[0, 0] == 0
    assert to_gray8(image)[7, 7] == 255


@pytest.mark.parametrize(("dtype", "top"), [(np.float32, 255), (np.float64, 1), (np.uint16, 65535), (np.int64, 255)])
@pytest.mark.parametrize("opaque", [1, 255])
def test_alpha_has_a_scale_of_its_own(dtype, top, opaque):
    image = np.full((8, 8, 4), top, dtype)
    image[..., 3] = opaque if dtype != np.uint16 or opaque == 1 else 65535
    image[:4, :, 3] = 0
    assert np.array_equal(np.unique(to_gray8(image)), [0, 255])


def test_an_image_transparent_all_over_is_refused():
    image = np.full((8, 8, 4), 200, np.uint8)
    image[..., 3] = 0
    with pytest.raises(InputError, match="alpha is 0 everywhere"):
        to_gray8(image)


def test_complex_numbers_are_refused_with_the_remedy():
    with pytest.raises(InputError, match="magnitude"):
        to_gray8(np.ones((8, 8), complex))


def test_the_frames_of_a_cine_share_one_scale():
    cine = np.stack([ramp(0, 1000, np.int32), ramp(0, 2000, np.int32)])
    gray = cine_to_gray8(cine)
    assert gray[0].max() == 128
    assert gray[1].max() == 255


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 1)),
        np.zeros((0, 8)),
        np.zeros(64),
        np.zeros((2, 8, 8, 8)),
        np.zeros((8, 8, 2)),
        np.full((8, 8), np.nan),
        np.full((8, 8), np.inf),
        np.zeros((8, 8), complex),
        np.full((8, 8), "a"),
    ],
    ids=["1x1", "empty", "1D", "4D", "2 channels", "NaN", "infinite", "complex", "text"],
)
def test_what_is_no_image_is_refused(array):
    with pytest.raises(InputError, match=r"given was|was given|NaN or infinite"):
        to_gray8(array)


def test_a_single_image_is_no_cine():
    with pytest.raises(InputError, match="cine is"):
        cine_to_gray8(np.zeros((8, 8)))
