"""Batches of whole frames with their conditioning maps, moved at random, for models in image space (torch)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from EchoSynthLib.anatomy.labels import CONDITIONING, CONDITIONING_OFFSET, conditioning_map
from EchoSynthLib.anatomy.views import VIEWS
from EchoSynthLib.training.augment import affine_grid
from EchoSynthLib.training.beam_data import BeamData
from EchoSynthLib.training.resize import resize

MOVED = 0.5
"""Share of the frames that are moved."""
STRENGTH = 0.6
"""Of the motion, see `affine_grid`: turns up to 9 degrees, scales and moves frames as other probes would show them."""


@dataclass(frozen=True)
class FrameBatch:
    """N frames on one grid.

    Attributes:
        image: (N, 1, H, W) in [0, 1], 0 outside the sector.
        mask: (N, 1, H, W), 1 inside the sector and 0 outside.
        codes: (N, H, W) int64, conditioning codes of five or ten classes.
    """

    image: Tensor
    mask: Tensor
    codes: Tensor


class FrameBatches:
    """Draws batches of CAMUS frames, all held as bytes on one grid.

    Half of the frames are moved: turned, scaled, stretched unevenly and shifted, image and map together, as in the
    paper (Stojanovski et al. 2024, "v2"). Its flips are left out: upside down there is no echocardiogram, and mirrored
    the ventricles change sides, which tells the views apart and which the label map cannot say.

    Args:
        frames: with images, labels, sectors and views.
        grid: rows and columns.
        classes: 5, or 10 where the conditioning map tells the view.
        device: where batches go.
    """

    def __init__(self, frames: BeamData, grid: tuple[int, int], classes: int = 5, device: str = "cpu") -> None:
        self.grid, self.device = grid, device
        shape = frames.image.shape[1:]
        masks = (frames.sector(i).mask(shape) for i in range(len(frames.label)))
        codes = np.stack([conditioning_map(label, mask) for label, mask in zip(frames.label, masks, strict=True)])
        self.images = resize(torch.from_numpy(frames.image), grid, "area")
        self.codes = resize(torch.from_numpy(codes), grid, "nearest-exact")
        offsets = [CONDITIONING_OFFSET[VIEWS[view].name] if classes > len(CONDITIONING) else 0 for view in frames.view]
        self.offsets = torch.tensor(offsets)

    def draw(self, count: int, generator: Generator) -> FrameBatch:
        """`count` frames, drawn with replacement; all that is random comes from the generator, on the CPU."""
        index = torch.randint(0, len(self.images), (count,), generator=generator)
        strength = STRENGTH * (torch.rand(count, generator=generator) < MOVED)
        grid = affine_grid(strength, self.grid, generator).to(self.device)
        image, codes = (planes[index].to(self.device).float() for planes in (self.images, self.codes))
        # Cubic: linear resampling would smooth the speckle that the model has to learn.
        image = F.grid_sample(image / 255, grid, mode="bicubic", align_corners=False).clamp(0, 1)
        codes = F.grid_sample(codes, grid, mode="nearest", align_corners=False)[:, 0].long()
        mask = (codes != CONDITIONING["outside sector"])[:, None].float()
        return FrameBatch(image * mask, mask, codes + self.offsets[index].to(self.device)[:, None, None])
