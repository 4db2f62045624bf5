"""From heatmaps and a distance map to points and curve, with maps drawn by hand instead of a network."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree

from EchoSynthLib.anatomy import random_heart
from EchoSynthLib.anatomy.heart2d.endocardium import endocardium_of_mask, resample
from EchoSynthLib.errors import InputError
from EchoSynthLib.segmentation.contour.active_contour import (
    BETWEEN,
    curve_of,
    mean_distance,
    nodes_through,
    refine,
)
from EchoSynthLib.segmentation.contour.pipeline import ContourPipeline, landmark_statistics
from EchoSynthLib.segmentation.results import ContourResult

quickly = settings(max_examples=12, deadline=None)
MAP = (80, 80)
CONFIG = {"grid": [160, 160], "farthest": 10.0, "sigma": 1.0}


class Drawn:
    """A network that always answers with the same maps."""

    def __init__(self, points: np.ndarray, curve: np.ndarray, sigma: float = math.sqrt(2)) -> None:
        rows, columns = np.indices(MAP)
        away = [(rows - r) ** 2 + (columns - c) ** 2 for r, c in points]
        self.logits = -0.5 * np.stack(away).astype(np.float32) / sigma**2
        self.distance = distance_map(curve) / np.float32(10)

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        assert arrays[0].shape == (1, 1, 160, 160)
        return [self.logits[None], self.distance[None]]


def distance_map(curve: np.ndarray) -> np.ndarray:
    """(80, 80), in pixels, cut off at 10."""
    places = np.indices(MAP).reshape(2, -1).T
    away = KDTree(resample(curve, 600)).query(places)[0].reshape(MAP)
    return np.minimum(away, 10).astype(np.float32)


def drawn_heart(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Points and curve of a random heart in pixels of the map."""
    heart = random_heart(seed, "4CH")
    found = endocardium_of_mask(heart.label_map, heart.spacing)
    scale = np.array(MAP) / heart.label_map.shape
    return (found.points + 0.5) * scale - 0.5, (found.curve + 0.5) * scale - 0.5


def pixel_size(seed: int = 1) -> np.ndarray:
    """(row, column) size of a pixel of the map that shows this heart, in mm."""
    heart = random_heart(seed, "4CH")
    return np.array(heart.spacing) * heart.label_map.shape / MAP


def apart(curve: np.ndarray, other: np.ndarray) -> float:
    """Mean distance from the points of one curve to the other."""
    return float(KDTree(resample(other, 2000)).query(curve)[0].mean())


def test_the_mean_of_a_delta_is_its_pixel_and_its_doubt_nothing() -> None:
    logits = np.zeros((1, 30, 40), np.float32)
    logits[0, 11, 25] = 60
    mean, deviation, entropy = landmark_statistics(logits)
    np.testing.assert_allclose(mean, [[11, 25]], atol=1e-4)
    assert deviation.max() < 1e-2
    assert entropy[0] == pytest.approx(0, abs=1e-6)


def test_deviation_and_entropy_are_those_of_a_gaussian_and_largest_where_nothing_is_known() -> None:
    rows, columns = np.indices(MAP)
    logits = -0.5 * (((rows - 40.3) / 2) ** 2 + ((columns - 30.6) / 5) ** 2)
    mean, deviation, entropy = landmark_statistics(np.stack([logits, np.zeros(MAP)]))
    np.testing.assert_allclose(mean[0], (40.3, 30.6), atol=1e-3)
    np.testing.assert_allclose(deviation[0], (2, 5), rtol=1e-3)
    assert entropy[0] == pytest.approx(math.log(2 * math.pi * math.e * 2 * 5), abs=1e-3)
    assert entropy[1] == pytest.approx(math.log(80 * 80))


@quickly
@given(st.integers(0, 500), st.floats(0.0, 2.5))
def test_refinement_never_raises_the_mean_distance_and_keeps_the_basal_points(seed, noise) -> None:
    points, curve = drawn_heart(seed)
    off = points + np.random.default_rng(seed).normal(0, noise, points.shape)
    distance = distance_map(curve)
    nodes = refine(off, distance)
    assert mean_distance(nodes, distance) <= mean_distance(nodes_through(off), distance)
    np.testing.assert_allclose(nodes[[0, -1]], off[[0, -1]])


def test_refinement_on_a_map_of_noise_is_never_worse_either() -> None:
    points, _ = drawn_heart()
    for seed in range(5):
        noise = np.random.default_rng(seed).random(MAP) * 10
        assert mean_distance(refine(points, noise), noise) <= mean_distance(nodes_through(points), noise)


