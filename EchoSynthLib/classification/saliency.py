"""What in a frame a classifier rests on: gradients on the full path, occlusion on the fast one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.arguments import whole_number
from EchoSynthLib.errors import InputError, needs

if TYPE_CHECKING:
    from torch import Tensor, nn

Shares = Mapping[str, float]
GRADIENTS = ("input gradient", "Grad-CAM")
CELLS = 12
"""Along each side of a frame that is covered piece by piece."""


def occlusion(
    frame: NDArray[np.uint8], tell: Callable[[NDArray[np.uint8]], Shares], name: str = "", cells: int = CELLS
) -> NDArray[np.float32]:
    """How much a class's share falls where a piece of the frame is black (Zeiler and Fergus 2014, doi
    10.1007/978-3-319-10590-1_53), as if no echo came from there; it needs no gradients.

    Args:
        frame: (H, W) uint8.
        tell: frame to shares of classes; asked cells**2 + 1 times.
        name: of the class; '' for the likeliest.
        cells: along each side. Each is covered with half of its neighbors.

    Returns:
        (H, W) saliency, not negative: the fall of the share, interpolated between the middles of the cells.

    Raises:
        InputError: no such class or number of cells, or the frame is smaller than the cells.
    """

    shares = tell(frame)
    name = name or max(shares, key=lambda one: shares[one])
    if name not in shares:
        raise InputError(f"The classes are {', '.join(shares)}; given was {name!r}.")
    left = [tell(one)[name] for one in covered(frame, cells)]
    return map_of_falls(shares[name] - np.array(left), frame.shape)


def covered(frame: NDArray[np.uint8], cells: int = CELLS) -> NDArray[np.uint8]:
    """(cells**2, H, W): a frame (H, W) with each of its cells, and half of their neighbors, in black.

    Raises:
        InputError: no such number of cells, or the frame is smaller than they are many.
    """
    cells = whole_number(cells, "cells", 2)
    if frame.ndim != 2 or min(frame.shape) < cells:
        raise InputError(f"A frame (H, W) of at least {cells} pixels a side is covered; given was {frame.shape}.")
    edges = [np.linspace(0, size, cells + 1) for size in frame.shape]
    found = np.repeat(frame[None], cells**2, axis=0)
    for number, place in enumerate(np.ndindex(cells, cells)):
        rows, columns = (
            slice(max(0, round(edge[k] - edge[1] / 2)), round(edge[k + 1] + edge[1] / 2))
            for edge, k in zip(edges, place, strict=True)
        )
        found[number, rows, columns] = 0
    return found


def map_of_falls(falls: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(H, W): the falls of a share (cells**2,), where it rose 0, between the middles of the cells."""
    from scipy.ndimage import map_coordinates

    cells = math.isqrt(len(falls))
    grid = np.clip(falls, 0, None).reshape(cells, cells).astype(np.float32)
    places = [(np.arange(size) + 0.5) / size * cells - 0.5 for size in shape]
    found: NDArray[np.float32] = map_coordinates(grid, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
    return found


def gradient_saliency(
    network: nn.Module, x: Tensor, kind: str = GRADIENTS[0], classes: Tensor | None = None
) -> NDArray[np.float32]:
    """Saliency (N, H, W), not negative, of what a network says of normalized frames (N, 1, H, W).

    |input gradient| is that of the class's logit (Simonyan et al. 2014, arXiv 1312.6034); Grad-CAM the last feature map
    weighted by the mean gradients of its channels, its negative part left out (Selvaraju et al. 2017, arXiv
    1610.02391), which needs a network with `feature_map` and `logits`, as `networks.resnet.ResNet`.

    Args:
        network: frames to logits.
        x: frames as it takes them.
        kind: one of `GRADIENTS`.
        classes: (N,) whose logits are asked for; None for the likeliest ones.

    Raises:
        InputError: another kind.
        EchoSynthError: torch is not installed.
    """
    if kind not in GRADIENTS:
        raise InputError(f"Saliency by gradients is one of {', '.join(GRADIENTS)}; given was {kind!r}.")
    with needs("full", "Saliency by gradients"):
        import torch
        from torch.nn import functional as F
    network.eval()
    with torch.enable_grad():
        if kind == GRADIENTS[0]:
            at = x.detach().clone().requires_grad_(True)
            logits = network(at)
        else:
            at = network.feature_map(x).detach().requires_grad_(True)  # type: ignore[operator]
            logits = network.logits(at.mean(dim=(-2, -1)))  # type: ignore[operator]
        chosen = logits.argmax(dim=1) if classes is None else classes
        (gradient,) = torch.autograd.grad(logits.gather(1, chosen[:, None]).sum(), at)
    if kind == GRADIENTS[0]:
        return gradient.abs().sum(dim=1).cpu().numpy()
    weighted = (at.detach() * gradient.mean(dim=(-2, -1), keepdim=True)).sum(dim=1, keepdim=True).clamp(min=0)
    return F.interpolate(weighted, size=x.shape[-2:], mode="bilinear", align_corners=False)[:, 0].cpu().numpy()
