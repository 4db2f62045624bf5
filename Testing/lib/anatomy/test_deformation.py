from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.anatomy.deformation import (
    compose,
    exponential,
    folding_share,
    inverse,
    jacobian_determinant,
    warp,
    warp_labels,
)
from EchoSynthLib.errors import InputError

PLANE, BLOCK = (56, 64), (22, 24, 26)
quickly = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 2**32)
grids = st.sampled_from([PLANE, BLOCK])


def smooth(shape: tuple[int, ...], seed: int, largest: float = 0.04) -> np.ndarray:
    """A smooth field that is still at the border; its components reach `largest` of the shortest side."""
    noise = np.random.default_rng(seed).normal(size=(len(shape), *shape))
    field = np.stack([ndimage.gaussian_filter(part, min(shape) / 7) for part in noise])
    for axis, size in enumerate(shape):
        window = np.sin(np.pi * np.arange(size) / (size - 1))
        field *= np.expand_dims(window, [other for other in range(len(shape)) if other != axis])
    return largest * min(shape) * field / np.abs(field).max()


def affine(matrix: np.ndarray, shape: tuple[int, ...], shift: np.ndarray | float = 0.0) -> np.ndarray:
    """The displacement of x -> A x + b."""
    places = np.indices(shape, dtype=np.float64)
    moved = np.tensordot(matrix, places, axes=1)
    return moved + np.reshape(shift * np.ones(len(shape)), (-1, *[1] * len(shape))) - places


def constant(shift: tuple[float, ...], shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.reshape(shift, (-1, *[1] * len(shape))), (len(shape), *shape)).astype(np.float64)


@quickly
@given(seeds, grids)
def test_a_flow_and_its_reverse_come_back_to_where_they_began(seed, shape) -> None:
    velocity = smooth(shape, seed)
    there, back = exponential(velocity), exponential(-velocity)
    assert np.abs(there).max() > 0.6
    assert np.abs(compose(there, back)).max() < 0.1
    assert np.abs(compose(back, there)).max() < 0.1


@quickly
@given(seeds, grids)
def test_a_smooth_flow_never_folds(seed, shape) -> None:
    displacement = exponential(smooth(shape, seed, largest=0.08))
    assert jacobian_determinant(displacement).min() > 0
    assert folding_share(displacement) == 0


@quickly
@given(seeds, grids)
def test_twice_the_velocity_is_the_flow_after_itself(seed, shape) -> None:
    velocity = smooth(shape, seed, largest=0.03)
    once = exponential(velocity)
    np.testing.assert_allclose(exponential(2 * velocity), compose(once, once), atol=0.05)


def test_the_flow_of_a_linear_velocity_is_the_matrix_exponential() -> None:
    """v = s (x - middle) widens by e^s."""
    middle = (np.array(PLANE) - 1) / 2
    velocity = 0.1 * (np.indices(PLANE) - middle[:, None, None])
    displacement = exponential(velocity)
    center = (slice(None), slice(20, 36), slice(24, 40))
    expected = (np.exp(0.1) - 1) * (np.indices(PLANE) - middle[:, None, None])
    np.testing.assert_allclose(displacement[center], expected[center], atol=5e-3)
    np.testing.assert_allclose(jacobian_determinant(displacement)[22:34, 26:38], np.exp(0.2), rtol=2e-3)


def test_no_velocity_is_no_displacement_and_a_constant_one_is_itself() -> None:
    assert not exponential(np.zeros((2, *PLANE))).any()
    np.testing.assert_allclose(exponential(constant((3.0, -1.5), PLANE)), constant((3.0, -1.5), PLANE))


@quickly
@given(st.lists(st.floats(-0.4, 0.4), min_size=9, max_size=9), st.floats(-5, 5), st.sampled_from([(5, 7), (4, 5, 6)]))
def test_the_jacobian_of_an_affine_map_is_its_determinant_everywhere(entries, shift, shape) -> None:
    d = len(shape)
    matrix = np.eye(d) + np.array(entries[: d * d]).reshape(d, d)
    found = jacobian_determinant(affine(matrix, shape, shift))
    np.testing.assert_allclose(found, np.linalg.det(matrix), atol=1e-10)


def test_a_mirrored_plane_folds_everywhere() -> None:
    mirrored = affine(np.diag([1.0, -1.0]), PLANE)
    assert folding_share(mirrored) == 1
    np.testing.assert_allclose(jacobian_determinant(mirrored), -1)


