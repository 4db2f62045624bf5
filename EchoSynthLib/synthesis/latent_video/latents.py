"""Frames as latents of one mean and deviation, and back: what the diffusion networks see (torch)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from EchoSynthLib.networks.diffusion.latent_video import CHANNELS

_AT_ONCE = 32
"""Frames that go through the autoencoder together."""


def to_model(gray: Tensor, channels: int) -> Tensor:
    """Bytes (N, H, W) as frames (N, channels, H, W) in [-1, 1], gray levels for every color."""
    return (gray.float() / 127.5 - 1)[:, None].expand(-1, channels, -1, -1)


def to_gray(frames: Tensor) -> Tensor:
    """The inverse of `to_model`: the mean of all colors, 0 to 255, not rounded."""
    return (127.5 * (frames.mean(dim=1) + 1)).clamp(0, 255)


@dataclass(frozen=True, eq=False)
class LatentSpace:
    """An autoencoder whose latents have mean 0 and deviation 1 in each channel.

    Attributes:
        autoencoder: of diffusers.
        mean, deviation: (4,) of its latents of the frames that were learned from.
    """

    autoencoder: Any
    mean: Tensor
    deviation: Tensor

    @classmethod
    @torch.inference_mode()
    def of(cls, autoencoder: Any, frames: Tensor) -> LatentSpace:
        """With the mean and deviation of the latents of frames (N, H, W) in bytes."""
        plain = cls(autoencoder, torch.zeros(CHANNELS), torch.ones(CHANNELS))
        deviation, mean = torch.std_mean(plain.encode(frames), dim=(0, 2, 3))
        return cls(autoencoder, mean, deviation)

    @torch.inference_mode()
    def encode(self, frames: Tensor) -> Tensor:
        """Frames (N, 112, 112) in bytes as latents (N, 4, 14, 14) on the CPU: the means of their distributions."""
        network = self.autoencoder
        parts = [
            network.encode(to_model(part.to(network.device), network.config.in_channels)).latent_dist.mean.cpu()
            for part in frames.split(_AT_ONCE)
        ]
        return (torch.cat(parts) - _column(self.mean)) / _column(self.deviation)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> NDArray[np.float32]:
        """Latents (N, 4, 14, 14) as frames (N, 112, 112), 0 to 255, not rounded."""
        raw = latents.cpu() * _column(self.deviation) + _column(self.mean)
        parts = (self.autoencoder.decode(part.to(self.autoencoder.device)).sample for part in raw.split(_AT_ONCE))
        found: NDArray[np.float32] = torch.cat([to_gray(part).cpu() for part in parts]).numpy()
        return found


@dataclass(frozen=True, eq=False)
class LatentCines:
    """Cines of any length as latents.

    Attributes:
        latents: (M, 4, 14, 14) half precision, one cine after the other.
        lengths: (N,) frames of each.
        ejection_fraction: (N,), 0 to 1.
    """

    latents: Tensor
    lengths: Tensor
    ejection_fraction: Tensor

    @classmethod
    def of(cls, space: LatentSpace, cines: Iterable[tuple[NDArray[np.uint8], float]]) -> LatentCines:
        """Of cines (T, 112, 112) with their ejection fractions in percent."""
        latents, lengths, fractions = [], [], []
        for frames, percent in cines:
            latents.append(space.encode(torch.from_numpy(frames)).half())
            lengths.append(len(frames))
            fractions.append(percent / 100)
        return cls(torch.cat(latents), torch.tensor(lengths), torch.tensor(fractions, dtype=torch.float32))

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> LatentCines:
        """The inverse of `to_arrays`."""
        return cls(**{name: torch.from_numpy(one) for name, one in arrays.items()})

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """By the names of the attributes."""
        return {name: getattr(self, name).numpy() for name in ("latents", "lengths", "ejection_fraction")}


def _column(values: Tensor) -> Tensor:
    return values[:, None, None]
