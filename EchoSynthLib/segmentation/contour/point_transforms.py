"""Points that follow their image through a sampling grid (torch)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_STRIDE = 4
_NEWTON_STEPS = 3


def follow(points: Tensor, grid: Tensor) -> Tensor:
    """Where points of a source image come to lie in the image that `F.grid_sample(source, grid)` makes.

    A sampling grid tells of each output pixel where it comes from; this is its inverse at some points, by Newton's
    method from the nearest grid pixel. Exact for affine grids, also beyond the frame.

    Args:
        points: (N, P, 2) (column, row), -1 and 1 at the outer edges of the source (align_corners=False).
        grid: (N, H, W, 2), the same coordinates.

    Returns:
        (N, P, 2) in the same coordinates of the output.
    """
    count, rows, columns, _ = grid.shape
    axes = [(2 * torch.arange(0, side, _STRIDE) + 1) / side - 1 for side in (columns, rows)]
    places = torch.stack(torch.meshgrid(*axes, indexing="xy"), dim=-1).reshape(-1, 2)
    sources = grid[:, ::_STRIDE, ::_STRIDE].reshape(count, -1, 2)
    found = places[torch.cdist(points, sources).argmin(dim=2)]
    planes = grid.permute(0, 3, 1, 2)
    step = torch.tensor([2 / columns, 2 / rows])
    for _ in range(_NEWTON_STEPS):
        # Central differences need the frame on both sides.
        at = found.clamp(-1 + 2 * step, 1 - 2 * step)
        value = _sample(planes, at)
        slopes = [
            (_sample(planes, at + step * axis) - _sample(planes, at - step * axis)) / (2 * step * axis).sum()
            for axis in torch.eye(2)
        ]
        jacobian = torch.stack(slopes, dim=-1)
        found = at + torch.linalg.solve(jacobian, (points - value)[..., None])[..., 0]
    return found


def _sample(planes: Tensor, at: Tensor) -> Tensor:
    """Values (N, P, 2) of planes (N, 2, H, W) at points (N, P, 2)."""
    return F.grid_sample(planes, at[:, None], align_corners=False)[:, :, 0].transpose(1, 2)