@pytest.mark.parametrize("seed", range(3))
def test_refinement_brings_the_curve_nearer_to_the_true_one(seed) -> None:
    points, curve = drawn_heart(seed)
    off = points.copy()
    off[1:-1] += np.random.default_rng(seed).normal(0, 1.2, (5, 2))
    before, after = (curve_of(nodes) for nodes in (nodes_through(off), refine(off, distance_map(curve))))
    assert apart(after, curve) < 0.5 * apart(before, curve)


@pytest.mark.parametrize("shape", [(160, 160), (389, 549), (300, 200)])
@pytest.mark.parametrize("heads", ["both", "points"])
def test_points_and_curve_lie_where_the_maps_show_them_whatever_the_frame(shape, heads) -> None:
    points, curve = drawn_heart()
    scale = np.array(shape) / MAP
    spacing = tuple(pixel_size() / scale)
    found = ContourPipeline(Drawn(points, curve), CONFIG)(np.zeros(shape, np.uint8), spacing, heads=heads)
    np.testing.assert_allclose((found.points + 0.5) / scale - 0.5, points, atol=1.0 if heads == "both" else 0.01)
    np.testing.assert_allclose(found.curve[[0, -1]], found.points[[0, -1]])
    assert found.curve.shape == (100, 2)
    assert apart((found.curve + 0.5) / scale - 0.5, curve) < (0.15 if heads == "both" else 0.8)
    np.testing.assert_allclose(found.deviation, np.ones((7, 2)) * scale, rtol=0.02)
    np.testing.assert_allclose(found.spread, np.hypot(*scale), rtol=0.02)


def test_the_distance_map_comes_back_in_pixels_and_is_low_along_the_curve() -> None:
    points, curve = drawn_heart()
    found = ContourPipeline(Drawn(points, curve), CONFIG)(np.zeros((160, 160), np.uint8))
    np.testing.assert_allclose(found.distance_map, distance_map(curve), atol=1e-4)
    assert found.mean_distance < 0.15


@pytest.mark.parametrize("spacing", [None, (1.0, 0.4), (0.3, 0.6)])
def test_the_curves_samples_lie_evenly_in_millimeters(spacing) -> None:
    points, curve = drawn_heart()
    found = ContourPipeline(Drawn(points, curve), CONFIG)(np.zeros((160, 160), np.uint8), spacing)
    steps = np.linalg.norm(np.diff(found.curve, axis=0) * (spacing or (1, 1)), axis=1)
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.1)


def test_the_record_tells_the_spread_in_millimeters_where_it_can() -> None:
    points, curve = drawn_heart()
    found = ContourPipeline(Drawn(points, curve, sigma=math.sqrt(5)), CONFIG)(np.zeros((160, 80), np.uint8))
    one = found.summary((0.5, 1.0))["landmarks"][3]
    assert one["name"] == "apex"
    assert one["spread_px"] == pytest.approx(math.hypot(4, 2), rel=0.02)
    assert one["spread_mm"] == pytest.approx(math.hypot(2, 2), rel=0.02)
    assert found.summary(None)["landmarks"][3]["spread_mm"] is None


def test_a_label_map_gives_the_same_kind_of_answer_without_doubts() -> None:
    heart = random_heart(3, "2CH")
    found = ContourResult.of_mask(heart.label_map, heart.spacing)
    np.testing.assert_array_equal(found.points, endocardium_of_mask(heart.label_map, heart.spacing).points)
    assert found.summary(heart.spacing)["landmarks"][0]["spread_mm"] is None
    assert found.summary(heart.spacing)["mean_distance"] is None


def test_heads_that_there_are_not_are_refused() -> None:
    points, curve = drawn_heart()
    with pytest.raises(InputError, match="both, points"):
        ContourPipeline(Drawn(points, curve), CONFIG)(np.zeros((160, 160), np.uint8), heads="third")


def test_the_curve_goes_through_its_nodes_and_every_second_is_a_landmark_at_first() -> None:
    points, _ = drawn_heart()
    nodes = nodes_through(points)
    np.testing.assert_allclose(nodes[:: BETWEEN + 1], points, atol=1e-9)
    np.testing.assert_allclose(curve_of(nodes)[::50], nodes, atol=1e-9)


def test_landmarks_that_are_on_the_endocardium_already_do_not_slide_along_it() -> None:
    points, curve = drawn_heart()
    found = ContourPipeline(Drawn(points, curve), CONFIG)(np.zeros(MAP, np.uint8), tuple(pixel_size()))
    assert np.linalg.norm(found.points - points, axis=1).max() < 0.8
    assert apart(found.points, found.curve) < 0.1
