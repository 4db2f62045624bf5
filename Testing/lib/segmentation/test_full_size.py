"""Structures at the image's own size: the softmax of the whole image, worked out only where structures can be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.images.grid import from_grid, to_grid
from EchoSynthLib.segmentation.full_size import structures_of
from EchoSynthLib.segmentation.postprocessing import clean
from EchoSynthLib.segmentation.results import SegmentationResult

VIEWS = {"2CH": 0.2, "4CH": 0.8}


def test_a_model_without_logits_gives_a_label_map_and_its_confidence() -> None:
    label_map = np.zeros((20, 30), np.uint8)
    label_map[5:9, 5:9] = 2
    confidence = np.where(label_map, 0.75, 0.5).astype(np.float32)
    found = SegmentationResult.of(label_map, confidence)
    np.testing.assert_array_equal(found.confidence, confidence)
    assert found.mean_confidence == 0.75
    assert found.view_probabilities == {"2CH": 0.5, "4CH": 0.5}
    assert SegmentationResult.of(label_map, confidence, VIEWS).view_probabilities == VIEWS


def logits_of_a_heart(noise: float = 0.5) -> np.ndarray:
    """(4, 160, 160) as a network gives them: high where a structure is, with smooth edges and some noise."""
    heart = parametric_heart("4CH", shape=(320, 320)).label_map
    planes = [to_grid((heart == code).astype(np.float32), (160, 160)) for code in range(4)]
    random = np.random.default_rng(0).normal(0, noise, (4, 160, 160))
    return (np.stack(planes) * 8 - 4 + random).astype(np.float32)


@pytest.mark.parametrize("shape", [(490, 590), (160, 160), (97, 143), (300, 80)])
def test_the_box_gives_what_the_whole_image_gives(shape: tuple[int, int]) -> None:
    logits = logits_of_a_heart()
    found = structures_of(logits, shape, VIEWS)
    probabilities = special.softmax(from_grid(logits, shape), axis=0)
    cleaned = clean(probabilities.argmax(axis=0).astype(np.uint8))
    # Where two codes are equally likely, rounding decides.
    assert (found.label_map != cleaned).mean() < 1e-4
    expected = np.take_along_axis(probabilities, found.label_map[None].astype(np.intp), axis=0)[0]
    assert found.box is not None
    np.testing.assert_allclose(found.confidence[found.box], expected[found.box], atol=1e-4)
    assert found.mean_confidence == pytest.approx(float(expected[found.label_map > 0].mean()), abs=1e-4)


def test_beside_the_structures_confidence_is_the_background_s() -> None:
    logits = np.zeros((4, 160, 160), np.float32)
    logits[0] = 3
    logits[1, 70:90, 70:90] = 9
    found = structures_of(logits, (320, 320), VIEWS)
    assert found.confidence[0, 0] == pytest.approx(np.exp(3) / (np.exp(3) + 3), abs=1e-5)


def test_a_pixel_that_was_cleaned_has_the_confidence_of_what_it_shows_now() -> None:
    logits = np.zeros((4, 160, 160), np.float32)
    logits[0] = 4
    logits[1, 40:90, 40:90] = 8
    logits[1, 120:124, 120:124] = 6  # a crumb, removed
    found = structures_of(logits, (160, 160), VIEWS)
    assert found.label_map[121, 121] == 0
    assert found.confidence[121, 121] == pytest.approx(np.exp(4) / (np.exp(6) + np.exp(4) + 2), abs=1e-5)


def test_where_nothing_is_likelier_than_the_background_there_is_no_structure() -> None:
    logits = np.zeros((4, 160, 160), np.float32)
    logits[0] = 5
    found = structures_of(logits, (50, 60), VIEWS)
    assert not found.label_map.any()
    assert found.mean_confidence == 0
    assert found.confidence.shape == (50, 60)


def test_logits_that_no_exponential_holds_are_certain() -> None:
    logits = np.full((4, 160, 160), -1e6, np.float32)
    logits[0] = 0
    logits[1, 40:90, 40:90] = 1e6
    found = structures_of(logits, (160, 160), VIEWS)
    assert found.mean_confidence == 1
    assert np.isfinite(found.confidence).all()
