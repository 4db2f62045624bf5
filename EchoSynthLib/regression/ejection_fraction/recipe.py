"""How ejection fractions are learned: from synthetic cines, played anew in each batch (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.regression.ejection_fraction.batches import BATCH, FractionLoss
from EchoSynthLib.regression.ejection_fraction.clips import RECORDS, Beats, read_beats, sum_of_cines
from EchoSynthLib.regression.ejection_fraction.drawn import drawn_beats
from EchoSynthLib.regression.ejection_fraction.export import export
from EchoSynthLib.regression.ejection_fraction.judge import Judge
from EchoSynthLib.regression.ejection_fraction.network import network_of
from EchoSynthLib.regression.ejection_fraction.presets import SAMPLINGS
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import derived
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import CAMUS, UNKNOWN, terms_in

ITERATIONS = 3_000
"""Where neither iterations nor minutes are asked for."""
_REVISION = 1
DRAWN = 400
"""Beats that are drawn by tissue beside the folder's."""


def train(run: TrainingRun, *, preset: str = "small", drawn: str = str(DRAWN)) -> Path:
    """Train on the train split of a folder of cines in EchoNet-Dynamic's layout; its other splits give the figures.

    Beside the folder's beats are some that are drawn by tissue, once, and kept in the output folder. Returns the model
    folder it makes.

    Raises:
        InputError: the folder cannot be read, or a split has no beat in it.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    sampling = SAMPLINGS[preset]
    origin = sum_of_cines(run.data)
    beats = Beats(**derived(run.output / "beats.npz", f"{origin} {sampling.side}", lambda: _read(run, sampling.side)))
    count = int(drawn)
    if count:
        beats = beats.joined(beats_drawn(run, sampling.side, count))
    taught, held = beats.select(["train"]), beats.select(["val", "test"])
    if not len(taught) or not len(held):
        raise InputError(f"{run.data} needs beats of the split train to learn from, and of val or test to judge by.")
    judge = Judge(held, sampling, run.seed)
    settings = Settings(
        **run.budget, learning_rate=2e-3, weight_decay=0.02, constant=0.3, ema_decay=0.995, clip=2.0, seed=run.seed
    )
    average, state = run_loop(
        network_of(preset),
        FractionLoss(taught, sampling, run.device, run.seed),
        settings,
        run.output,
        basis={"recipe": f"regression.ejection_fraction, {preset}, {count} drawn", "data": origin},
        resume=run.resume,
        validate=lambda network: judge.figures(network, run.device),
        progress=run.progress,
        device=run.device,
    )
    made = Made(
        f"{len(taught)} beats: split train of the cines in {run.data.name}, and most of {count} drawn by tissue",
        _terms(run.data),
        train_command(run.name, run.data, run.output, preset=preset, **run.asked),
        run.device,
        f"splits val and test: {len(held)} beats of other hearts, played by chance as in training",
    )
    return export(average, run.output / run.name, state, made, preset, BATCH)


def beats_drawn(run: TrainingRun, side: int, count: int) -> Beats:
    """Those that are drawn by tissue, made once."""
    origin = f"{count} of {side}, seed {run.seed}, revision {_REVISION}"
    make = partial(drawn_beats, count, side, run.seed, run.progress)
    return Beats(**derived(run.output / "drawn.npz", origin, lambda: make().arrays()))


def _terms(folder: Path) -> str:
    """Of what `cine-dataset` made, those of the data that its generator learned from; else what TERMS.md tells."""
    return CAMUS if (folder / RECORDS).is_dir() else terms_in(folder, UNKNOWN)


def _read(run: TrainingRun, side: int) -> Mapping[str, NDArray]:
    return read_beats(run.data, side).arrays()
