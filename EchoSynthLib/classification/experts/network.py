"""An expert with its mean, and the fusion of several (torch; Bransby et al. 2024, arXiv 2407.21577)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from EchoSynthLib.classification.sites import Sites
from EchoSynthLib.networks.resnet import ResNet, resnet

DROPOUT = 0.1
HIDDEN = (64, 16)
FUSIONS = ("nmd-wSF", "attn-wSF", "SF")
"""Weights of the experts from their mean discrepancies, from their features, or all 1."""


class Expert(nn.Module):
    """One site's classifier, with the mean over its train set of the channels' spatial means."""

    def __init__(self, classes: int, preset: str = "small") -> None:
        super().__init__()
        self.network: ResNet = resnet(preset, classes, dropout=DROPOUT)
        channels = sum(layer.out_channels for layer in self.network.convolutions())
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(channels))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frames (N, 1, H, W) to features (N, F), logits (N, C) and neural mean discrepancy (N, D)."""
        features, means = self.network.observed(x)
        return features, self.network.logits(features), means - self.mean


class Fusion(nn.Module):
    """L_g = sum_k w_k S_{g,k}: every expert votes for each site's classes, as much as it knows this kind of image.

    S_{g,g} are the frozen logits of site g's own expert, S_{g,k} a linear map of the features of expert k. The logit of
    a class is the largest one of the sites that own it.

    Args:
        sites: with their classes.
        features: length of the experts' features.
        discrepancies: of each expert, the length of its mean discrepancy.
        kind: one of `FUSIONS`.
    """

    def __init__(self, sites: Sites, features: int, discrepancies: Sequence[int], kind: str) -> None:
        super().__init__()
        if kind not in FUSIONS:
            raise ValueError(f"a fusion is one of {', '.join(FUSIONS)}; given was {kind!r}")
        self.sites, self.kind = sites, kind
        count = len(sites.names)
        self.votes = nn.ModuleDict(
            {
                f"{g} {k}": nn.Linear(features, len(sites.classes_of[g]))
                for g in sites.names
                for k in sites.names
                if g != k
            }
        )
        length = count * features if kind == "attn-wSF" else sum(discrepancies)
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.zeros(length))
        self.register_buffer("scale", torch.ones(length))
        first, second = HIDDEN
        self.weigh = nn.Sequential(
            nn.Linear(length, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, count)
        )

    def standardize(self, features: Tensor, discrepancy: Tensor) -> None:
        """Bring each number that the weights are told of to mean 0 and variance 1 over train rows: without it softmax
        weights of raw discrepancies are 0 or 1 at once."""
        told = self.told(features, discrepancy)
        self.shift.copy_(told.mean(dim=0))
        self.scale.copy_(1 / told.std(dim=0, correction=0).clamp(min=1e-4))

    def told(self, features: Tensor, discrepancy: Tensor) -> Tensor:
        """What the weights rest on: features (N, K, F) or discrepancies (N, sum D)."""
        return features.flatten(1) if self.kind == "attn-wSF" else discrepancy

    def weights(self, features: Tensor, discrepancy: Tensor) -> Tensor:
        """(N, K): of the experts, not negative, with the sum 1; all 1 in SF."""
        if self.kind == "SF":
            return torch.ones(features.shape[:2], device=features.device)
        told = (self.told(features, discrepancy) - self.shift) * self.scale
        return torch.softmax(self.weigh(told), dim=1)

    def group_logits(self, site: str, features: Tensor, logits: Tensor, weights: Tensor) -> Tensor:
        """L_g (N, C_g) of a site, of features (N, K, F), the experts' own logits (N, sum C) and weights (N, K)."""
        parts = [
            logits[:, self.sites.columns(k)] if k == site else self.votes[f"{site} {k}"](features[:, number])
            for number, k in enumerate(self.sites.names)
        ]
        return (weights[:, :, None] * torch.stack(parts, dim=1)).sum(dim=1)

    def forward(self, features: Tensor, logits: Tensor, discrepancy: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of all classes (N, C) and weights (N, K)."""
        weights = self.weights(features, discrepancy)
        groups = {g: self.group_logits(g, features, logits, weights) for g in self.sites.names}
        columns = []
        for name in self.sites.classes:
            owned = [groups[g][:, self.sites.classes_of[g].index(name)] for g in self.sites.owners(name)]
            columns.append(torch.stack(owned).amax(dim=0))
        return torch.stack(columns, dim=1), weights


class FusedExperts(nn.Module):
    """All of it in one: frames to logits of all classes and weights of the experts."""

    def __init__(self, experts: Sequence[Expert], fusion: Fusion) -> None:
        super().__init__()
        self.experts, self.fusion = nn.ModuleList(experts), fusion

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1, H, W) to (N, C) and (N, K)."""
        features, logits, discrepancy = zip(*(expert(x) for expert in self.experts), strict=True)
        return self.fusion(torch.stack(features, dim=1), torch.cat(logits, dim=1), torch.cat(discrepancy, dim=1))
