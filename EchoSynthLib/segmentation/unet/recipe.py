"""How the segmenter is trained (torch)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from EchoSynthLib.evaluation.segmentation_metrics import mean_structure_dice
from EchoSynthLib.segmentation.unet.batches import SegmenterLoss
from EchoSynthLib.segmentation.unet.export import FURTHER, export
from EchoSynthLib.segmentation.unet.network import GRID, Segmenter
from EchoSynthLib.segmentation.unet.other_machines import OTHER_MIXES, OtherMachinesLoss
from EchoSynthLib.systems import find_model
from EchoSynthLib.training.beam_data import BeamData, load_beam_data
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.drawn_machines import load_drawn_frames
from EchoSynthLib.training.export import load_weights
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.resize import on_grid
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import terms_of

ITERATIONS = 8000
"""Where neither iterations nor minutes are asked for; of the shipped model's size, as in the other recipes."""
FURTHER_ITERATIONS = 1000
"""The same, from the weights of another segmenter."""
KEPT = 0.25
"""Of the weights that it began with, in the mean with those it came to: on a straight line between both a network holds
on to what it knew and has most of what it learned (Wortsman et al., CVPR 2022, arXiv 2109.01903)."""
HEARTS, HEARTS_SEED = 600, 7001
"""Hearts that are drawn for it, four pictures of each, and what they are drawn from."""


def train(run: TrainingRun, *, about: str | None = None, start: str | None = None) -> Path:
    """Train on the train split of a CAMUS `.npz`, report the val split; returns the model folder it makes.

    Its card says `about` the data, or counts them where that is None. With the name of a segmenter to `start` from, its
    weights go on learning from frames as other machines would show them, see `other_machines`, and are averaged with
    those that they come to.

    Some frames of each batch are moved a little and exposed otherwise; some are moved far, and some are drawn from beam
    space as another probe would show them, both with another scanner's gain, smoothing, shadows and overlays. Where the
    data hold real and synthetic frames, `training.mixture` says how they share the batches.
    """
    run = run.of(ITERATIONS if start is None else FURTHER_ITERATIONS)
    torch.manual_seed(run.seed)
    frames = load_beam_data(run.data, run.output / "beam_data.npz")
    network = Segmenter()
    chosen, val = frames.part("train"), frames.part("val")
    basis = {"recipe": "segmentation.unet", "data": sum_of_data(run.data)}
    if start is None:
        rates: dict[str, Any] = {"learning_rate": 2e-3, "constant": 0.1}
        about = about or chosen.summary()
        loss: SegmenterLoss = SegmenterLoss(chosen, run.device, run.seed)
    else:
        found = find_model(start, "segmentation", "The start")
        load_weights(network, "segmenter", found.path)
        basis |= {"start": found.sha256, "mixes": str(OTHER_MIXES)}
        rates = {"learning_rate": 3e-4, "constant": 0.0, "ema_decay": 0.995}
        drawn = load_drawn_frames(HEARTS, GRID, HEARTS_SEED, run.output / "drawn_hearts.npz")
        about = f"{about or chosen.summary()}; and {len(drawn.image)} drawn pictures of {HEARTS} hearts that nobody has"
        loss = OtherMachinesLoss(chosen, drawn, run.device, run.seed)
    settings = Settings(**run.budget, **rates, weight_decay=1e-4, betas=(0.9, 0.999), clip=5.0, seed=run.seed)
    average, state = run_loop(
        network,
        loss,
        settings,
        run.output,
        basis=basis,
        resume=run.resume,
        validate=lambda average: validate(average, val, run.device),
        progress=run.progress,
        device=run.device,
    )
    if start is not None:
        keep_some(average, load_weights(Segmenter(), "segmenter", found.path).to(run.device))
        state.figures = validate(average, val, run.device)
    command = train_command(run.name, run.data, run.output, **run.asked)
    made = Made(about, terms_of(frames, run.data), command, run.device, val.summary())
    return export(average, run.output / run.name, state, made, FURTHER.format(start=start) if start else "")


@torch.no_grad()
def keep_some(network: nn.Module, start: nn.Module) -> None:
    """Moves the weights of a network by `KEPT` towards those that it started from."""
    for weights, begun in zip(network.parameters(), start.parameters(), strict=True):
        weights.lerp_(begun, KEPT)


@torch.inference_mode()
def validate(network: nn.Module, frames: BeamData, device: str) -> dict[str, float]:
    """Mean per-image Dice of each structure on the frames' own grid, and the share of views told right."""
    size = frames.image.shape[1:]
    predicted, right = [], 0.0
    for i in range(0, len(frames.image), 20):
        logits, view = network(on_grid(frames.image[i : i + 20], GRID).to(device))
        predicted += list(F.interpolate(logits, size=size, mode="bilinear").argmax(dim=1).cpu().numpy())
        right += float(((view.cpu() > 0) == torch.from_numpy(frames.view[i : i + 20] == 1)).sum())
    return {**mean_structure_dice(predicted, frames.label), "view accuracy": right / len(frames.view)}
