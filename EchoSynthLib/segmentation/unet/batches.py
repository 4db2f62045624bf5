"""The frames that the segmenter is trained on, and their loss (torch)."""

from __future__ import annotations

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.segmentation.unet.network import GRID
from EchoSynthLib.training.augment import affine_grid, exposure, probe_grid, scanner
from EchoSynthLib.training.beam_data import BeamData
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.mixture import real_frames
from EchoSynthLib.training.overlays import Overlays
from EchoSynthLib.training.resize import on_grid

BATCH = 8
MIXES = ((0.0, (3, 2, 3)), (0.7, (5, 1, 2)))
"""From which share of the training on, how many frames of a batch stay near the data, are moved far, and are shown by
another probe: robustness first, then the data's own look, which the last tenths of a per cent depend on."""
VIEW_WEIGHT = 0.1


class SegmenterLoss:
    """Draws a batch and gives Dice + cross-entropy of the structures plus a little cross-entropy of the view."""

    def __init__(self, frames: BeamData, device: str, seed: int) -> None:
        drawn = frames.is_synthetic
        self.frames, self.device = frames, device
        self.images = on_grid(frames.image, GRID)
        self.labels = torch.from_numpy(frames.label)[:, None]
        self.beams = torch.from_numpy(frames.beam_image)[:, None]
        self.beam_labels = torch.from_numpy(frames.beam_label)[:, None]
        self.opening = torch.from_numpy(frames.sectors[:, 3] - frames.sectors[:, 2]).float()
        self.view = torch.from_numpy(frames.view).float()
        self.real, self.synthetic = (torch.from_numpy(np.flatnonzero(of)) for of in (~drawn, drawn))
        self.overlays = Overlays(GRID, seed)
        self.criterion = DiceCELoss(to_onehot_y=True, softmax=True)

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        image, label, view = (t.to(self.device) for t in self.batch(moment.generator, moment.spent))
        logits, view_logit = network(image)
        view_loss = F.binary_cross_entropy_with_logits(view_logit, view)
        return self.criterion(logits, label) + VIEW_WEIGHT * view_loss

    def batch(self, generator: Generator, spent: float) -> tuple[Tensor, Tensor, Tensor]:
        """Images (8, 1, 160, 160) in [0, 1], labels (8, 1, 160, 160), views (8,), of near, far and probe frames."""
        near, far, _ = next(mix for start, mix in reversed(MIXES) if spent >= start)
        index = self.choose(generator, spent)
        whole, probes = index[: near + far], index[near + far :]
        strength = torch.cat([torch.full((near,), 0.5), torch.ones(far)])
        grid = affine_grid(strength, GRID, generator)
        moved = F.grid_sample(self.images[whole], grid, align_corners=False)
        label = F.grid_sample(self.labels[whole].float(), grid, mode="nearest", align_corners=False)
        grid, inside = probe_grid(self.opening[probes], GRID, generator)
        seen = F.grid_sample(self.beams[probes].float() / 255, grid, padding_mode="border", align_corners=False)
        truth = F.grid_sample(self.beam_labels[probes].float(), grid, mode="nearest", align_corners=False)
        elsewhere = scanner(torch.cat([moved[near:], seen * inside]), generator)
        images = [exposure(moved[:near], generator), self.overlays(elsewhere, generator)]
        return torch.cat(images), torch.cat([label, truth * inside]), self.view[index]

    def choose(self, generator: Generator, spent: float) -> Tensor:
        """Numbers (8,) of a batch's frames, in no order."""
        if not len(self.real) or not len(self.synthetic):
            return torch.randint(0, len(self.images), (BATCH,), generator=generator)
        real = real_frames(BATCH, spent)
        sources = ((self.real, real), (self.synthetic, BATCH - real))
        index = [of[torch.randint(0, len(of), (count,), generator=generator)] for of, count in sources]
        return torch.cat(index)[torch.randperm(BATCH, generator=generator)]
