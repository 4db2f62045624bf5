"""Frames for classifiers: how batches are augmented and normalized, and what a network says of many (torch)."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.training.augment import uniform

BATCH = 64
TURN_DEG = 30.0
JITTER = 0.15
"""Of brightness and contrast, about 1."""


def augmented(image: Tensor, inside: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Frames (N, 1, H, W) in [0, 255] and sectors, turned by up to 30 degrees, half of them mirrored, each with another
    brightness and contrast; what lies outside a frame repeats its border."""
    count = len(image)
    angle = uniform(-TURN_DEG, TURN_DEG, count, generator) * math.pi / 180
    mirror = (torch.rand(count, generator=generator) < 0.5).float() * -2 + 1
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros(count)
    turn = torch.stack([torch.stack([mirror * cos, -mirror * sin, none], 1), torch.stack([sin, cos, none], 1)], dim=1)
    grid = F.affine_grid(turn, list(image.shape), align_corners=False)
    moved = F.grid_sample(image, grid, padding_mode="border", align_corners=False)
    sector = F.grid_sample(inside.float(), grid, mode="nearest", padding_mode="border", align_corners=False) > 0.5
    brightness, contrast = uniform(1 - JITTER, 1 + JITTER, 2 * count, generator).view(2, count, 1, 1, 1)
    bright = moved * brightness
    mean = bright.mean(dim=(-2, -1), keepdim=True)
    return (mean + contrast * (bright - mean)).clamp(0, 255), sector


def normalized(image: Tensor) -> Tensor:
    """Frames (N, 1, H, W) of any range with mean 0 and variance 1 each, after the mix: a background must not be told
    by what it does to the gray levels of the sector alone."""
    mean = image.mean(dim=(-2, -1), keepdim=True)
    return (image - mean) / image.std(dim=(-2, -1), keepdim=True, correction=0).clamp(min=1e-3)


def prepared(frames: np.ndarray) -> Tensor:
    """Frames (N, H, W) as the network takes them, (N, 1, H, W)."""
    return normalized(torch.from_numpy(np.ascontiguousarray(frames, dtype=np.float32))[:, None])


@torch.inference_mode()
def logits_of(network: nn.Module, frames: NDArray[np.uint8], device: str = "cpu") -> NDArray[np.float32]:
    """(N, K) of frames (N, H, W)."""
    parts = [network(prepared(frames[i : i + 4 * BATCH]).to(device)).cpu() for i in range(0, len(frames), 4 * BATCH)]
    return torch.cat(parts).numpy()


def accuracies(network: nn.Module, frames: LabeledFrames, device: str = "cpu") -> dict[str, float]:
    """Share of frames told right, and the mean over classes of that share."""
    right = logits_of(network, frames.image, device).argmax(axis=1) == frames.label
    recalls = [float(right[frames.label == label].mean()) for label in np.unique(frames.label)]
    return {"accuracy": float(right.mean()), "balanced accuracy": float(np.mean(recalls))}