@quickly
@given(seeds, st.tuples(st.floats(-3, 3), st.floats(-3, 3)))
def test_a_translation_after_a_displacement_shifts_where_it_is_read(seed, shift) -> None:
    field, moved = smooth(PLANE, seed), constant(shift, PLANE)
    np.testing.assert_allclose(compose(moved, field), field + moved)
    expected = moved + np.stack(
        [ndimage.shift(part, (-shift[0], -shift[1]), order=1, mode="nearest") for part in field]
    )
    np.testing.assert_allclose(compose(field, moved), expected, atol=1e-12)


@pytest.mark.parametrize("shape", [PLANE, BLOCK])
def test_translations_add_up_and_have_their_negatives_as_inverses(shape) -> None:
    one, two = (constant(tuple(rng.uniform(-2, 2, len(shape))), shape) for rng in map(np.random.default_rng, (1, 2)))
    np.testing.assert_allclose(compose(one, two), one + two)
    np.testing.assert_allclose(inverse(one), -one)


@quickly
@given(seeds, grids)
def test_an_inverse_leads_back(seed, shape) -> None:
    displacement = smooth(shape, seed)
    back = inverse(displacement)
    assert np.abs(compose(displacement, back)).max() <= 1e-3
    assert np.abs(compose(back, displacement)).max() < 0.1


@quickly
@given(seeds)
def test_the_inverse_of_a_flow_is_the_flow_back(seed) -> None:
    velocity = smooth(PLANE, seed)
    np.testing.assert_allclose(inverse(exponential(velocity)), exponential(-velocity), atol=0.05)


def test_what_folds_has_no_inverse() -> None:
    folding = np.zeros((2, *PLANE))
    folding[0] = 6 * np.sin(np.arange(PLANE[0]) / 2)[:, None]
    with pytest.raises(InputError, match=r"No inverse.*misses by.*folds \(\d+ %"):
        inverse(folding)


def test_what_lies_at_x_in_the_fixed_image_lies_at_x_plus_u_in_the_moving_one() -> None:
    moving = np.zeros((9, 9))
    moving[5, 2] = 1
    warped = warp(moving, constant((2.0, -1.0), (9, 9)))
    assert list(np.argwhere(warped)[0]) == [3, 3]
    assert warp_labels(moving.astype(np.uint8), constant((2.0, -1.0), (9, 9)))[3, 3] == 1
    cubic = warp(moving, constant((2.0, -1.0), (9, 9)), order=3)
    np.testing.assert_allclose(cubic, warped, atol=1e-12)


def test_half_a_pixel_is_the_mean_of_two_neighbors() -> None:
    ramp = np.arange(40.0).reshape(5, 8)
    np.testing.assert_allclose(warp(ramp, constant((0.0, 0.5), (5, 8)))[:, :-1], ramp[:, :-1] + 0.5)


@quickly
@given(seeds, st.sampled_from([0, 1, 3]))
def test_to_warp_twice_is_to_warp_with_the_composition(seed, order) -> None:
    rows, columns = np.indices(PLANE)
    image = np.sin(rows / 9) + np.cos(columns / 11)
    first, then = smooth(PLANE, seed), smooth(PLANE, seed + 1)
    if order == 0:
        labels = (image > 0).astype(np.uint8)
        twice, once = warp_labels(warp_labels(labels, first), then), warp_labels(labels, compose(first, then))
        assert (twice != once).mean() < 0.05
    else:
        twice, once = (
            warp(warp(image, first, order=order), then, order=order),
            warp(image, compose(first, then), order=order),
        )
        np.testing.assert_allclose(twice, once, atol=0.02)


def test_a_small_volume_change_is_that_of_the_warped_mask() -> None:
    """The fixed image holds 1 / det of what the moving one holds."""
    middle = (np.array((64, 64)) - 1) / 2
    disc = np.hypot(*(np.indices((64, 64)) - middle[:, None, None])) < 16
    wider = affine(1.25 * np.eye(2), (64, 64), -0.25 * middle)
    warped = warp_labels(disc, wider)
    assert warped.dtype == bool
    assert warped.sum() * jacobian_determinant(wider)[0, 0] == pytest.approx(disc.sum(), rel=0.03)


