"""What the three networks learn: frames, their latents, and windows of latent cines (torch)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.networks.diffusion.latent_video import dropped, predicted, predicted_image
from EchoSynthLib.networks.diffusion.processes.base import Process, draw_normal
from EchoSynthLib.synthesis.latent_video.latents import LatentCines, to_model
from EchoSynthLib.training.loop import Moment

KL_WEIGHT = 1e-6
DROPPED = 0.1
"""Probability that a cine's ejection fraction is not told."""


class AutoencoderLoss:
    """|decoded - frame| + 1e-6 KL(latent || normal), all summed over a frame and divided by its pixels.

    Rombach et al. 2022 (arXiv 2112.10752). Without the perceptual term and the adversary of the paper: the network of
    the first, trained on photographs, is not to be had with the library.

    Args:
        frames: (N, 112, 112) bytes.
        channels: of a frame, as the network takes them.
        batch: frames of a step.
        device: where.
    """

    def __init__(self, frames: Tensor, channels: int, batch: int, device: str) -> None:
        self.frames, self.channels, self.batch, self.device = frames, channels, batch, device

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        index = torch.randint(len(self.frames), (self.batch,), generator=moment.generator)
        frames = to_model(self.frames[index].to(self.device), self.channels)
        posterior = network.encode(frames).latent_dist  # type: ignore[operator]
        latents = posterior.mean + posterior.std * draw_normal(posterior.mean, moment.generator)
        decoded = network.decode(latents).sample  # type: ignore[operator]
        return F.l1_loss(decoded, frames) + KL_WEIGHT * posterior.kl().mean() / frames[0].numel()


class ImageLoss:
    """The process's loss on a batch of latents of frames, of any phase of the beat."""

    def __init__(self, cines: LatentCines, process: Process, batch: int, device: str) -> None:
        self.latents, self.process, self.batch, self.device = cines.latents, process, batch, device

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        index = torch.randint(len(self.latents), (self.batch,), generator=moment.generator)
        x0 = self.latents[index].float().to(self.device)
        return self.process.loss(partial(predicted_image, network), x0, moment.generator).mean()


class VideoLoss:
    """The process's loss on windows of cines: one of a window's frames is the reference, and one ejection fraction in
    ten is not told.

    Args:
        cines: that windows are taken of; of one shorter than a window its last frame is repeated, which does not count.
        process: of the latents.
        frames: T of a window.
        batch: windows of a step.
        device: where.
    """

    def __init__(self, cines: LatentCines, process: Process, frames: int, batch: int, device: str) -> None:
        self.cines, self.process, self.frames, self.batch, self.device = cines, process, frames, batch, device
        self.first = cines.lengths.cumsum(0) - cines.lengths

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        generator = moment.generator
        chosen = torch.randint(len(self.cines.lengths), (self.batch,), generator=generator)
        place, inside = self._windows(chosen, torch.rand(self.batch, generator=generator))
        x0 = self.cines.latents[place].float().to(self.device)
        within = (torch.rand(self.batch, generator=generator) * inside.sum(dim=1)).long()
        reference = x0[torch.arange(self.batch), within][:, None].expand_as(x0)
        told = dropped(self.cines.ejection_fraction[chosen], DROPPED, generator).to(self.device)
        counted = inside[:, :, None, None, None].float().to(self.device)
        loss = self.process.loss(
            partial(predicted, network), x0, generator, counted, reference=reference, told=told
        )  # fmt: skip
        return loss.mean()

    def _windows(self, chosen: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
        """Places (N, T) of the frames of windows that begin at a share of what is possible, and which are real."""
        length = self.cines.lengths[chosen]
        start = (where * (length - self.frames + 1).clamp(min=1)).long()
        frame = start[:, None] + torch.arange(self.frames)
        inside = frame < length[:, None]
        return self.first[chosen][:, None] + torch.minimum(frame, length[:, None] - 1), inside
