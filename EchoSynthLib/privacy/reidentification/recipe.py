"""How hearts are learned to be known again: both ends of the beat of each patient and view (torch)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import CamusArrays, load_camus_npz
from EchoSynthLib.privacy.reidentification.export import export
from EchoSynthLib.privacy.reidentification.judge import Frames, Judge
from EchoSynthLib.privacy.reidentification.network import SIDES, network_of
from EchoSynthLib.privacy.reidentification.pairs import PAIRS, PairLoss
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import CAMUS

ITERATIONS = 1_500
"""Where neither iterations nor minutes are asked for."""


def train(run: TrainingRun, *, preset: str = "small") -> Path:
    """Train on the train split of a CAMUS `.npz`; its val split sets the threshold and gives the figures.

    Returns the model folder it makes, which knows every frame of the train split.

    Raises:
        InputError: the data cannot be read, or have no val split.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    arrays = load_camus_npz(run.data)
    known, others = (frames_of(arrays, arrays.split == split) for split in ("train", "val"))
    if not len(known.image) or not len(others.image):
        raise InputError(f"{run.data} needs frames of both splits, train to learn from and val to set the threshold.")
    judge = Judge(known, others, SIDES[preset], run.seed)
    settings = Settings(
        **run.budget, learning_rate=2e-3, weight_decay=0.05, constant=0.3, ema_decay=0.99, clip=5.0, seed=run.seed
    )
    average, state = run_loop(
        network_of(preset),
        PairLoss(judge.known, known.heart, run.device),
        settings,
        run.output,
        basis={"recipe": f"privacy.reidentification, {preset}", "data": sum_of_data(run.data)},
        resume=run.resume,
        validate=lambda network: judge.figures(network, run.device),
        progress=run.progress,
        device=run.device,
    )
    hearts = len(set(known.heart))
    made = Made(
        f"CAMUS, split train: {hearts} hearts, a patient in one view each, {len(known.image)} frames",
        CAMUS,
        train_command(run.name, run.data, run.output, **run.asked),
        run.device,
        f"val split: {len(others.image)} frames of other patients, which also set the threshold; planted copies of "
        "train frames",
    )
    return export(average, run.output / run.name, state, made, preset, judge, known.name, PAIRS)


def frames_of(arrays: CamusArrays, chosen: NDArray[np.bool_]) -> Frames:
    """The chosen frames with the hearts that they show."""
    part = arrays.select(chosen)
    hearts = [f"{patient} {view}" for patient, view in zip(part.patient, part.view, strict=True)]
    return Frames(part.image, part.name.tolist(), hearts, part.phase.tolist())
