"""Frames as other makers' machines would show them, for a segmenter that goes on learning (torch).

Frames of the data as they are keep what was learned; the same frames farther away, with other gray maps and coarser,
teach what other pictures look like, and drawn hearts teach other hearts, planes and neighborhoods.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from EchoSynthLib.segmentation.unet.batches import SegmenterLoss
from EchoSynthLib.segmentation.unet.network import GRID
from EchoSynthLib.training.augment import affine_grid, exposure, far_grid, gray_map, probe_grid, scanner
from EchoSynthLib.training.beam_data import BeamData
from EchoSynthLib.training.drawn_machines import DrawnFrames

OTHER_MIXES = ((0.0, (2, 3, 1, 2)), (0.8, (4, 2, 1, 1)))
"""From which share of the training on, how many frames of a batch stay near the data, are seen from afar, are shown by
another probe, and are drawn hearts."""
_DRAWN_STRENGTH = 0.6


class OtherMachinesLoss(SegmenterLoss):
    """Loss of batches of near, far, probe and drawn frames, as `mixes` says."""

    def __init__(
        self, frames: BeamData, drawn: DrawnFrames, device: str, seed: int, mixes: tuple = OTHER_MIXES
    ) -> None:
        super().__init__(frames, device, seed)
        self.drawn_images = torch.from_numpy(drawn.image)[:, None]
        self.drawn_labels = torch.from_numpy(drawn.label)[:, None]
        self.drawn_view = torch.from_numpy(drawn.view).float()
        self.mixes = mixes

    def batch(self, generator: Generator, spent: float) -> tuple[Tensor, Tensor, Tensor]:
        """Images (N, 1, 160, 160) in [0, 1], labels (N, 1, 160, 160) and views (N,)."""
        near, far, probes, drawn = next(mix for start, mix in reversed(self.mixes) if spent >= start)
        index = torch.randint(0, len(self.images), (near + far + probes,), generator=generator)
        whole, shown = index[: near + far], index[near + far :]
        grid = affine_grid(torch.full((near,), 0.5), GRID, generator)
        if far:
            grid = torch.cat([grid, far_grid(GRID, far, generator)])
        moved = F.grid_sample(self.images[whole], grid, align_corners=False)
        labels = [F.grid_sample(self.labels[whole].float(), grid, mode="nearest", align_corners=False)]
        elsewhere = [moved[near:]]
        if probes:
            grid, inside = probe_grid(self.opening[shown], GRID, generator)
            seen = F.grid_sample(self.beams[shown].float() / 255, grid, padding_mode="border", align_corners=False)
            truth = F.grid_sample(self.beam_labels[shown].float(), grid, mode="nearest", align_corners=False)
            elsewhere.append(seen * inside)
            labels.append(truth * inside)
        images = [exposure(moved[:near], generator)]
        if far + probes:
            images.append(self.overlays(gray_map(scanner(torch.cat(elsewhere), generator), generator), generator))
        views = [self.view[index]]
        if drawn:
            chosen = torch.randint(0, len(self.drawn_images), (drawn,), generator=generator)
            grid = affine_grid(torch.full((drawn,), _DRAWN_STRENGTH), GRID, generator)
            picture = F.grid_sample(self.drawn_images[chosen].float() / 255, grid, align_corners=False)
            images.append(self.overlays(exposure(picture, generator), generator))
            labels.append(F.grid_sample(self.drawn_labels[chosen].float(), grid, mode="nearest", align_corners=False))
            views.append(self.drawn_view[chosen])
        return torch.cat(images), torch.cat(labels), torch.cat(views)
