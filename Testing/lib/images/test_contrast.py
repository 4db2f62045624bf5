"""An image without contrast is told from a dark one, whatever lies on it."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_sectors import drawn_sector, speckled
from PIL import Image, ImageDraw

from EchoSynthLib.images.contrast import has_contrast

SHAPES = [(112, 112), (224, 224), (490, 590), (768, 1024)]


def uniform(shape, level=0):
    return np.full(shape, level, np.uint8)


@pytest.mark.parametrize("shape", [*SHAPES, (8, 8), (33, 65)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_uniform_image_has_no_contrast(shape, level):
    assert not has_contrast(uniform(shape, level))


@pytest.mark.parametrize("shape", SHAPES)
def test_hot_pixels_are_no_contrast(shape):
    image = uniform(shape)
    image.flat[:: image.size // 40] = 255
    assert not has_contrast(image)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_little_noise_is_no_contrast(shape):
    noise = np.random.default_rng(0).normal(60, 4, shape)
    assert not has_contrast(np.rint(noise).astype(np.uint8))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_line_of_text_is_no_contrast(shape):
    picture = Image.fromarray(uniform(shape))
    ImageDraw.Draw(picture).text((2, 2), "TIS0.8  MI 1.3  FR 54Hz  16 cm", fill=255, font_size=12)
    assert not has_contrast(np.asarray(picture))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gain", [1.0, 0.2, 0.1])
def test_a_dark_sector_has_contrast(shape, gain):
    image = speckled(drawn_sector(shape), shape)
    assert has_contrast((image * gain).astype(np.uint8))


def test_the_smallest_image_may_have_contrast():
    assert has_contrast(np.arange(64, dtype=np.uint8).reshape(8, 8))
