"""The distribution of motion given a heart's shape: linear in features of its label map, and Gaussian (torch).

With f the label map's features (principal components of what covers the heart's grid, the view, how the heart lies in
the picture), l = -log(1 - EF) and e the part of the stroke volume that is out in the given frame, the mean velocity is
(1, l, e, l e) x f times learned weights; what hearts of one shape and ejection fraction differ by is a sum of modes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from EchoSynthLib.synthesis.beating.field import GRID

STRUCTURES = 3
"""Cavity, myocardium, atrium."""
POSE = 3
"""Angle of the long axis, and where the apex lies, in lengths of the axis: from the top row, from the middle column."""


class MotionNetwork(nn.Module):
    """Label map on the heart's grid, and conditions, to a velocity.

    Args:
        components: principal components of the label map.
        modes: of what is left to chance.
    """

    mean: Tensor
    basis: Tensor
    pose_mean: Tensor
    pose_scale: Tensor
    weights: Tensor
    modes: Tensor
    second: Tensor
    ratio: Tensor
    phase: Tensor

    def __init__(self, components: int, modes: int) -> None:
        super().__init__()
        inputs, outputs = STRUCTURES * GRID[0] * GRID[1], 2 * GRID[0] * GRID[1]
        features = 2 + POSE + components
        shapes = {
            "mean": (inputs,),
            "basis": (inputs, components),
            "pose_mean": (POSE,),
            "pose_scale": (POSE,),
            "weights": (4 * features, outputs),
            "modes": (modes, outputs),
            "second": (features, outputs),
            "ratio": (2 * features, 1),
            "phase": (features, 1),
        }
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape))

    def features(self, members: Tensor, pose: Tensor, view: Tensor) -> Tensor:
        """(N, 2 + POSE + components): 1, the view, the pose, the components."""
        components = (members.flatten(1) - self.mean) @ self.basis
        return torch.cat([torch.ones_like(view), view, (pose - self.pose_mean) * self.pose_scale, components], dim=1)

    def forward(
        self, members: Tensor, pose: Tensor, conditions: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Velocity, and what the label map alone tells.

        Args:
            members: (N, STRUCTURES, *GRID) the share of each structure around each node, 0 to 1.
            pose: (N, POSE).
            conditions: (N, 3): 0.5 for 2CH, -0.5 for 4CH, 0 for others; l; e.
            noise: (N, modes), standard normal.

        Returns:
            The velocity (N, 2, *GRID) from end-diastole to end-systole; that of the second mode in time, see `loops`;
            the mean of l (N, 1) of such hearts; and how far a heart of this shape has contracted (N, 1), about 0 at
            end-diastole and 1 at end-systole.
        """
        view, ratio, emptied = conditions.split(1, dim=1)
        f = self.features(members, pose, view)
        mean = torch.cat([f, ratio * f, emptied * f, ratio * emptied * f], dim=1) @ self.weights
        velocity = (mean + noise @ self.modes).reshape(-1, 2, *GRID)
        second = (f @ self.second).reshape(-1, 2, *GRID)
        return velocity, second, torch.cat([f, emptied * f], dim=1) @ self.ratio, f @ self.phase
