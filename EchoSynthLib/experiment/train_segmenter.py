"""Stage 4: a segmentation network, with its view head, is trained on synthetic frames, on real ones, or on both."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.experiment.stages import Workplace
from EchoSynthLib.experiment.training_data import NAME, write_pairs
from EchoSynthLib.systems import RECIPES
from EchoSynthLib.training.mixture import REAL_ALONE, REAL_SHARE
from EchoSynthLib.training.run import TrainingRun

REVISION = 1


def inputs(
    frames: Frames, real: bool, images_key: str | None, minutes: float, device: str, seed: int
) -> dict[str, Any]:
    """What the stage depends on."""
    mixture = {"mixture": [REAL_SHARE, REAL_ALONE]} if real and images_key else {}
    return {
        "revision": REVISION,
        "data": frames.sums,
        "real": real,
        "images": images_key,
        "minutes": minutes,
        "device": device,
        "seed": seed,
        **mixture,
    }


def make(
    frames: Frames,
    real: bool,
    synthetic: tuple[Path, Path] | None,
    minutes: float,
    device: str,
    seed: int,
    work: Workplace,
) -> None:
    """The folder `segmenter` with the trained model, and log.jsonl; by the recipe that trains the shipped one."""
    pairs = work.scratch / "pairs"
    if not (pairs / "index.csv").exists():
        shutil.rmtree(pairs, ignore_errors=True)
        pairs.mkdir()
        write_pairs(frames, real, synthetic, pairs)
    run = TrainingRun(pairs / NAME, work.scratch, minutes=minutes, device=device, seed=seed, progress=work.progress)
    exported = RECIPES["segmenter"].train(run)
    shutil.copytree(exported, work.result / "segmenter")
    shutil.copy(work.scratch / "log.jsonl", work.result / "log.jsonl")
