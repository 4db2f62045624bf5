"""Solvers that diffusers has already, brought into the sigma picture.

Its schedulers walk on x_t = alpha (x_0 + sigma n) with alpha = 1 / sqrt(sigma^2 + 1). They are given our noise levels
instead of their own, and the denoised image as the network's output, so that each runs on any process and any levels.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    UniPCMultistepScheduler,
)
from torch import Tensor

from EchoSynthLib.networks.diffusion.solvers.base import (
    Counted,
    Denoise,
    DenoiseWithVariance,
    Generators,
    OnStep,
    Solution,
    integrate,
)


def ddim(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """DDIM, eta = 0 (Song et al. 2021): first order, one evaluation a step."""
    scheduler = DDIMScheduler(len(sigmas) - 1, prediction_type="sample", clip_sample=False)
    return walk(with_alpha_bar(scheduler, sigmas), denoise, x, sigmas, generator, on_step)


def dpm_solver(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """DPM-Solver++(2M) (Lu et al. 2022): second order, one evaluation a step."""
    scheduler = DPMSolverMultistepScheduler(prediction_type="sample", solver_order=2, algorithm_type="dpmsolver++")
    return walk(with_sigmas(scheduler, sigmas), denoise, x, sigmas, generator, on_step)


def dpm_solver_sde(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """SDE-DPM-Solver++(2M) (Lu et al. 2022): as above, with noise added in each step."""
    scheduler = DPMSolverMultistepScheduler(prediction_type="sample", solver_order=2, algorithm_type="sde-dpmsolver++")
    return walk(with_sigmas(scheduler, sigmas), denoise, x, sigmas, generator, on_step)


def unipc(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """UniPC-2, B(h) = e^h - 1 (Zhao et al. 2023): a corrector on top of a second-order predictor, one evaluation."""
    scheduler = UniPCMultistepScheduler(prediction_type="sample", solver_order=2, solver_type="bh2")
    return walk(with_sigmas(scheduler, sigmas), denoise, x, sigmas, generator, on_step)


def ancestral(
    denoise: Denoise, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """DDPM's ancestral sampling (Ho et al. 2020) with the variance beta~: one evaluation a step."""
    scheduler = DDPMScheduler(len(sigmas) - 1, prediction_type="sample", clip_sample=False)
    return walk(with_alpha_bar(scheduler, sigmas), denoise, x, sigmas, generator, on_step)


def ancestral_learned(
    denoise: DenoiseWithVariance, x: Tensor, sigmas: Tensor, generator: Generators = None, on_step: OnStep | None = None
) -> Solution:
    """The same with the learned variance (Nichol, Dhariwal 2021), its bounds those of the levels walked on."""
    scheduler = DDPMScheduler(
        len(sigmas) - 1, prediction_type="sample", clip_sample=False, variance_type="learned_range"
    )

    def both(x: Tensor, sigma: float) -> Tensor:
        return torch.cat(denoise(x, sigma), dim=1)

    return walk(with_alpha_bar(scheduler, sigmas), both, x, sigmas, generator, on_step)


def alpha(sigma: float) -> float:
    """The scale 1 / sqrt(sigma^2 + 1) of x_t where its noise level is sigma."""
    return 1 / math.sqrt(sigma**2 + 1)


def with_sigmas(scheduler: Any, sigmas: Tensor) -> Any:
    """A multistep scheduler on these noise levels (steps + 1,)."""
    scheduler.set_timesteps(len(sigmas) - 1)
    scheduler.sigmas = sigmas.cpu()
    scheduler.timesteps = torch.arange(len(sigmas) - 1)
    scheduler.set_begin_index(0)
    return scheduler


def with_alpha_bar(scheduler: Any, sigmas: Tensor) -> Any:
    """A scheduler of a discrete process whose steps are these noise levels (steps + 1,)."""
    scheduler.alphas_cumprod = 1 / (sigmas[:-1].cpu().flip(0) ** 2 + 1)
    scheduler.set_timesteps(len(sigmas) - 1)
    return scheduler


def walk(
    scheduler: Any,
    denoise: Denoise,
    x: Tensor,
    sigmas: Tensor,
    generator: Generators,
    on_step: OnStep | None,
) -> Solution:
    """March with a scheduler's own steps."""
    D = Counted(denoise)
    timesteps = iter(scheduler.timesteps)
    advance: Callable[..., Any] = scheduler.step
    drawing = {"generator": generator} if "generator" in inspect.signature(advance).parameters else {}

    def step(x: Tensor, sigma: float, sigma_next: float) -> Tensor:
        x_t = advance(D(x, sigma), next(timesteps), alpha(sigma) * x, **drawing).prev_sample
        return (x_t / alpha(sigma_next)).to(x)

    return integrate(step, D, x, sigmas, on_step)
