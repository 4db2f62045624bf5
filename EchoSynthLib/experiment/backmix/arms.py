"""What is compared: the backgrounds of the paper, and what each classifier is judged on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthLib import zoo
from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.classification.saliency import GRADIENTS, covered, gradient_saliency, map_of_falls
from EchoSynthLib.classification.shares import softmax
from EchoSynthLib.evaluation.focus import pointing_game, region_focus
from EchoSynthLib.experiment.stages import Workplace
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, load_labeled_frames
from EchoSynthLib.images.write import write_record
from EchoSynthLib.systems import RECIPES, load_torch_pipeline
from EchoSynthLib.training.run import TrainingRun

REVISION = 2
PRESET = "tiny"
"""Of the classifiers' networks: many are trained."""
MODEL, RESULT = "classifier", "judged.json"
SALIENT = 200
"""Frames, evenly chosen, whose gradients are looked at."""
COVERED = 24
"""Of the test frames that are covered piece by piece."""
OCCLUSION = "occlusion"


@dataclass(frozen=True)
class Arm:
    """One way of training.

    Attributes:
        name: as the table has it.
        background: what train frames get for theirs, see `echosynth train backmix`.
        masked: share of the train frames whose sector is known.
        mu: how much more those count.
        consistency: of the answers with both backgrounds, which the paper does not have.
    """

    name: str
    background: str = "none"
    masked: float = 1.0
    mu: float = 0.0
    consistency: float = 0.0

    @property
    def choices(self) -> dict[str, Any]:
        """What the recipe is told."""
        told = {"preset": PRESET, "background": self.background, "masked": self.masked, "mu": self.mu}
        return told | ({"consistency": self.consistency} if self.consistency else {})


PLAIN = Arm("plain")
BACKMIX = Arm("BackMix", "backmix")
WEIGHTED = Arm("wBackMix, 5 % of masks, mu 2", "backmix", 0.05, 2.0)
CONSISTENT = Arm("wBackMix, 5 % of masks, mu 2, consistency", "backmix", 0.05, 2.0, 5.0)
TAG_ARMS = (
    PLAIN,
    BACKMIX,
    WEIGHTED,
    CONSISTENT,
    Arm("wBackMix, 5 % of masks, mu 1", "backmix", 0.05, 1.0),
    Arm("BackMix, 5 % of masks", "backmix", 0.05),
    Arm("black background", "block_black"),
    Arm("noise for background", "block_noise"),
    Arm("blurred background", "bokeh"),
    Arm("shuffled background", "shuffled"),
)
REAL_ARMS = (PLAIN, BACKMIX, WEIGHTED)


def inputs(arm: Arm, frames: Path, iterations: int, device: str, seed: int) -> dict[str, Any]:
    """What a trained and judged arm depends on."""
    told = {"iterations": iterations, "device": device, "seed": seed}
    return {"revision": REVISION, "frames": sha256_of_file(frames), "arm": arm.choices, **told}


def make(arm: Arm, frames: Path, iterations: int, device: str, seed: int, work: Workplace) -> None:
    """Trains the classifier by its recipe and judges it on every split that is not 'train'."""
    data = work.scratch / "frames.npz"
    if not data.exists():
        shutil.copy(frames, data)
    run = TrainingRun(data, work.scratch, iterations, device=device, seed=seed, progress=work.progress)
    folder = RECIPES["backmix"].train(run, **arm.choices)
    shutil.copytree(folder, work.result / MODEL)
    write_record(work.result / RESULT, judged(folder, load_labeled_frames(frames)))


def judged(folder: Path, frames: LabeledFrames) -> dict[str, Any]:
    """Of each split but 'train': accuracy, with the background black, too; of 'test' where the classifier looks."""
    network = load_torch_pipeline(zoo.open_folder(folder)).network.network
    splits = [split for split in dict.fromkeys(frames.split.tolist()) if split != "train"]
    told = {split: _on(network, frames.part(split)) for split in splits}
    return told | {"test": told["test"] | _focus(network, frames.part("test"))}


def _on(network: Any, frames: LabeledFrames) -> dict[str, Any]:
    masked = np.where(frames.mask, frames.image, 0).astype(np.uint8)
    return {
        "frames": len(frames),
        "accuracy": _right(network, frames.image, frames.label),
        "accuracy, masked": _right(network, masked, frames.label),
    }


def _focus(network: Any, frames: LabeledFrames) -> dict[str, float]:
    from EchoSynthLib.training.labeled_batches import prepared

    told = {"sector's share of the frame": float(frames.mask.mean())}
    for kind in (OCCLUSION, *GRADIENTS):
        count = COVERED if kind == OCCLUSION else SALIENT
        few = frames.take(np.unique(np.linspace(0, len(frames) - 1, count).round().astype(int)))
        if kind == OCCLUSION:
            saliency = np.stack([_occlusion(network, image) for image in few.image])
        else:
            saliency = gradient_saliency(network, prepared(few.image), kind)
        focus = region_focus(saliency, few.mask)
        told[f"focus, {kind}"] = float(np.nanmean(focus)) if np.isfinite(focus).any() else 0.0
        told[f"pointing game, {kind}"] = float(pointing_game(saliency, few.mask).mean())
    return told


def _occlusion(network: Any, image: np.ndarray) -> np.ndarray:
    from EchoSynthLib.training.labeled_batches import logits_of

    shares = softmax(logits_of(network, np.concatenate([image[None], covered(image)])))
    chosen = int(shares[0].argmax())
    return map_of_falls(shares[0, chosen] - shares[1:, chosen], image.shape)


def _right(network: Any, image: np.ndarray, label: np.ndarray) -> float:
    from EchoSynthLib.training.labeled_batches import logits_of

    return float((logits_of(network, image).argmax(axis=1) == label).mean())
