"""How the six diffusion models are trained (torch)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.networks.semantic.presets import build
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline
from EchoSynthLib.synthesis.diffusion.export import publish
from EchoSynthLib.synthesis.diffusion.latent_space import one_hot, to_model_space
from EchoSynthLib.synthesis.diffusion.processes.registry import make_process
from EchoSynthLib.synthesis.diffusion.training_configs import Plan, plan
from EchoSynthLib.training.beam_data import load_beam_data
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.distributed import main_process_first
from EchoSynthLib.training.frame_batches import FrameBatches
from EchoSynthLib.training.loop import Moment, Settings
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.recipes import RECIPES
from EchoSynthLib.training.terms import terms_of
from EchoSynthLib.types import Progress

AUTOENCODER_SHARE = 0.25
"""Of the minutes, where the autoencoder is trained first."""
NETWORK = "network"
"""Folder of the diffusion model's checkpoint and log."""


def train(
    data: Path,
    output: Path,
    minutes: float = 60.0,
    device: str = "cpu",
    seed: int = 0,
    resume: bool = True,
    progress: Progress | None = None,
    *,
    model: str = "EDM-L64",
    preset: str = "small",
    autoencoder: Path | None = None,
) -> Path:
    """Train a model on the train split of a CAMUS `.npz`; returns the model folder it makes.

    Args:
        data: the `.npz`.
        output: folder for checkpoints, logs and the model.
        minutes: for how long, the autoencoder's training included.
        device: that torch knows.
        seed: of weights and batches.
        resume: go on from the checkpoints in the folder.
        progress: told how far it is.
        model: a name of `networks.semantic.presets.PAPER`.
        preset: "small" or "paper".
        autoencoder: folder of the one that a latent model stands on; None to train it first, in a share of the minutes.

    Raises:
        InputError: there is no such model or preset.
    """
    chosen = plan(model, preset)
    with main_process_first(device):
        every = load_beam_data(data, output / "beam_data.npz")
    frames = every.part("train")
    run = (device, seed, resume, progress)
    if chosen.latent and autoencoder is None:
        autoencoder = train_autoencoder(data, output, AUTOENCODER_SHARE * minutes, *run, preset, chosen.latent)
        minutes *= 1 - AUTOENCODER_SHARE
    pipeline = untrained(model, preset, chosen, autoencoder, seed)
    settings = Settings(
        minutes=minutes,
        learning_rate=chosen.learning_rate,
        weight_decay=0.0,
        constant=chosen.constant,
        ema_decay=chosen.ema_decay,
        seed=seed,
    )
    batches = FrameBatches(frames, (chosen.side, chosen.side), pipeline.config.classes, device)
    loss = DenoisingLoss(pipeline, batches, chosen.batch)
    basis = {"recipe": f"synthesis.diffusion, {model}, {preset}", "data": sum_of_data(data)}
    if pipeline.autoencoder is not None and autoencoder is not None:
        basis["autoencoder"] = sha256_of_json(
            [sha256_of_file(path) for path in sorted(autoencoder.glob("*.safetensors"))]
        )
    average, state = run_loop(
        pipeline.network, loss, settings, output / NETWORK,
        basis=basis, resume=resume, progress=progress, device=device,
    )  # fmt: skip
    pipeline.register_modules(network=average)
    folder = output / model.lower()
    with main_process_first(device) as is_main:
        if is_main:
            publish(
                pipeline.to("cpu"), folder, model=model, preset=preset, state=state,
                data=frames.summary(), terms=terms_of(every, data), device=device,
            )  # fmt: skip
    return folder


def train_autoencoder(
    data: Path,
    output: Path,
    minutes: float,
    device: str,
    seed: int,
    resume: bool,
    progress: Progress | None,
    preset: str,
    latent: str,
) -> Path:
    """The folder of a latent model's autoencoder; one that the model has begun to be trained on stays as it is."""
    folder = output / "autoencoder" / f"gamma-{latent.lower()}"
    if resume and folder.exists() and (output / NETWORK / "checkpoint.pt").exists():
        return folder
    recipe = RECIPES[f"gamma-{latent.lower()}"].load()
    trained: Path = recipe.train(data, folder.parent, minutes, device, seed, resume, progress, preset, latent)
    return trained


def untrained(model: str, preset: str, chosen: Plan, autoencoder: Path | None, seed: int) -> SemanticDiffusionPipeline:
    """The pipeline whose network is to be trained; an autoencoder that pixel space needs not is not looked at."""
    torch.manual_seed(seed)
    network = build(model, preset, **chosen.changes)
    decoder = None
    if chosen.latent and autoencoder is not None:
        decoder = RECIPES[f"gamma-{chosen.latent.lower()}"].load().load(autoencoder).requires_grad_(False)
    return SemanticDiffusionPipeline(
        network,
        make_process(chosen.process, **chosen.settings),
        decoder,
        rows=chosen.side,
        columns=chosen.side,
        channels=network.config.channels_in,
        classes=network.config.classes,
        default_solver=chosen.solver,
        default_steps=chosen.steps,
        default_discretization=chosen.discretization,
    )


class DenoisingLoss:
    """The process's loss on one batch of moved frames, encoded where the model is latent."""

    def __init__(self, pipeline: SemanticDiffusionPipeline, batches: FrameBatches, count: int) -> None:
        self.process, self.batches, self.count = pipeline.process, batches, count
        self.autoencoder = pipeline.autoencoder
        if self.autoencoder is not None:
            self.autoencoder.to(batches.device)
        self.channels, self.classes, self.grid = pipeline.config.channels, pipeline.config.classes, pipeline.grid

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        batch = self.batches.draw(self.count, moment.generator)
        with torch.no_grad():
            x0 = to_model_space(batch.image, batch.mask, self.autoencoder, self.channels)
            label = one_hot(batch.codes, self.classes, self.grid)
        return self.process.loss(network, x0, moment.generator, label=label).mean()
