"""Cines longer than a network draws: chunks that overlap, stitched at every step of the sampler (torch).

Reynaud et al., MICCAI 2024 (arXiv 2406.00808): the long cine is cut into chunks, each begun half a chunk after the one
before; the network sees each alone, and of every later one the frames that the one before has, too, are dropped. As
this is done at each step, the chunks agree in what they share, and no seam is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

CHUNK, OVERLAP = 64, 32
"""Frames that the paper's network draws, and that two chunks share."""


def chunk_starts(frames: int, chunk: int = CHUNK, overlap: int = OVERLAP) -> list[int]:
    """The first frame of each chunk: 1 + ceil((frames - chunk) / (chunk - overlap)) of them, one where they fit.

    Raises:
        ValueError: no frame, or chunks that do not get on.
    """
    if frames < 1 or not 0 <= overlap < chunk:
        raise ValueError(
            f"A cine has a frame or more, and chunks share less than all of theirs; given were {frames} frames, chunks "
            f"of {chunk} and an overlap of {overlap}."
        )
    stride = chunk - overlap
    return [number * stride for number in range(1 + max(0, -(-(frames - chunk) // stride)))]


def stitched(
    network: Callable[[Tensor, Tensor], Tensor],
    noisy: Tensor,
    reference: Tensor,
    chunk: int = CHUNK,
    overlap: int = OVERLAP,
) -> Tensor:
    """What a network makes of a cine (N, T, C, H, W) of any length, at one step.

    Args:
        network: of a chunk (N, chunk, C, H, W) and the reference of the same shape but its own channels.
        noisy: the cine. One whose last chunk is not full has its last frame repeated for the network's eyes.
        reference: what every frame is told, (N, C', H, W).
        chunk: frames that the network takes.
        overlap: frames that two chunks share.

    Returns:
        (N, T, ...), as the network gives it.
    """
    frames = noisy.shape[1]
    starts = chunk_starts(frames, chunk, overlap)
    missing = starts[-1] + chunk - frames
    padded = torch.cat([noisy, noisy[:, -1:].expand(-1, missing, *noisy.shape[2:])], dim=1) if missing else noisy
    told = reference[:, None].expand(-1, chunk, *reference.shape[1:])
    parts = [network(padded[:, start : start + chunk], told) for start in starts]
    return joined(parts, overlap)[:, :frames]


def joined(parts: Sequence[Tensor], overlap: int = OVERLAP) -> Tensor:
    """Chunks (N, chunk, ...) as one cine: all of the first, and of each later one what comes after the overlap."""
    return torch.cat([parts[0], *(part[:, overlap:] for part in parts[1:])], dim=1)
