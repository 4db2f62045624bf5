"""A residual network learns the classes of labeled frames: the part that recipes of classifiers share (torch)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.training.labeled_batches import accuracies
from EchoSynthLib.training.loop import BatchLoss
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings, State
from EchoSynthLib.training.terms import FILE, UNKNOWN

LEARNING_RATE = 1e-3


def fit_classifier(
    run: TrainingRun, network: nn.Module, loss: BatchLoss, val: LabeledFrames, basis: Mapping[str, str]
) -> tuple[nn.Module, State]:
    """The averaged network after the run's budget, and how far it came; accuracies on `val` are in the state's figures.

    Bransby et al. take Adam with 1e-3 at batches of 64; here the rate falls along a cosine, and the weights are
    averaged, as in all recipes of the house.
    """
    settings = Settings(
        **run.budget, learning_rate=LEARNING_RATE, weight_decay=1e-4, constant=0.3, ema_decay=0.99, clip=5.0,
        warm_up=20, seed=run.seed,
    )  # fmt: skip
    return run_loop(
        network,
        loss,
        settings,
        run.output,
        basis={**basis, "data": sha256_of_file(run.data)},
        resume=run.resume,
        validate=lambda average: accuracies(average, val, run.device),
        progress=run.progress,
        device=run.device,
    )


def summary_of(frames: LabeledFrames) -> str:
    """What frames are, in a line for a card."""
    counts = [int((frames.label == number).sum()) for number in range(len(frames.classes))]
    classes = ", ".join(f"{name} {count}" for name, count in zip(frames.classes, counts, strict=True))
    splits = ", ".join(sorted(set(frames.split.tolist())))
    where = f"{frames.site}, " if frames.site else ""
    return f"{where}split {splits}: {len(frames)} frames of {len(set(frames.group.tolist()))} hearts ({classes})"


def terms_of_frames(run: TrainingRun) -> str:
    """Citation and terms of labeled frames, as TERMS.md beside them tells."""
    told = run.data.with_name(FILE)
    return told.read_text(encoding="utf-8") if told.is_file() else UNKNOWN
