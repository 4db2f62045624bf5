"""What the contour model is trained on (torch).

Points are (column, row) fractions of the frame, as `grid_sample` orders them; heatmaps and distance maps have one pixel
for each cell of a grid over the frame.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def pixel_centers(shape: tuple[int, int]) -> Tensor:
    """(H * W, 2) (column, row) fractions of the frame at the centers of its grid's pixels."""
    rows, columns = ((torch.arange(side) + 0.5) / side for side in shape)
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1).reshape(-1, 2)


def spatial_log_softmax(logits: Tensor) -> Tensor:
    """Logits (N, K, H, W) to logarithms of distributions (N, K, H * W) over the pixels."""
    return logits.flatten(2).log_softmax(dim=2)


def expected_points(log_p: Tensor, centers: Tensor) -> Tensor:
    """c_k = sum_x p_k(x) x, the DSNT (Nibali et al., arXiv 1801.07372): (N, K, H * W) to (N, K, 2)."""
    return log_p.exp() @ centers


def gaussian_maps(points: Tensor, centers: Tensor, sigma: Tensor) -> Tensor:
    """Logarithms (N, K, H * W) of normalized Gaussians about points (N, K, 2).

    Args:
        sigma: (2,) standard deviation along columns and rows, in fractions of the frame.
    """
    away = (centers - points[:, :, None]) / sigma
    return (-0.5 * away.square().sum(dim=-1)).log_softmax(dim=2)


def jensen_shannon(log_p: Tensor, log_q: Tensor) -> Tensor:
    """JS(p, q) = KL(p, m) / 2 + KL(q, m) / 2 with m = (p + q) / 2, in nats, over the last axis: 0 to ln 2."""
    log_m = torch.logaddexp(log_p, log_q) - torch.log(torch.tensor(2.0))
    p, q = log_p.exp(), log_q.exp()
    return 0.5 * ((p * (log_p - log_m)).sum(dim=-1) + (q * (log_q - log_m)).sum(dim=-1))


def distance_to_curve(curve: Tensor, shape: tuple[int, int], farthest: float) -> Tensor:
    """Truncated distance maps (N, H, W) of curves (N, S, 2): min(d, farthest) / farthest, d in pixels of the grid.

    d is the distance to the nearest of the S points, so these have to lie close.
    """
    scale = torch.tensor([shape[1], shape[0]], dtype=curve.dtype)
    centers = pixel_centers(shape) * scale
    nearest = [torch.cdist(centers, one * scale).amin(dim=1) for one in curve]
    return (torch.stack(nearest) / farthest).clamp(max=1).unflatten(1, shape)


def distance_loss(predicted: Tensor, truth: Tensor, farthest: float, near: float = 2.5) -> Tensor:
    """Mean |predicted - truth|, up to five times as heavy near the curve: weight 1 + 4 exp(-d / near), d in pixels."""
    weight = 1 + 4 * torch.exp(-truth * farthest / near)
    return (weight * (predicted - truth).abs()).mean()


def consistency(points: Tensor, distance: Tensor, spline: Tensor) -> Tensor:
    """Mean distance map value on the curves through points: pulls the points to where the map is 0.

    Args:
        points: (N, 7, 2).
        distance: (N, H, W); takes no gradient.
        spline: (S, 7), turns points into curve points; see `active_contour.spline_matrix`.
    """
    curve = 2 * (spline @ points) - 1
    on_curve = F.grid_sample(distance.detach()[:, None], curve[:, None], padding_mode="border", align_corners=False)
    return on_curve.clamp(min=0).mean()
