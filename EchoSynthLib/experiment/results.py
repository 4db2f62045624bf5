"""What the stages found, put together; stages that are not made yet are left out."""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict
from typing import Any

import EchoSynthLib
from EchoSynthLib.experiment import cost, evaluate, paper, realism
from EchoSynthLib.experiment.plan import Experiment, Sampled, Trained
from EchoSynthLib.machine import machine

Row = dict[str, Any]


def collect(experiment: Experiment) -> dict[str, Any]:
    """All figures as JSON-able values: `about`, `generators`, `networks`, `samplers`, `paper`."""
    stages = experiment.stages()
    return {
        "about": _about(experiment) | {"stages": len(stages), "stages_made": sum(stage.is_made for stage in stages)},
        "generators": [row for comparison in experiment.comparisons for row in _sampled(comparison.sampled)],
        "networks": _networks(experiment),
        "samplers": [row for c in experiment.comparisons for sampled in c.samplers for row in _sampled(sampled)],
        "real train frames": [
            {"frames": found["images"], **found}
            for sampled in experiment.train_frames
            if sampled.realism.is_made
            for found in [realism.load(sampled.realism.folder)]
        ],
        "paper": {
            "dice": [asdict(row) for row in paper.DICE],
            "cost": [asdict(row) for row in paper.COST],
            "cost_source": f"counted on networks as the released code configures them; models of {paper.EFFICIENT}",
        },
    }


def _about(experiment: Experiment) -> Row:
    settings, frames = experiment.settings, experiment.frames
    return {
        "experiment": "synthetic-training",
        "echosynth_version": EchoSynthLib.__version__,
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "data": frames.path.name,
        "data_sha256": frames.sums[0],
        "preset": settings.preset,
        "device": settings.device,
        "seed": settings.seed,
        "generator_minutes": settings.generator_minutes,
        "segmenter_minutes": settings.segmenter_minutes,
        "train_frames": len(frames.train),
        "train_patients": frames.patients(frames.train),
        "frames_varied": len(frames.evenly(settings.frames)),
        "variations": settings.variations,
        "synthetic_images": experiment.count,
        "val_frames": len(frames.val),
        "val_patients": frames.patients(frames.val),
    }


def _sampled(sampled: Sampled) -> list[Row]:
    if not (sampled.generator and sampled.sampling and sampled.cost and sampled.realism.is_made):
        return []
    found = realism.load(sampled.realism.folder)
    costs = cost.load(sampled.cost.folder) if sampled.cost.is_made else {}
    generator = sampled.generator
    return [
        {
            "model": generator.name,
            "sampling": sampled.sampling.name,
            "trained_here": generator.training is not None,
            **generator.training_told(),
            **costs,
            **found,
        }
    ]


def _networks(experiment: Experiment) -> list[Row]:
    if not experiment.real.judged.is_made:
        return []
    baseline = evaluate.load(experiment.real.judged.folder)
    rows = [_network(experiment, experiment.real, None)]
    for comparison in experiment.comparisons:
        rows += [_network(experiment, t, baseline) for t in comparison.trained if t.judged.is_made]
    return rows


def _network(experiment: Experiment, trained: Trained, baseline: list[Row] | None) -> Row:
    real = len(experiment.frames.train) if trained.network.inputs["real"] else 0
    return {
        "trained_on": trained.data,
        "model": None if trained.generator is None else trained.generator.name,
        "real_frames": real,
        "synthetic_frames": 0 if trained.generator is None else experiment.count,
        "minutes": experiment.settings.segmenter_minutes,
        "iterations": _iterations(trained),
        **evaluate.summary(evaluate.load(trained.judged.folder), baseline),
    }


def _iterations(trained: Trained) -> int:
    lines = (trained.network.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return int(json.loads(lines[-1])["iteration"])
