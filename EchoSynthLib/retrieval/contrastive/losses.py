"""What is learned: which frame of the other scan is the same (InfoNCE), and whether two show the same (torch)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TEMPERATURE = 0.1


def info_nce(products: Tensor, same: Tensor | None = None, temperature: float = TEMPERATURE) -> Tensor:
    """The symmetric cross-entropy of finding one view by the other among B.

        L = (CE(z1 z2^T / t, y) + CE(z2 z1^T / t, y^T)) / 2

    Args:
        products: (B, C) of directions of both views.
        same: (B, C) how far each pair is the same, 0 to 1, where labels are soft; None for the paper's identity. Rows
            and columns without any are left out.
        temperature: t.
    """
    labels = torch.eye(len(products), device=products.device) if same is None else same
    return (_one_way(products / temperature, labels) + _one_way(products.T / temperature, labels.T)) / 2


def _one_way(logits: Tensor, labels: Tensor) -> Tensor:
    total = labels.sum(dim=1)
    chosen = total > _LEAST
    if not bool(chosen.any()):
        return logits.sum() * 0
    return F.cross_entropy(logits[chosen], labels[chosen] / total[chosen, None])


_LEAST = 0.3
"""Labels of a row together, below which its frame has no partner in the other scan."""


def match_loss(logits: Tensor, same: Tensor, within: Tensor) -> Tensor:
    """Binary cross-entropy of soft labels, in which matches count as much as all else, and pairs within a subject as
    much as those of two.

    Args:
        logits: (P, Q).
        same: (P, Q) labels in [0, 1].
        within: (P, Q) whether both frames are of one subject.
    """
    loss = F.binary_cross_entropy_with_logits(logits, same, reduction="none")
    parts = [same, (1 - same) * within, (1 - same) * ~within]
    shares = (0.5, 0.3, 0.2)
    return torch.stack(
        [share * (loss * part).sum() / part.sum().clamp(min=1.0) for share, part in zip(shares, parts, strict=True)]
    ).sum()
