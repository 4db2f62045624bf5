"""BackMix: a frame keeps its sector and gets the background of another one (torch).

Bransby et al., MICCAI 2024 (arXiv 2406.19148). Given a frame X with the mask M of its sector and another train frame
X' with M': X~ = X where M, X' (1 - M') elsewhere; the label stays. The donor is drawn of all classes, so that the
background tells nothing of the label.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from EchoSynthLib.errors import InputError

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of frames with a mask that the paper compares, and all."""


def masked_frames(count: int, share: float) -> Tensor:
    """(count,) bool: every int(1 / share)-th frame, from the first, as if only those had masks.

    Raises:
        InputError: a share that is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise InputError(f"The share of frames with a mask lies above 0 and reaches 1; given was {share!r}.")
    return torch.arange(count) % int(1 / share) == 0


def loss_weights(mixed: Tensor, share: float, mu: float) -> Tensor:
    """(N,) weights of the frames' losses: 1 + mu (1 - f) of mixed ones, 1 - mu f of the others.

    Where a share f of the frames is mixed, the mean weight is 1 for any mu.

    Args:
        mixed: (N,) bool.
        share: f, of frames that have a mask.
        mu: how much more a mixed frame counts; 0 is plain BackMix, the paper has 1 and 2.

    Raises:
        InputError: a frame would get a negative weight.
    """
    if mu < 0 or (share < 1 and mu * share > 1):
        raise InputError(f"mu lies from 0 to 1 / share, so that no frame counts less than nothing; given was {mu}.")
    return torch.where(mixed, 1 + mu * (1 - share), 1 - mu * share)


def emptied(image: Tensor, inside: Tensor) -> Tensor:
    """Backgrounds that frames (N, 1, H, W) can give: X' (1 - M'), black where their own sector (N, 1, H, W) was."""
    return torch.where(inside, torch.zeros((), dtype=image.dtype), image)


def choose_donors(own: Tensor, count: int, generator: Generator) -> Tensor:
    """(N,) numbers of other donors, each equally likely.

    Args:
        own: (N,) the number among the donors that the frame itself has; -1 where it is none of them.
        count: of donors.
    """
    others = torch.where(own >= 0, count - 1, count)
    if int(others.min()) < 1:
        raise InputError("BackMix needs two frames with masks or more, for a frame gives itself no background.")
    drawn = (torch.rand(len(own), generator=generator) * others).long().clamp(max=count - 1)
    return torch.where((own >= 0) & (drawn >= own), drawn + 1, drawn)


def mix(image: Tensor, inside: Tensor, background: Tensor) -> Tensor:
    """X~ (N, 1, H, W): the frame where `inside`, bit for bit, and the background elsewhere."""
    return torch.where(inside, image, background)
