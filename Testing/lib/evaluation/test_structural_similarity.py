"""SSIM: by hand where it can be told, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.structural_similarity import structural_similarity

NOISE = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)


def test_an_image_is_as_similar_to_itself_as_can_be_and_less_to_what_is_less_alike() -> None:
    assert structural_similarity(NOISE, NOISE) == pytest.approx(1)
    nearly = np.clip(NOISE.astype(int) + 10, 0, 255).astype(np.uint8)
    assert 0.9 < structural_similarity(NOISE, nearly) < 1
    assert structural_similarity(NOISE, 255 - NOISE) < 0
    assert abs(structural_similarity(NOISE, NOISE[::-1])) < 0.1


def test_of_two_even_images_the_means_alone_count() -> None:
    one, two = np.full((20, 20), 50.0), np.full((20, 20), 100.0)
    c1 = 2.55**2
    assert structural_similarity(one, two) == pytest.approx((2 * 50 * 100 + c1) / (50**2 + 100**2 + c1))


def test_what_lies_outside_a_region_does_not_count() -> None:
    other = NOISE.copy()
    other[:, :20] = 0
    inside = np.zeros(NOISE.shape, bool)
    inside[:, 30:] = True
    assert structural_similarity(NOISE, other, inside) == pytest.approx(1)
    assert structural_similarity(NOISE, other) < 0.7


def test_images_of_two_shapes_and_an_empty_region_are_refused() -> None:
    with pytest.raises(InputError, match=r"given were \(40, 50\) and \(39, 50\)"):
        structural_similarity(NOISE, NOISE[1:])
    with pytest.raises(InputError, match="is empty"):
        structural_similarity(NOISE, NOISE, np.zeros(NOISE.shape, bool))
