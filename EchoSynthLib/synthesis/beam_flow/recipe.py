"""How the generator is trained (torch): the structure stage's flow map, then the speckle stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.synthesis.beam_flow.data import BeamBatches
from EchoSynthLib.synthesis.beam_flow.energy_score import patch_energy_score
from EchoSynthLib.synthesis.beam_flow.export import export
from EchoSynthLib.synthesis.beam_flow.flow_map import flow_matching_loss, guided_velocity_loss, semigroup_loss
from EchoSynthLib.synthesis.beam_flow.network import (
    STRUCTURE_MEAN,
    STRUCTURE_SCALE,
    SpeckleNetwork,
    StructureNetwork,
)
from EchoSynthLib.synthesis.beam_flow.shapes import FACTOR
from EchoSynthLib.training.beam_data import BeamData, load_beam_data
from EchoSynthLib.training.blur import blur_each
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.loop import BatchLoss, Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings, State
from EchoSynthLib.training.terms import terms_of

BATCH = 8
ITERATIONS = 17_000
STRUCTURE_SHARE = 0.7
"""Of the training; the speckle stage takes the rest."""
FLOW_SHARE = 0.75
"""Of the structure stage, spent on the plain flow before the flow map is distilled from it."""
DROP_LABEL = 0.1
GUIDANCE = (1.0, 3.0)
"""Range of guidance weights the flow map learns."""
LARGEST_BLUR = 0.8
"""Standard deviation, in coarse pixels, of the strongest blur the speckle stage learns to undo."""


def train(run: TrainingRun) -> Path:
    """Train both stages on the train split of a CAMUS `.npz`; returns the model folder it makes."""
    run = run.of(ITERATIONS)
    every = load_beam_data(run.data, run.output / "beam_data.npz")
    frames = every.part("train")
    structure, first = train_structure(frames, run.stage(run.output / "structure", 0, STRUCTURE_SHARE))
    speckle, second = train_speckle(frames, run.stage(run.output / "speckle", STRUCTURE_SHARE, 1))
    command = train_command(run.name, run.data, run.output, **run.asked)
    made = Made(frames.summary(), terms_of(every, run.data), command, run.device)
    return export(structure, speckle, run.output / run.name, (first, second), made)


def train_structure(frames: BeamData, run: TrainingRun) -> tuple[nn.Module, State]:
    """Plain flow matching first; then the same network also learns guided and long steps from its own average."""
    torch.manual_seed(run.seed)
    network, loss = StructureNetwork(), StructureLoss(BeamBatches(frames, run.device))
    return _train_stage("structure", network, loss, run, Settings(**run.budget, ema_decay=0.9985, seed=run.seed))


def train_speckle(frames: BeamData, run: TrainingRun) -> tuple[nn.Module, State]:
    """One-step draws of the full-resolution image, scored by the patch energy score."""
    torch.manual_seed(run.seed + 1)
    network, loss = SpeckleNetwork(), SpeckleLoss(BeamBatches(frames, run.device))
    return _train_stage("speckle", network, loss, run, Settings(**run.budget, ema_decay=0.998, seed=run.seed + 1))


def _train_stage(
    name: str, network: nn.Module, loss: BatchLoss, run: TrainingRun, settings: Settings
) -> tuple[nn.Module, State]:
    return run_loop(
        network,
        loss,
        replace(settings, constant=0.4),
        run.output,
        basis={"recipe": f"synthesis.beam_flow, {name}", "data": sum_of_data(run.data)},
        resume=run.resume,
        progress=run.progress,
        device=run.device,
    )


class StructureLoss:
    """Flow matching on the whole batch, or on a quarter of it with three eighths each of guided and of long steps."""

    def __init__(self, batches: BeamBatches) -> None:
        self.batches = batches

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        generator, teacher = moment.generator, moment.average
        batch = self.batches.draw(BATCH, generator)
        x = (F.avg_pool2d(batch.image, FACTOR) - STRUCTURE_MEAN) / STRUCTURE_SCALE
        if moment.spent < FLOW_SHARE:
            label = drop_label(batch.label, generator)
            return flow_matching_loss(network, x, label, batch.condition, generator).mean()
        flow, guided = BATCH // 4, BATCH // 4 + 3 * BATCH // 8
        parts = [slice(0, flow), slice(flow, guided), slice(guided, BATCH)]
        w = torch.rand(BATCH, generator=generator).to(x.device) * (GUIDANCE[1] - GUIDANCE[0]) + GUIDANCE[0]
        args = [(x[p], batch.label[p], batch.condition[p]) for p in parts]
        plain = flow_matching_loss(network, args[0][0], drop_label(args[0][1], generator), args[0][2], generator)
        at_once = guided_velocity_loss(network, teacher, *args[1], w[parts[1]], generator)
        long = semigroup_loss(network, teacher, *args[2], w[parts[2]], generator)
        return torch.cat([plain, at_once, long]).mean()


def drop_label(label: Tensor, generator: Generator) -> Tensor:
    """The one-hot label maps, one in ten replaced by zeros: 'no label map given'."""
    keep = torch.rand(len(label), 1, 1, 1, generator=generator) >= DROP_LABEL
    return label * keep.to(label.device)


class SpeckleLoss:
    """Two draws for each frame of a half batch, from a randomly blurred coarse image."""

    def __init__(self, batches: BeamBatches) -> None:
        self.batches = batches

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        generator = moment.generator
        batch = self.batches.draw(BATCH // 2, generator)
        blur = (torch.rand(BATCH // 2, generator=generator) * LARGEST_BLUR).to(batch.image.device)
        coarse = blur_each(F.avg_pool2d(batch.image, FACTOR), blur, reach=4)
        twice = [torch.cat([v, v]) for v in (coarse, blur, batch.label, batch.condition)]
        noise = torch.randn(BATCH, 2, *batch.image.shape[-2:], generator=generator).to(batch.image.device)
        one, two = network(twice[0], twice[1], noise, twice[2], twice[3]).chunk(2)
        return patch_energy_score(one, two, batch.image)
