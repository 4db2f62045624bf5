"""How a cascade draws: stage after stage, each by the stochastic Heun solver with guidance (torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from EchoSynthLib.networks.diffusion.processes.base import Process, draw_normal
from EchoSynthLib.networks.diffusion.solvers.edm import edm_stochastic
from EchoSynthLib.synthesis.video_diffusion.conditioning import augmented, between, resized
from EchoSynthLib.synthesis.video_diffusion.presets import S_MAX, S_MIN, S_NOISE, Cascade, Stage

AUGMENTATION = 0.2
"""Of the noise on the cine of the stage before, 0 to 1, where a cine is drawn; in training it is anything (Imagen)."""
DYNAMIC = 0.95
"""Share of pixels that dynamic thresholding leaves as they are (Saharia et al. 2022, arXiv 2205.11487, section 2.3)."""

OnStep = Callable[[int, int], None]
"""(steps done, steps in all), of all stages."""


@dataclass(frozen=True)
class Condition:
    """What all stages are told.

    Attributes:
        image: the given frames (N, C, H, W), [-1, 1], at any size.
        ejection_fraction: (N,), 0 to 1.
        kept: whether it is told (N,); where not, the heart beats as the network thinks it would.
    """

    image: Tensor
    ejection_fraction: Tensor
    kept: Tensor


class Guided:
    """D(x; sigma) = D_u + w (D_c - D_u), within [-1, 1] by dynamic thresholding: classifier-free guidance.

    Ho, Salimans 2022 (arXiv 2207.12598). D_u is not told the ejection fraction; it is told all else.

    Args:
        network: of the stage.
        process: gives D its form.
        condition: what the stage is told, at its size.
        guidance: w; 1 asks the network once a time, and where no ejection fraction is told it has no effect.
        low, augmentation: the cine of the stage before, noised, and by how much (N,).
    """

    def __init__(
        self,
        network: nn.Module,
        process: Process,
        condition: Condition,
        guidance: float,
        low: Tensor | None = None,
        augmentation: Tensor | None = None,
    ) -> None:
        self.network, self.process, self.guidance = network, process, guidance
        self.told = {
            "image": condition.image,
            "ejection_fraction": condition.ejection_fraction,
            "low": low,
            "augmentation": augmentation,
        }
        self.kept = condition.kept
        self.evaluations = 0

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        """The estimate of the cines behind x (N, C, T, H, W)."""
        denoised = self._denoised(x, sigma, self.kept)
        if self.guidance != 1 and bool(self.kept.any()):
            without = self._denoised(x, sigma, torch.zeros_like(self.kept))
            denoised = without + self.guidance * (denoised - without)
        return within(denoised)

    def _denoised(self, x: Tensor, sigma: float, kept: Tensor) -> Tensor:
        self.evaluations += 1
        return self.process.denoise(self.network, x, sigma, kept=kept, **self.told)


def within(x: Tensor, share: float = DYNAMIC) -> Tensor:
    """Cines within [-1, 1]: what is beyond the size of a share of a cine's pixels is cut off, then all is scaled to 1.

    Where that size is below 1, it is 1.
    """
    flat = x.flatten(1).abs()
    place = max(1, round(share * flat.shape[1]))
    size = flat.kthvalue(place, dim=1).values.clamp(min=1).reshape(-1, *[1] * (x.ndim - 1))
    return x.clamp(-size, size) / size


@torch.no_grad()
def draw_stage(
    network: nn.Module,
    process: Process,
    stage: Stage,
    frames: int,
    condition: Condition,
    before: Tensor | None,
    generator: Sequence[Generator],
    guidance: float,
    steps: int | None = None,
    on_step: Callable[[], None] | None = None,
    churn: bool = True,
) -> tuple[Tensor, int]:
    """Cines (N, C, frames, side, side) of one stage, [-1, 1], and how often the network was asked.

    Args:
        network: of the stage; it is asked at the stage's full size, whatever crops it was trained on.
        process: of the cascade.
        stage: size, steps, churn.
        frames: that the stage draws.
        condition: what is told.
        before: of the stage before (N, C, T, h, w), where there is one.
        generator: one for each cine, so that none depends on those drawn with it.
        guidance: w.
        steps: None for the stage's own.
        on_step: called after each step.
        churn: False for the probability flow alone, Heun's deterministic method.
    """
    side = (stage.side, stage.side)
    here = Condition(resized(condition.image, side), condition.ejection_fraction, condition.kept)
    like = here.image.new_empty(len(here.image), here.image.shape[1], frames, *side)
    low = augmentation = None
    if before is not None:
        augmentation = like.new_full((len(like),), AUGMENTATION)
        clean = resized(between(before, frames // before.shape[2]), side)
        low = augmented(clean, augmentation, draw_normal(like, list(generator)))
    sigmas = process.sigmas(stage.steps if steps is None else steps, process.name)  # levels of its own
    denoise = Guided(network, process, here, guidance, low, augmentation)

    def told(step: int, sigma: float, x: Tensor) -> Tensor:
        if on_step is not None:
            on_step()
        return x

    found = edm_stochastic(
        denoise, process.noise(like, float(sigmas[0]), list(generator)), sigmas, list(generator), told,
        S_churn=stage.S_churn if churn else 0.0, S_min=S_MIN, S_max=S_MAX, S_noise=S_NOISE,
    )  # fmt: skip
    return found.x.clamp(-1, 1), denoise.evaluations


@torch.no_grad()
def draw(
    networks: Sequence[nn.Module],
    cascade: Cascade,
    condition: Condition,
    generator: Sequence[Generator],
    guidance: float | None = None,
    steps: int | None = None,
    on_step: OnStep | None = None,
) -> tuple[Tensor, int]:
    """Cines (N, C, cascade.frames, side, side), [-1, 1], and how often networks were asked; see `draw_stage`.

    Args:
        networks: one for each stage.
        cascade: what the stages are.
        condition: what is told.
        generator: one for each cine.
        guidance: None for the cascade's own.
        steps: of every stage; None for their own.
        on_step: called after each step; may raise `Cancelled`.
    """
    total = sum(stage.steps if steps is None else steps for stage in cascade.stages)
    done, evaluations = 0, 0

    def told() -> None:
        nonlocal done
        done += 1
        if on_step is not None:
            on_step(done, total)

    cine: Tensor | None = None
    for i, (network, stage) in enumerate(zip(networks, cascade.stages, strict=True)):
        cine, asked = draw_stage(
            network, cascade.process(), stage, cascade.frames_of(i), condition, cine, generator,
            cascade.guidance if guidance is None else guidance, steps, told,
        )  # fmt: skip
        evaluations += asked
    assert cine is not None
    return cine, evaluations
