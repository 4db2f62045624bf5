"""What a stage learns from: clips, a random frame of each for the given one, the cine of the stage before (torch)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from EchoSynthLib.networks.diffusion.processes.base import draw_normal
from EchoSynthLib.synthesis.video_diffusion.conditioning import augmented, between, every, resized
from EchoSynthLib.synthesis.video_diffusion.presets import Cascade
from EchoSynthLib.training.loop import Moment

DROPPED = 0.1
"""Probability that a cine's ejection fraction is not told, for guidance (imagen-pytorch's own)."""
PICTURES = 0.25
"""Probability that the frames of a batch are learned from as pictures, without time: joint training with images."""


class StageLoss:
    """The loss of one stage on a batch of clips.

    Args:
        clips: (N, C, T, H, W) uint8, at the cascade's last size and number of frames.
        ejection_fraction: of each (N,), 0 to 1.
        cascade, stage: what is trained.
        device: where.
    """

    def __init__(self, clips: Tensor, ejection_fraction: Tensor, cascade: Cascade, stage: int, device: str) -> None:
        self.ejection_fraction, self.cascade, self.stage = ejection_fraction, cascade, stage
        self.process = cascade.process()
        self.device, self.count = device, cascade.batch
        # What never changes is made once: the clips as this stage draws them, and as the stage before did.
        self.target = self._of_stage(clips, stage)
        self.before = self._of_stage(clips, stage - 1) if stage > 0 else None

    def _of_stage(self, clips: Tensor, stage: int) -> Tensor:
        """Bytes (N, C, frames, side, side)."""
        chosen = self.cascade.stages[stage]
        side = (chosen.side, chosen.side)
        parts = every(clips, chosen.every).split(16)
        return torch.cat([resized(part.float(), side).round().clamp(0, 255).byte() for part in parts])

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        generator = moment.generator
        index = torch.randint(len(self.target), (self.count,), generator=generator)
        x0 = to_model(self.target[index].to(self.device))
        rows = torch.arange(self.count)
        given = torch.randint(x0.shape[2], (self.count,), generator=generator)
        image = x0[rows, :, given]
        low, level = self._before(index, x0, generator)
        x0, image, low = self._cropped(x0, image, low, generator)
        kept = torch.rand(self.count, generator=generator) >= DROPPED
        pictures = bool(torch.rand((), generator=generator) < PICTURES)
        loss = self.process.loss(
            network, x0, generator, image=image, ejection_fraction=self.ejection_fraction[index].to(x0),
            kept=kept.to(x0.device), low=low, augmentation=level, ignore_time=pictures,
        )  # fmt: skip
        return loss.mean()

    def _before(self, index: Tensor, x0: Tensor, generator: Generator) -> tuple[Tensor | None, Tensor | None]:
        """What the stage before would have drawn, at this stage's size, with noise; and how much of it."""
        if self.before is None:
            return None, None
        before = to_model(self.before[index].to(self.device))
        clean = resized(between(before, x0.shape[2] // before.shape[2]), (x0.shape[3], x0.shape[4]))
        level = torch.rand(len(index), generator=generator).to(x0)
        return augmented(clean, level, draw_normal(x0, generator)), level

    def _cropped(
        self, x0: Tensor, image: Tensor, low: Tensor | None, generator: Generator
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """One window of all of them; everything where the stage has no crop."""
        crop = self.cascade.stages[self.stage].crop
        if crop is None:
            return x0, image, low
        room = [size - crop + 1 for size in x0.shape[-2:]]
        top, left = (int(torch.randint(most, (), generator=generator)) for most in room)
        window = (..., slice(top, top + crop), slice(left, left + crop))
        return x0[window], image[window], None if low is None else low[window]


def to_model(gray: Tensor) -> Tensor:
    """Bytes to [-1, 1]."""
    return gray.float() / 127.5 - 1


def to_gray(x: Tensor) -> Tensor:
    """[-1, 1] to bytes."""
    return ((x + 1) * 127.5).round().clamp(0, 255).byte()
