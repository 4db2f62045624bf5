"""How latents are drawn: a frame's of noise, then a cine's beside it, of any length, stitched at every step (torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from EchoSynthLib.networks.diffusion.latent_video import CHANNELS, LATENT, dropped, predicted, predicted_image
from EchoSynthLib.networks.diffusion.processes.base import Process
from EchoSynthLib.networks.diffusion.solvers.base import Denoise
from EchoSynthLib.networks.diffusion.solvers.registry import find_solver
from EchoSynthLib.networks.diffusion.stitching import chunk_starts, stitched
from EchoSynthLib.synthesis.latent_video.presets import LatentVideo

OnStep = Callable[[], None]
"""Called after each step of a solver; may raise `Cancelled`."""


@torch.no_grad()
def draw_frames(
    network: Any, size: LatentVideo, generators: Sequence[Generator], on_step: OnStep | None = None
) -> tuple[Tensor, int]:
    """Latents (N, 4, 14, 14) of frames of nobody's hearts, and how often the network was asked.

    Args:
        network: of latent images.
        size: process, solver and steps.
        generators: one for each frame, so that none depends on those drawn with it.
        on_step: called after each step.
    """
    like = torch.empty(len(generators), CHANNELS, LATENT, LATENT, device=network.device)
    process = size.make_process()
    denoise = partial(process.denoise, partial(predicted_image, network))
    return _solved(denoise, process, size, like, generators, on_step)


@torch.no_grad()
def draw_cines(
    network: Any,
    size: LatentVideo,
    reference: Tensor,
    told: Tensor,
    frames: int,
    generators: Sequence[Generator],
    on_step: OnStep | None = None,
) -> tuple[Tensor, int]:
    """Latents (N, frames, 4, 14, 14) of cines, and how often the network was asked, for chunks and guidance, too.

    Args:
        network: of latent cines.
        size: process, solver, steps, chunks, guidance.
        reference: latents (N, 4, 14, 14) of the frames that begin to beat.
        told: ejection fractions (N,), 0 to 1; -1 for any.
        frames: how many.
        generators: one for each cine.
        on_step: called after each step.
    """
    process = size.make_process()
    denoise = StitchedDenoiser(network, process, size, reference, told)
    # Whole chunks are drawn, for the network has seen no other number of frames, and what is too much is cut off.
    starts = chunk_starts(frames, size.frames, size.overlap)
    like = reference.new_empty(len(reference), starts[-1] + size.frames, *reference.shape[1:])
    found, _ = _solved(denoise, process, size, like, generators, on_step)
    return found[:, :frames], denoise.evaluations


class StitchedDenoiser:
    """D(x; sigma) of cines of whole chunks, with the guidance of Ho and Salimans 2022 (arXiv 2207.12598).

    D = D_u + w (D_c - D_u), of which D_u is not told the ejection fraction; where none is told, or w is 1, the network
    is asked once for each chunk.
    """

    def __init__(self, network: Any, process: Process, size: LatentVideo, reference: Tensor, told: Tensor) -> None:
        self.network, self.process, self.size = partial(predicted, network), process, size
        self.reference, self.told = reference, told
        self.untold = dropped(told, 1.0)
        self.evaluations = 0

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """The estimate of the latents behind x (N, T, 4, 14, 14)."""

        def chunk(noisy: Tensor, reference: Tensor) -> Tensor:
            denoised = self._asked(noisy, sigma, reference, self.told)
            if self.size.guidance == 1 or torch.equal(self.told, self.untold):
                return denoised
            without = self._asked(noisy, sigma, reference, self.untold)
            return without + self.size.guidance * (denoised - without)

        return stitched(chunk, x, self.reference, self.size.frames, self.size.overlap)

    def _asked(self, noisy: Tensor, sigma: float, reference: Tensor, told: Tensor) -> Tensor:
        self.evaluations += 1
        return self.process.denoise(self.network, noisy, sigma, reference=reference, told=told)


def _solved(
    denoise: Denoise,
    process: Process,
    size: LatentVideo,
    like: Tensor,
    generators: Sequence[Generator],
    on_step: OnStep | None,
) -> tuple[Tensor, int]:
    """From noise of a tensor's shape to what the solver of a preset arrives at."""

    def after(step: int, sigma: float, x: Tensor) -> Tensor:
        if on_step is not None:
            on_step()
        return x

    sigmas = process.sigmas(size.steps, size.discretization)
    noise = process.noise(like, float(sigmas[0]), list(generators))
    return find_solver(size.solver, process).solve(denoise, noise, sigmas, list(generators), after)