def test_the_type_of_an_image_is_kept_and_whole_numbers_are_rounded_within_their_range() -> None:
    step = np.zeros((6, 12), np.uint8)
    step[:, 6:] = 255
    warped = warp(step, constant((0.0, 0.4), (6, 12)), order=3, outside=None)
    assert warped.dtype == np.uint8
    assert warped[:, :5].max() < 10
    assert warped[:, 6:].min() > 245
    assert warp(step, constant((0.0, 0.4), (6, 12)))[0, 5] == 102
    assert warp(step.astype(np.float32), np.zeros((2, 6, 12))).dtype == np.float32


def test_beyond_the_moving_image_is_what_was_asked_for() -> None:
    image, far = np.full((8, 8), 7.0), constant((20.0, 0.0), (8, 8))
    assert not warp(image, far).any()
    assert (warp(image, far, outside=-1) == -1).all()
    assert (warp(image, far, outside=None) == 7).all()
    assert not warp_labels(image.astype(np.uint8), far).any()
    assert (warp_labels(image.astype(np.uint8), far, outside=3) == 3).all()


def test_the_moving_image_may_have_another_grid() -> None:
    large = np.arange(400.0).reshape(20, 20)
    np.testing.assert_allclose(warp(large, constant((4.0, 6.0), (5, 5))), large[4:9, 6:11])


@pytest.mark.parametrize("made", [exponential, inverse, jacobian_determinant, lambda u: compose(u, u)])
def test_float32_fields_stay_float32(made) -> None:
    assert made(smooth(PLANE, 0).astype(np.float32)).dtype == np.float32
    assert made(smooth(PLANE, 0)).dtype == np.float64


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (np.zeros((3, 8, 8)), r"\(2, rows, columns\).*\(3, 8, 8\)"),
        (np.zeros((8, 8)), "shape"),
        (np.zeros((2, 0, 8)), "shape"),
        (np.full((2, 8, 8), np.nan), "finite"),
        (np.zeros((2, 8, 8), complex), "complex"),
    ],
)
def test_what_is_no_field_is_refused(wrong, complaint) -> None:
    for use in (exponential, inverse, jacobian_determinant, lambda u: warp(np.zeros((8, 8)), u)):
        with pytest.raises(InputError, match=complaint):
            use(wrong)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(InputError, match="one grid"):
        compose(np.zeros((2, 8, 8)), np.zeros((2, 8, 9)))
    with pytest.raises(InputError, match="one frame at a time"):
        warp(np.zeros((5, 8, 8)), np.zeros((2, 8, 8)))
    with pytest.raises(InputError, match="warp_labels"):
        warp(np.zeros((8, 8), bool), np.zeros((2, 8, 8)))
    with pytest.raises(InputError, match="two pixels"):
        jacobian_determinant(np.zeros((2, 8, 1)))
    with pytest.raises(InputError, match="whole number"):
        exponential(np.zeros((2, 8, 8)), squarings=-1)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64, np.uint64])
def test_every_type_of_number_comes_back_from_no_displacement_as_it_was(kind) -> None:
    image = np.arange(20, dtype=kind).reshape(4, 5)
    warped = warp(image, np.zeros((2, 4, 5)))
    assert warped.dtype == kind
    np.testing.assert_array_equal(warped, image)


@pytest.mark.parametrize("largest", [np.int64(2**63 - 1), np.uint64(2**64 - 1)])
def test_whole_numbers_that_no_mixture_is_exact_for_are_refused(largest) -> None:
    with pytest.raises(InputError, match=r"beyond 2\^53"):
        warp(np.full((4, 5), largest), np.zeros((2, 4, 5)))


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda u: exponential(np.full_like(u, 1e300)), "in pixels"),
        (lambda u: exponential(u, squarings=2000), "squarings is a whole number from 0 to 60; given was 2000"),
        (lambda u: warp(u[0], u, order=6), "order of a spline is a whole number from 0 to 5; given was 6"),
        (lambda u: warp_labels(u[0].astype(np.uint8), u, outside=300), "whole number from 0 to 255; given was 300"),
        (lambda u: inverse(u, iterations=0), "iterations is a whole number from 1 .*given was 0"),
    ],
)
def test_numbers_that_there_are_not_are_refused_in_words(call, complaint) -> None:
    with pytest.raises(InputError, match=complaint):
        call(np.zeros((2, 4, 5)))
