"""How the six diffusion models are trained (torch)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.networks.diffusion.processes.registry import make_process
from EchoSynthLib.networks.diffusion.solvers.registry import fitting_solvers
from EchoSynthLib.networks.semantic.presets import build
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline
from EchoSynthLib.synthesis.diffusion.export import export
from EchoSynthLib.synthesis.diffusion.latent_space import one_hot, to_model_space
from EchoSynthLib.synthesis.diffusion.training_configs import TrainingConfig, training_config
from EchoSynthLib.system import Recipe
from EchoSynthLib.systems import RECIPES
from EchoSynthLib.training.beam_data import load_beam_data
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.distributed import main_process_first
from EchoSynthLib.training.frame_batches import FrameBatches
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import terms_of

AUTOENCODER_SHARE = 0.25
"""Of the training, where the autoencoder is trained first."""
NETWORK = "network"
"""Folder of the diffusion model's checkpoint and log."""


def train(
    run: TrainingRun,
    *,
    model: str,
    preset: str = "small",
    autoencoder: str | None = None,
    autoencoder_folder: Path | None = None,
) -> Path:
    """Train a model on the train split of a CAMUS `.npz`; returns the model folder it makes.

    Args:
        run: what every recipe is asked for; its budget is also the autoencoder's.
        model: a name of `networks.semantic.presets.PAPER`.
        preset: "small" or "paper".
        autoencoder: of `systems.RECIPES`, what a latent model stands on; trained first, in a share of the budget.
        autoencoder_folder: of one that is trained already.

    Raises:
        InputError: there is no such model or preset, or no budget for the paper's size.
    """
    chosen = training_config(model, preset)
    run = run.of(chosen.iterations)
    with main_process_first(run.device):
        every = load_beam_data(run.data, run.output / "beam_data.npz")
    frames = every.part("train")
    decoder, begin = None, 0.0
    if autoencoder is not None:
        stands_on = RECIPES[autoencoder]
        if autoencoder_folder is None:
            autoencoder_folder, begin = train_autoencoder(stands_on, run, preset), AUTOENCODER_SHARE
        decoder = stands_on.system.load().from_pretrained(autoencoder_folder).requires_grad_(False)
    pipeline = untrained(model, preset, chosen, decoder, run.seed)
    stage = run.stage(run.output / NETWORK, begin, 1)
    settings = Settings(
        **stage.budget,
        learning_rate=chosen.learning_rate,
        weight_decay=0.0,
        constant=chosen.constant,
        ema_decay=chosen.ema_decay,
        seed=run.seed,
    )
    batches = FrameBatches(frames, (chosen.side, chosen.side), pipeline.config.classes, run.device)
    loss = DenoisingLoss(pipeline, batches, chosen.batch)
    basis = {"recipe": f"synthesis.diffusion, {model}, {preset}", "data": sum_of_data(run.data)}
    if autoencoder_folder is not None:
        basis["autoencoder"] = sha256_of_json(
            [sha256_of_file(path) for path in sorted(autoencoder_folder.glob("*.safetensors"))]
        )
    average, state = run_loop(
        pipeline.network, loss, settings, stage.output,
        basis=basis, resume=stage.resume, progress=stage.progress, device=stage.device,
    )  # fmt: skip
    pipeline.register_modules(network=average)
    folder = run.output / run.name
    with main_process_first(run.device) as is_main:
        if is_main:
            command = train_command(run.name, run.data, run.output, **run.asked, preset=preset)
            made = Made(frames.summary(), terms_of(every, run.data), command, run.device)
            export(pipeline.to("cpu"), folder, model=model, preset=preset, state=state, made=made)
    return folder


def solvers(model: str, preset: str = "small", autoencoder: str | None = None) -> list[str]:
    """Those that a model will have; see `train`."""
    return fitting_solvers(training_config(model, preset).process)


def train_autoencoder(recipe: Recipe, run: TrainingRun, preset: str) -> Path:
    """The folder of a latent model's autoencoder; one that the model has begun to be trained on stays as it is."""
    folder = run.output / "autoencoder"
    if run.resume and (folder / recipe.name).exists() and (run.output / NETWORK / "checkpoint.pt").exists():
        return folder / recipe.name
    return recipe.train(run.stage(folder, 0, AUTOENCODER_SHARE), preset=preset)


def untrained(
    model: str, preset: str, chosen: TrainingConfig, autoencoder: nn.Module | None, seed: int
) -> SemanticDiffusionPipeline:
    """The pipeline whose network is to be trained."""
    torch.manual_seed(seed)
    network = build(model, preset, **chosen.changes)
    return SemanticDiffusionPipeline(
        network,
        make_process(chosen.process, **chosen.settings),
        autoencoder,
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
