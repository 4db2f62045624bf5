"""What registration is trained on: likeness of the pictures, smoothness of the field, overlap of labels (torch).

Pictures are (N, C, *grid), displacements (N, d, *grid) in pixels, in two or three dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW = 9
"""Side of the neighborhoods that are correlated (arXiv 2211.16342, Sec. 4)."""


def mean_squared_error(warped: Tensor, fixed: Tensor) -> Tensor:
    """Mean of (warped - fixed)^2: of pictures whose gray levels mean the same."""
    return F.mse_loss(warped, fixed)


def local_correlation_loss(warped: Tensor, fixed: Tensor, window: int = WINDOW, least: float = 1e-4) -> Tensor:
    """1 - mean of the squared correlation within windows: of pictures with another gain here than there.

    cc = cov(a, b)^2 / (var(a) var(b)), local sums by one box filter over all five products. Windows reach over the
    border with what lies inside.

    Args:
        warped, fixed: gray levels of about 0 to 1.
        window: its side in pixels, odd.
        least: variance that is added, so that nothing is made of a dark region's noise.
    """
    a, b = warped, fixed
    mean_a, mean_b, aa, bb, ab = _box(torch.cat([a, b, a * a, b * b, a * b], dim=1), window).chunk(5, dim=1)
    variance_a, variance_b = (aa - mean_a**2).clamp(min=0), (bb - mean_b**2).clamp(min=0)
    covariance = ab - mean_a * mean_b
    return 1 - (covariance**2 / ((variance_a + least) * (variance_b + least))).mean()


def roughness(displacement: Tensor) -> Tensor:
    """Mean over the axes of the mean squared forward difference, in pixels per pixel."""
    axes = range(2, displacement.ndim)
    return sum(displacement.diff(dim=axis).square().mean() for axis in axes) / len(axes)  # type: ignore[return-value]


def overlap_loss(warped: Tensor, fixed: Tensor) -> Tensor:
    """1 - mean soft Dice of structures (N, structures, *grid) with memberships in [0, 1]; what neither shows is 0."""
    axes = tuple(range(2, fixed.ndim))
    shared, both = (warped * fixed).sum(axes), (warped + fixed).sum(axes)
    return (1 - (2 * shared + 1) / (both + 1)).mean()


def folding(displacement: Tensor) -> Tensor:
    """Mean of max(0, -det J), J of x + u(x) by forward differences; 0 where nothing folds."""
    dimensions = displacement.ndim - 2
    inner = (slice(None), slice(None), *[slice(None, -1)] * dimensions)
    columns = []
    for axis in range(dimensions):
        short = list(inner)
        short[2 + axis] = slice(None)
        columns.append(displacement[tuple(short)].diff(dim=2 + axis))
    # J[i, j] = d (x_i + u_i) / d x_j
    J = [[columns[j][:, i] + float(i == j) for j in range(dimensions)] for i in range(dimensions)]
    if dimensions == 2:
        determinant = J[0][0] * J[1][1] - J[0][1] * J[1][0]
    else:
        determinant = (
            J[0][0] * (J[1][1] * J[2][2] - J[1][2] * J[2][1])
            - J[0][1] * (J[1][0] * J[2][2] - J[1][2] * J[2][0])
            + J[0][2] * (J[1][0] * J[2][1] - J[1][1] * J[2][0])
        )
    return F.relu(-determinant).mean()


def _box(x: Tensor, window: int) -> Tensor:
    """Mean of each window, of what of it lies inside; separable, as box filters are."""
    pool, dimensions = (F.avg_pool2d, F.avg_pool3d)[x.ndim - 4], x.ndim - 2
    for axis in range(dimensions):
        size, padding = [1] * dimensions, [0] * dimensions
        size[axis], padding[axis] = window, window // 2
        x = pool(x, size, 1, padding, count_include_pad=False)
    return x
