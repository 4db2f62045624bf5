"""Warping and integrating fields in torch, as `anatomy.deformation` does in numpy; differentiable, and exportable.

MONAI's Warp gives the same values. Its export to ONNX writes coordinates one by one (ScatterElements), which takes
longer than the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SpatialTransform(nn.Module):
    """Reads pictures of one grid at displaced places; beyond the border lies what is nearest inside.

    Args:
        grid: (rows, columns) or (slices, rows, columns), each two or more.
    """

    identity: Tensor
    scale: Tensor

    def __init__(self, grid: Sequence[int]) -> None:
        super().__init__()
        axes = [torch.linspace(-1, 1, side) for side in grid]
        identity = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flip(-1)
        # From pixels to torch's coordinates, which run from -1 to 1 and begin with the last axis.
        scale = torch.tensor([2 / (side - 1) for side in reversed(grid)])
        self.register_buffer("identity", identity[None], persistent=False)
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, pictures: Tensor, displacement: Tensor) -> Tensor:
        """Pictures (N, C, *grid) at x + u(x), linear between pixels; u (N, d, *grid) in pixels, in the axes' order."""
        places = self.identity + displacement.movedim(1, -1).flip(-1) * self.scale
        return F.grid_sample(pictures, places, padding_mode="border", align_corners=True)

    def compose(self, first: Tensor, then: Tensor) -> Tensor:
        """u(x) = then(x) + first(x + then(x)), see `anatomy.deformation.compose`."""
        return then + self(first, then)

    def exponential(self, velocity: Tensor, squarings: int) -> Tensor:
        """The displacement of exp(v): v / 2^n, n times composed with itself."""
        displacement = velocity / 2**squarings
        for _ in range(squarings):
            displacement = self.compose(displacement, displacement)
        return displacement
