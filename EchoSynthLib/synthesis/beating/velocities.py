"""The velocities of pairs: what registration found, as flows that carry each label map onto the other (torch)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.progress import silent
from EchoSynthLib.synthesis.beating.field import GRID, SAMPLED, SAMPLES, rest_at_rim, spline
from EchoSynthLib.types import Progress

STEPS = 36
"""Of the optimization, where no other number is asked for."""
LEARNING_RATE, LAST_RATE = 0.12, 0.005
NEARNESS = 0.015
"""Weight of the squared distance, in nodes, to what registration found."""
ROUGHNESS = 0.02
"""Weight of the squared difference of neighbors."""
SQUARINGS = 5
BATCH = 100


class Flow(nn.Module):
    """Velocities on the hearts' grids to displacements on their fine grids, as `field.integrated` in numpy."""

    rows: Tensor
    columns: Tensor
    rim: Tensor
    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        nodes = torch.meshgrid(*(torch.arange(side, dtype=torch.float32) for side in SAMPLED), indexing="ij")
        buffers = {
            "rows": torch.from_numpy(SAMPLES * spline(GRID[0], SAMPLES)),
            "columns": torch.from_numpy(spline(GRID[1], SAMPLES)),
            "rim": torch.from_numpy(rest_at_rim()),
            "places": torch.stack(nodes),
        }
        for name, values in buffers.items():
            self.register_buffer(name, values, persistent=False)

    def forward(self, velocity: Tensor) -> Tensor:
        """(N, 2, *GRID) to (N, 2, *SAMPLED), by scaling and squaring."""
        displacement: Tensor = self.rows @ (velocity * self.rim) @ self.columns.T / 2**SQUARINGS
        for _ in range(SQUARINGS):
            displacement = displacement + self.read(displacement, displacement)
        return displacement

    def read(self, pictures: Tensor, displacement: Tensor) -> Tensor:
        """Pictures (N, C, *SAMPLED) at x + u(x)."""
        at = self.places + displacement
        scaled = [at[:, axis] * (2 / (SAMPLED[axis] - 1)) - 1 for axis in (1, 0)]
        return F.grid_sample(pictures, torch.stack(scaled, dim=-1), padding_mode="border", align_corners=True)


def overlap_loss(one: Tensor, other: Tensor) -> Tensor:
    """(N,) 1 - the mean Dice of soft label maps (N, C, *SAMPLED)."""
    common = (one * other).sum((2, 3))
    return (1 - (2 * common + 1) / (one.square().sum((2, 3)) + other.square().sum((2, 3)) + 1)).mean(dim=1)


def velocities_of(
    displacement: NDArray[np.float32],
    diastole: NDArray[np.float32],
    systole: NDArray[np.float32],
    steps: int = STEPS,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """(N, 2, *GRID): velocities whose flow is near to what was registered and moves diastole's labels onto systole's.

    All pairs at once, by Adam: the Dice of the label maps, the distance to the registration, and smoothness.

    Args:
        displacement, diastole, systole: see `pairs.registered`.
        steps: of the optimization.
        progress: progress(done, total, message) after each step; may raise `Cancelled`.
    """
    found, before, after = (torch.from_numpy(values) for values in (displacement, diastole, systole))
    flow, tell = Flow(), progress or silent
    velocity = nn.Parameter(F.avg_pool2d(found, SAMPLES) / SAMPLES)
    optimizer = torch.optim.Adam([velocity], LEARNING_RATE)
    for step in range(steps):
        tell(step, steps, "making velocities of displacements")
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / steps) + LAST_RATE
        optimizer.zero_grad()
        for part in torch.arange(len(found)).split(BATCH):
            here = velocity[part]
            moved = flow(here)
            loss = overlap_loss(flow.read(before[part], moved), after[part])
            loss = loss + NEARNESS * (moved - found[part]).square().mean((1, 2, 3))
            for axis in (2, 3):
                loss = loss + ROUGHNESS * here.diff(dim=axis).square().mean((1, 2, 3))
            loss.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    tell(steps, steps, "made velocities of displacements")
    return velocity.detach().numpy()
