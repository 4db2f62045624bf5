"""Any picture becomes 8-bit grey levels by one stated rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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


def test_the_overshoot_of_resampling_does_not_change_the_scale():
    assert to_gray8(ramp(-1e-4, 0.5, np.float64)).max() == 128


@pytest.mark.parametrize(("value", "level"), [(0, 0), (7, 7), (1000, 255), (-5, 0), (0.5, 128), (True, 255)])
def test_a_uniform_image_is_allowed(value, level):
    assert np.array_equal(to_gray8(np.full((8, 8), value)), np.full((8, 8), level))


def test_colour_becomes_luma():
    image = np.zeros((8, 8, 3), np.uint8)
    image[...] = (255, 0, 0)
    assert np.array_equal(to_gray8(image), np.full((8, 8), 76))


def test_what_is_transparent_is_black():
    image = np.full((8, 8, 4), 255, np.uint8)
    image[:4, :, 3] = 0
    assert to_gray8(image)[0, 0] == 0
    assert to_gray8(image)[7, 7] == 255


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
