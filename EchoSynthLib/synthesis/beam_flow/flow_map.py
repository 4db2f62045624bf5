"""Losses of a flow map with guidance, learned by self-distillation (torch)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

Velocity = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
"""u(z, t, r, guidance, label, condition)"""


def column(values: Tensor) -> Tensor:
    """(N,) as (N, 1, 1, 1)."""
    return values[:, None, None, None]


def draw_time(count: int, generator: Generator) -> Tensor:
    """Times in (0, 1): mostly logit-normal about the middle, one in five uniform."""
    middle = torch.sigmoid(torch.randn(count, generator=generator) + 0.2)
    anywhere = torch.rand(count, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < 0.2, anywhere, middle)


def draw_interval(count: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Times t > s > r; every fourth interval starts at t = 1, where few-step sampling begins."""
    ends = torch.rand(2, count, generator=generator).sort(dim=0).values
    from_noise = torch.rand(count, generator=generator) < 0.25
    t, r = torch.where(from_noise, torch.ones(count), ends[1]), ends[0]
    return t, r + (t - r) * (0.25 + 0.5 * torch.rand(count, generator=generator)), r


def draw_noise(like: Tensor, generator: Generator) -> Tensor:
    """White noise of a tensor's shape, drawn on the CPU so that a seed means the same on every device."""
    return torch.randn(like.shape, generator=generator).to(like.device)


def flow_matching_loss(u: Velocity, x: Tensor, label: Tensor, condition: Tensor, generator: Generator) -> Tensor:
    """|u(z_t, t, t) - (e - x)|^2 with z_t = (1 - t) x + t e (Lipman et al. 2023), unguided (w = 1)."""
    noise, t = draw_noise(x, generator), draw_time(len(x), generator).to(x.device)
    z = (1 - column(t)) * x + column(t) * noise
    return (u(z, t, t, torch.ones_like(t), label, condition) - (noise - x)).square().mean(dim=(1, 2, 3))


def guided_velocity_loss(
    u: Velocity, teacher: Velocity, x: Tensor, label: Tensor, condition: Tensor, w: Tensor, generator: Generator
) -> Tensor:
    """u(z, t, t, w) against v(z|no label) + w (v(z|label) - v(z|no label)) of the average (Ho, Salimans 2022)."""
    noise, t = draw_noise(x, generator), draw_time(len(x), generator).to(x.device)
    z = (1 - column(t)) * x + column(t) * noise
    with torch.no_grad():
        one = torch.ones_like(torch.cat([t, t]))
        both = teacher(
            torch.cat([z, z]), torch.cat([t, t]), torch.cat([t, t]), one,
            torch.cat([label, torch.zeros_like(label)]), torch.cat([condition, condition]),
        )  # fmt: skip
        seeing, blind = both.chunk(2)
        target = blind + column(w) * (seeing - blind)
    return (u(z, t, t, w, label, condition) - target).square().mean(dim=(1, 2, 3))


def semigroup_loss(
    u: Velocity, teacher: Velocity, x: Tensor, label: Tensor, condition: Tensor, w: Tensor, generator: Generator
) -> Tensor:
    """One long step against two shorter ones of the averaged network: (t-r) u(t, r) = (t-s) u(t, s) + (s-r) u(s, r).

    Source: progressive self-distillation of flow maps (Boffi, Albergo, Vanden-Eijnden 2025), shortcut models (Frans et
    al. 2025).
    """
    noise = draw_noise(x, generator)
    t, s, r = (times.to(x.device) for times in draw_interval(len(x), generator))
    z = (1 - column(t)) * x + column(t) * noise
    with torch.no_grad():
        first = teacher(z, t, s, w, label, condition)
        second = teacher(z - column(t - s) * first, s, r, w, label, condition)
        share = column((t - s) / (t - r).clamp(min=1e-4))
        target = share * first + (1 - share) * second
    return (u(z, t, r, w, label, condition) - target).square().mean(dim=(1, 2, 3))
