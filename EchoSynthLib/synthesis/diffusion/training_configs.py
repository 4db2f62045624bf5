"""What the recipe decides for each of the six models: process, sampling, and by preset the optimization (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.semantic.presets import PAPER


@dataclass(frozen=True)
class TrainingConfig:
    """How one model is trained, and sampled where its user does not choose.

    Attributes:
        process: a name of `networks.diffusion.processes.registry.PROCESSES`.
        latent: "L64", "L128" or None in pixel space.
        side: of the square images, in pixels.
        changes: arguments of the network that differ from its preset.
        settings: of the process.
        solver, steps, discretization: of sampling.
        batch: frames.
        learning_rate: of AdamW.
        constant: share of the training before it decays.
        ema_decay: of the averaged weights.
        iterations: where no budget is asked for, the autoencoder's included; None where it has to be.
    """

    process: str
    latent: str | None
    side: int
    solver: str
    steps: int
    discretization: str
    batch: int
    learning_rate: float
    constant: float
    ema_decay: float
    iterations: int | None
    changes: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


FOLDED: Mapping[str, Any] = {"patch": 4, "input_skip": True}
"""Of the small networks in pixel space: 24 channels cannot carry the noise of 16 folded planes through, and a network
that is to tell it (SDM, VP, VE) would leave most of it in the image."""
PROCESS_OF = {"SDM": "ddpm", "VP": "vp", "VE": "ve"}
"""The others' is EDM."""
LATENT_OF = {"EDM-L128": "L128", "EDM-L64": "L64"}


def training_config(model: str, preset: str) -> TrainingConfig:
    """The plan of a model.

    In the paper's size, images, batches and learning rate are the papers'; the average of the weights, which EDM's
    code switched off, is on, and AdamW's rate decays at the very end. The small one draws 224 x 224 images, CAMUS' own
    grid here, with ten Heun steps, about a second on one core. In pixel space it folds them four by four, so that all
    six U-Nets work at 56 x 56 and cost the same; what comes in is then also added to what goes out.

    Args:
        model: a name of `networks.semantic.presets.PAPER`.
        preset: "small" or "paper".

    Raises:
        InputError: there is no such model or preset.
    """
    if model not in PAPER or preset not in ("small", "paper"):
        raise InputError(
            f"There is no model {model!r} in preset {preset!r}; "
            f"known are presets small, paper; models {', '.join(PAPER)}."
        )
    process, latent = PROCESS_OF.get(model, "edm"), LATENT_OF.get(model)
    if preset == "paper":
        sampling = ("ancestral-learned", 1000, "iddpm") if model == "SDM" else ("heun", 25, "edm")
        batch = 96 if model == "SDM" else 12
        return TrainingConfig(process, latent, 256, *sampling, batch, 1e-4, 0.99, 0.9999, None)
    sampling = ("dpm-solver++", 20, "edm") if model == "SDM" else ("heun", 10, "edm")
    changes = {} if latent else FOLDED
    settings = {"unit_input": True} if process == "ve" else {}
    return TrainingConfig(process, latent, 224, *sampling, 8, 1e-3, 0.3, 0.998, 4500, changes, settings)
