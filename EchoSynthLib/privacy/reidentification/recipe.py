"""How hearts are learned to be known again: both ends of the beat of each patient and view (torch)."""

from __future__ import annotations

from pathlib import Path

import torch

from EchoSynthLib.privacy.reidentification.export import export
from EchoSynthLib.privacy.reidentification.judge import Judge
from EchoSynthLib.privacy.reidentification.network import SIDES, network_of
from EchoSynthLib.privacy.reidentification.pairs import PAIRS, PairLoss, SiameseLoss
from EchoSynthLib.privacy.reidentification.sources import source_of
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings

ITERATIONS = 1_500
"""Where neither iterations nor minutes are asked for."""
LEARNING_RATES = {"small": 2e-3, "paper": 1e-4}


def train(run: TrainingRun, *, preset: str = "small") -> Path:
    """Train on the train split of a CAMUS `.npz` or of a folder of cines; val sets the threshold and gives figures.

    Returns the model folder it makes, which knows every frame of the train split.

    Raises:
        InputError: the data cannot be read, or have no val split.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    source = source_of(run.data)
    known, others = source.known, source.others
    judge = Judge(known, others, SIDES[preset], run.seed)
    learn = SiameseLoss if preset == "paper" else PairLoss
    settings = Settings(
        **run.budget,
        learning_rate=LEARNING_RATES[preset],
        weight_decay=0.05,
        constant=0.3,
        ema_decay=0.99,
        clip=5.0,
        seed=run.seed,
    )
    average, state = run_loop(
        network_of(preset),
        learn(judge.known, known.heart, run.device),
        settings,
        run.output,
        basis={"recipe": f"privacy.reidentification, {preset}", "data": source.sum},
        resume=run.resume,
        validate=lambda network: judge.figures(network, run.device),
        progress=run.progress,
        device=run.device,
    )
    made = Made(
        source.told,
        source.terms,
        train_command(run.name, run.data, run.output, **run.asked, preset=preset),
        run.device,
        f"val split: {len(others.image)} frames of other hearts, which also set the threshold; planted copies of "
        "train frames",
    )
    return export(average, run.output / run.name, state, made, preset, judge, known.name, PAIRS)
