"""What all diffusion processes share: x_sigma = x_0 + sigma n, the picture of Karras et al. 2022 (arXiv 2206.00364)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.utils.torch_utils import randn_tensor
from torch import Generator, Tensor
from torch.nn import functional as F

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.diffusion.noise_schedules import DISCRETIZATIONS

Network = Callable[..., Tensor]
"""The raw network F: network(x (N, C, H, W) or (N, C, T, H, W), c_noise (N,), **condition)."""
Sigma = float | Tensor
"""A noise level, or one for each image (N,)."""


class Preconditioning(NamedTuple):
    """D(x; sigma) = c_skip x + c_out F(c_in x; c_noise), Eq. 7; the first three (N, 1, 1, 1), c_noise (N,)."""

    c_skip: Tensor
    c_out: Tensor
    c_in: Tensor
    c_noise: Tensor


class Process(SchedulerMixin, ConfigMixin):
    """A diffusion process. It keeps no state: what defines it is in its config, which diffusers saves and loads.

    Attributes:
        name: in the tables and records.
        sigma_min, sigma_max: noise levels between which a network is trained.
        sigma_data: standard deviation of the data, which EDM makes use of.
    """

    name: str
    sigma_min: float
    sigma_max: float
    sigma_data: float = 0.5

    def preconditioning(self, sigma: Tensor) -> Preconditioning:
        """The four functions of sigma (N,) that make D of F; Table 1, 'Network and preconditioning'."""
        raise NotImplementedError

    def draw_sigma(self, count: int, generator: Generator) -> Tensor:
        """Noise levels (N,) to train at; Table 1, 'Training'."""
        raise NotImplementedError

    def weight(self, sigma: Tensor) -> Tensor:
        """lambda(sigma), the weight (N,) of the squared error of D; Table 1, 'Training'."""
        raise NotImplementedError

    def noise(self, like: Tensor, sigma: Sigma, generator: Generator | list[Generator] | None) -> Tensor:
        """Noise of mean 0 and standard deviation sigma, of a tensor's shape; a list has a generator for each image."""
        return column(sigma, like) * draw_normal(like, generator)

    def denoise(self, network: Network, x: Tensor, sigma: Sigma, **condition: Any) -> Tensor:
        """D(x; sigma): the network's estimate of x_0 from x = x_0 + sigma n, of the same shape."""
        *factors, c_noise = self.preconditioning(per_image(sigma, x))
        c_skip, c_out, c_in = (over(factor, x) for factor in factors)
        return c_skip * x + c_out * network(c_in * x, c_noise, **condition).to(x.dtype)

    def loss(
        self, network: Network, x0: Tensor, generator: Generator, mask: Tensor | None = None, **condition: Any
    ) -> Tensor:
        """lambda(sigma) |D(x_0 + sigma n; sigma) - x_0|^2, Eq. 2, the mean over each image's pixels (N,).

        Args:
            network: the raw network, in training mode.
            x0: images or latents (N, C, H, W), or cines (N, C, T, H, W), about [-1, 1].
            generator: of sigma and n, on the CPU so that a seed means the same on every device.
            mask: (N, 1, H', W'), or of cines anything that stretches to their shape; only what is inside counts.
            condition: handed to the network, such as `label`.
        """
        sigma = self.draw_sigma(len(x0), generator).to(x0)
        x = x0 + self.noise(x0, sigma, generator)
        error = (self.denoise(network, x, sigma, **condition) - x0).square()
        return self.weight(sigma) * mean_per_image(error, mask)

    def sigmas(self, steps: int, discretization: str) -> Tensor:
        """`steps` noise levels falling from sigma_max to sigma_min, then 0: (steps + 1,), float64.

        Where the discretization was published for a narrower range than the process has, its own range is kept to.

        Raises:
            InputError: fewer than one step, more than the discretization has, or a discretization not known.
        """
        if discretization not in DISCRETIZATIONS:
            raise InputError(
                f"The discretization {discretization!r} is not known. Give one of: {', '.join(DISCRETIZATIONS)}."
            )
        return DISCRETIZATIONS[discretization].grid(steps, self.sigma_min, self.sigma_max)


def per_image(sigma: Sigma, like: Tensor) -> Tensor:
    """Sigma as (N,), of a tensor's type and device."""
    return torch.as_tensor(sigma, dtype=like.dtype, device=like.device).expand(len(like))


def column(sigma: Sigma, like: Tensor) -> Tensor:
    """Sigma as (N, 1, 1, 1), or as many dimensions as a tensor has, of its type and device."""
    return over(per_image(sigma, like), like)


def over(values: Tensor, like: Tensor) -> Tensor:
    """N values as (N, 1, ..., 1), to be multiplied with a tensor (N, C, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


def draw_normal(like: Tensor, generator: Generator | list[Generator] | None) -> Tensor:
    """White noise of a tensor's shape and type; a generator on the CPU gives the same on every device."""
    return randn_tensor(tuple(like.shape), generator=generator, device=like.device, dtype=like.dtype)


def mean_per_image(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean (N,) of values (N, C, H, W) over the pixels where a mask (N, 1, H', W'), nearest-resized, is not zero.

    Without a mask of values of any shape (N, ...), such as those of cines, whose mask is stretched to their shape.
    """
    if mask is None:
        return values.flatten(1).mean(dim=1)
    inside = (mask != 0).to(values.dtype)
    if values.ndim == 4:
        inside = F.interpolate(inside, size=values.shape[-2:], mode="nearest")
    inside = inside.expand_as(values).flatten(1)
    return (values.flatten(1) * inside).sum(dim=1) / inside.sum(dim=1).clamp(min=1)
