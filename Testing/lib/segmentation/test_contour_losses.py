"""The equations that the contour model is trained on, on numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.segmentation.contour.active_contour import spline_matrix  # noqa: E402
from EchoSynthLib.segmentation.contour.losses import (  # noqa: E402
    consistency,
    distance_loss,
    distance_to_curve,
    expected_points,
    gaussian_maps,
    jensen_shannon,
    pixel_centers,
    spatial_log_softmax,
)

SHAPE = (40, 50)
CENTERS = pixel_centers(SHAPE)


def curve_samples(count: int) -> torch.Tensor:
    return torch.from_numpy(spline_matrix(7, np.linspace(0, 6, count))).float()


def delta(row: int, column: int) -> torch.Tensor:
    logits = torch.zeros(1, 1, *SHAPE)
    logits[0, 0, row, column] = 60.0
    return logits


def line(rows: tuple[float, float], columns: tuple[float, float], samples: int = 400) -> torch.Tensor:
    """A straight curve (1, samples, 2) as (column, row) fractions, from pixel coordinates."""
    along = torch.linspace(0, 1, samples)[:, None]
    ends = torch.tensor([list(columns), list(rows)]) + 0.5
    points = ends[:, 0] * (1 - along) + ends[:, 1] * along
    return (points / torch.tensor([SHAPE[1], SHAPE[0]]))[None]


def test_the_softmax_of_a_delta_is_its_pixels_center() -> None:
    point = expected_points(spatial_log_softmax(delta(12, 31)), CENTERS)[0, 0] * torch.tensor([SHAPE[1], SHAPE[0]])
    torch.testing.assert_close(point, torch.tensor([31.5, 12.5]), atol=1e-4, rtol=0)


def test_mass_between_two_pixels_lies_between_them() -> None:
    logits = torch.maximum(delta(12, 30), delta(12, 31))
    logits[0, 0, 12, 31] += math.log(3)
    point = expected_points(spatial_log_softmax(logits), CENTERS)[0, 0] * torch.tensor([SHAPE[1], SHAPE[0]])
    torch.testing.assert_close(point, torch.tensor([31.25, 12.5]), atol=1e-4, rtol=0)


def test_a_gaussian_map_has_its_mean_and_its_deviation() -> None:
    where, sigma = torch.tensor([[[0.52, 0.47]]]), torch.tensor([0.06, 0.08])
    log_q = gaussian_maps(where, CENTERS, sigma)
    torch.testing.assert_close(log_q.exp().sum(), torch.tensor(1.0))
    torch.testing.assert_close(expected_points(log_q, CENTERS), where, atol=1e-3, rtol=0)
    variance = (log_q.exp()[0, 0, :, None] * (CENTERS - where[0, 0]) ** 2).sum(dim=0)
    torch.testing.assert_close(variance.sqrt(), sigma, atol=2e-3, rtol=0)


def test_jensen_shannon_is_nothing_between_equals_and_ln_2_between_strangers() -> None:
    one, other = (spatial_log_softmax(delta(*place)) for place in ((5, 5), (30, 40)))
    same = gaussian_maps(torch.rand(2, 7, 2), CENTERS, torch.tensor([0.03, 0.03]))
    torch.testing.assert_close(jensen_shannon(same, same), torch.zeros(2, 7), atol=1e-6, rtol=0)
    torch.testing.assert_close(jensen_shannon(one, other), torch.full((1, 1), math.log(2)), atol=1e-4, rtol=0)
    torch.testing.assert_close(jensen_shannon(one, other), jensen_shannon(other, one))


def test_the_distance_map_is_zero_on_the_curve_and_grows_with_slope_1_until_it_is_cut_off() -> None:
    farthest = 12.0
    distance = distance_to_curve(line((10.0, 30.0), (25.0, 25.0)), SHAPE, farthest)[0].numpy() * farthest
    assert distance[10:31, 25].max() < 0.05
    np.testing.assert_allclose(distance[20, 25:38], np.arange(13), atol=0.05)
    np.testing.assert_allclose(distance[34, 28], 5.0, atol=0.05)  # beyond the end: 3, 4, 5
    assert distance.max() == pytest.approx(farthest)
    slope = np.hypot(*np.gradient(distance))[15:26, 28:35]
    np.testing.assert_allclose(slope, 1.0, atol=0.02)


def test_errors_near_the_curve_weigh_up_to_five_times_as_much() -> None:
    near = distance_loss(torch.full((1, 4, 4), 0.1), torch.zeros(1, 4, 4), farthest=10)
    far = distance_loss(torch.full((1, 4, 4), 0.9), torch.ones(1, 4, 4), farthest=1000)
    torch.testing.assert_close(near, torch.tensor(0.5))
    torch.testing.assert_close(far, torch.tensor(0.1))


def test_points_on_the_zero_of_the_map_are_consistent_and_are_drawn_there_from_beside_it() -> None:
    curve = line((8.0, 32.0), (25.0, 25.0), samples=200)
    distance = distance_to_curve(curve, SHAPE, 10.0)
    spline = curve_samples(50)
    on_it = curve[:, torch.linspace(0, 199, 7).round().long()]
    assert consistency(on_it, distance, spline) < 0.02
    beside = (on_it + torch.tensor([0.06, 0.0])).requires_grad_()
    loss = consistency(beside, distance, spline)
    torch.testing.assert_close(loss, torch.tensor(0.3), atol=0.02, rtol=0)  # 3 of 10 pixels
    loss.backward()
    assert bool((beside.grad[0, :, 0].sum() > 0).item())
    assert distance.grad is None


def test_the_spline_matrix_leaves_points_on_a_line_there_and_meets_its_ends() -> None:
    points = torch.stack([torch.linspace(0, 1, 7), torch.linspace(2, 5, 7)], dim=1)
    curve = curve_samples(13) @ points
    torch.testing.assert_close(curve[::2], points, atol=1e-5, rtol=0)
    torch.testing.assert_close(curve[:, 1], torch.linspace(2, 5, 13), atol=1e-5, rtol=0)
