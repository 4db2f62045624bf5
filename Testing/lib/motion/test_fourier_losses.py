"""What registration is trained on, held to numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.anatomy.deformation import folding_share  # noqa: E402
from EchoSynthLib.motion.fourier.losses import (  # noqa: E402
    folding,
    local_correlation_loss,
    mean_squared_error,
    overlap_loss,
    roughness,
)

GRIDS = [(24, 30), (10, 12, 14)]


def picture(grid: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 1, *grid, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def affine(grid: tuple[int, ...], matrix: np.ndarray) -> torch.Tensor:
    """u(x) = A x on the grid, (1, d, *grid)."""
    places = np.indices(grid).astype(float)
    return torch.as_tensor(np.tensordot(matrix, places, axes=1))[None]


@pytest.mark.parametrize("grid", GRIDS)
def test_local_correlation_does_not_see_gain_and_offset_and_the_squared_error_does(grid: tuple[int, ...]) -> None:
    one = picture(grid)
    other = 0.3 + 0.5 * one
    assert float(local_correlation_loss(one, other, least=1e-9)) == pytest.approx(0, abs=1e-6)
    assert float(mean_squared_error(one, other)) > 0.01
    assert float(local_correlation_loss(one, picture(grid, 1))) > 0.5


def test_local_correlation_is_that_of_each_window() -> None:
    """In the middle of a picture just as large as the window: the square of Pearson's r."""
    a, b = picture((9, 9)), picture((9, 9), 1)
    r = np.corrcoef(a.numpy().ravel(), b.numpy().ravel())[0, 1]
    whole = local_correlation_loss(a, b, window=17, least=0.0)
    assert float(whole) == pytest.approx(1 - r**2, abs=1e-9)


@pytest.mark.parametrize("grid", GRIDS)
def test_roughness_is_the_mean_squared_slope(grid: tuple[int, ...]) -> None:
    matrix = np.zeros((len(grid), len(grid)))
    matrix[0, -1] = 0.3
    # One of d components has one slope of d, so 0.3^2 is shared by d * d.
    assert float(roughness(affine(grid, matrix))) == pytest.approx(0.09 / len(grid) ** 2)
    assert float(roughness(torch.ones(1, len(grid), *grid))) == 0


@pytest.mark.parametrize("grid", GRIDS)
def test_folding_is_how_far_the_determinant_is_below_zero(grid: tuple[int, ...]) -> None:
    mirrored = np.zeros((len(grid), len(grid)))
    mirrored[0, 0] = -1.5
    u = affine(grid, mirrored)
    assert folding_share(u[0].numpy()) == 1
    assert float(folding(u)) == pytest.approx(0.5)
    turned = np.zeros((len(grid), len(grid)))
    turned[0, 1], turned[1, 0] = 0.8, -0.8
    assert float(folding(affine(grid, turned))) == 0


def test_overlap_is_one_minus_dice_and_a_structure_that_neither_shows_costs_nothing() -> None:
    warped, fixed = torch.zeros(1, 2, 20, 20), torch.zeros(1, 2, 20, 20)
    warped[:, 0, :10], fixed[:, 0, 5:15] = 1, 1
    dice = (2 * 100 + 1) / (400 + 1)
    assert float(overlap_loss(warped, fixed)) == pytest.approx((1 - dice) / 2)
