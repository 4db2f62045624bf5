"""How a classifier is trained that does not look beside the sector (torch)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from EchoSynthLib.classification.backmix.batches import MixedBatches
from EchoSynthLib.classification.backmix.export import export
from EchoSynthLib.classification.backmix.mix import masked_frames
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, load_labeled_frames
from EchoSynthLib.networks.resnet import resnet
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.frame_classifier import fit_classifier, summary_of, terms_of_frames
from EchoSynthLib.training.run import TrainingRun

ITERATIONS = {"small": 1000}
"""Where neither iterations nor minutes are asked for."""


def train(
    run: TrainingRun,
    *,
    preset: str = "small",
    background: str = "backmix",
    mu: str | float = 0.0,
    masked: str | float = 1.0,
    consistency: str | float = 0.0,
) -> Path:
    """Train on the train split of labeled frames, report the val split; returns the model folder it makes.

    Args:
        run: its data are what `LabeledFrames.save` writes.
        preset: of `networks.resnet.PRESETS`.
        background: one of `backgrounds.BACKGROUNDS`, with probability 1 in training and never at inference.
        mu: how much more frames count whose background was exchanged, see `mix.loss_weights`: wBackMix.
        consistency: weight of the term that keeps an answer when the background changes; see `MixedBatches`.
        masked: share of the train frames whose masks are used, every int(1 / masked)-th; 1 for all that have one.

    Raises:
        InputError: the data are none, or a choice is not possible.
    """
    run = run.of(ITERATIONS.get(preset))
    torch.manual_seed(run.seed)
    mu, masked, consistency = float(mu), float(masked), float(consistency)
    data = load_labeled_frames(run.data)
    frames, val = with_masks(data.part("train"), masked), data.part("val")
    network = resnet(preset, len(data.classes))
    loss = MixedBatches(frames, background, mu, run.device, consistency)
    choices = {"preset": preset, "background": background, "mu": f"{mu:g}", "masked": f"{masked:g}"}
    if consistency:
        choices["consistency"] = f"{consistency:g}"
    average, state = fit_classifier(run, network, loss, val, {"recipe": "classification.backmix", **choices})
    config = {
        "system": "classification.backmix",
        "classes": list(data.classes),
        "grid": list(data.image.shape[1:]),
        **choices,
    }
    how = f"backgrounds {background} where a mask is known, {int(frames.is_masked.sum())} of {len(frames)}; mu {mu:g}"
    made = Made(
        summary_of(frames),
        terms_of_frames(run),
        train_command(run.name, run.data, run.output, **run.asked),
        run.device,
        summary_of(val),
    )
    return export(average, run.output / run.name, config, how, state, made)  # type: ignore[arg-type]


def with_masks(frames: LabeledFrames, share: float) -> LabeledFrames:
    """The frames with the masks of every int(1 / share)-th of those that have one."""
    known = frames.is_masked.nonzero()[0]
    kept = known[masked_frames(len(known), share).numpy()]
    is_masked = frames.is_masked & False
    is_masked[kept] = True
    return replace(frames, is_masked=is_masked)
