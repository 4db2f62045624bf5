"""Make the folder of a motion model from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from EchoSynthLib.motion.fourier.network import FourierNet
from EchoSynthLib.motion.fourier.pipeline import MotionPipeline
from EchoSynthLib.motion.fourier.presets import GRID, VOLUME_GRID, network_of
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State


@dataclass(frozen=True)
class Learned:
    """What a card says of a motion model beside what its recipe was run on.

    Attributes:
        summary, learned_from, recipe, measured, limits: in words, see `ModelCard`.
        supervision: 'labels' or 'none'.
        grid: of the pictures.
        channels: of the network's first level.
        batch: pairs of an iteration.
    """

    summary: str
    learned_from: str
    recipe: str
    measured: str
    limits: str
    supervision: str
    grid: tuple[int, ...]
    channels: int
    batch: int


def of_frames(supervision: str, channels: int, batch: int) -> Learned:
    """Of a model for frames."""
    learned = {
        "labels": "the pictures and, weakly supervised, the overlap of the label maps of the training frames",
        "none": "the pictures alone, no label map",
    }
    return Learned(
        summary="What lies where in another frame of the same heart and view: two apical echocardiograms in, the "
        "displacement between them out.",
        learned_from=learned[supervision],
        recipe="`EchoSynthLib/motion/fourier/recipe.py`: local correlation, smoothness and folding, random affine maps "
        "of both frames",
        measured="Dice of end-diastolic label maps carried to end-systole, mean per pair, before and after, and the "
        "share of pixels at which the displacement folds",
        limits="Frames of one heart in one apical view, between end-diastole and end-systole. Motion out of the "
        "picture's plane cannot be seen; where speckle tells nothing, the field is a smooth guess.",
        supervision=supervision,
        grid=GRID,
        channels=channels,
        batch=batch,
    )


def of_volumes(channels: int, batch: int) -> Learned:
    """Of a model for volumes."""
    return Learned(
        summary="What lies where in another volume of the same heart: two three-dimensional echocardiograms from the "
        "apex in, the displacement between them out.",
        learned_from="drawn hearts alone: their exact displacement, and the overlap of their labels",
        recipe="`EchoSynthLib/motion/fourier/recipe.py`, for volumes: error of the displacement, overlap, smoothness",
        measured="Dice of end-diastolic labels carried to end-systole, mean per pair, before and after; mean length of "
        "the exact displacement in the left ventricle's wall, and of what is missed of it; and the share of voxels at "
        "which the displacement folds",
        limits="Only drawn data trained and judged it: no real volume was at hand. Volumes (behind, down, right) of "
        "some 140 mm a side with the probe at the apex, in the middle of the top, of one heart between end-diastole "
        "and end-systole. Drawn speckle knows neither attenuation nor shadows.",
        supervision="exact displacement",
        grid=VOLUME_GRID,
        channels=channels,
        batch=batch,
    )


def export(network: FourierNet, folder: Path, state: State, made: Made, learned: Learned) -> Path:
    """Write the model folder, whose last part is the model's name."""
    stages = len(network.stages)
    kind = f"a diffeomorphic cascade of {stages}" if stages > 1 else "diffeomorphic"
    size = " x ".join(str(side) for side in learned.grid)
    parameters = sum(p.numel() for p in network.parameters()) / 1e6
    card = ModelCard(
        name=folder.name,
        summary=learned.summary,
        network={
            "network": f"Fourier-Net (arXiv 2211.16342), {size}, {kind}; {parameters:.2f} M parameters",
            "learned from": learned.learned_from,
        },
        recipe=learned.recipe,
        made=made,
        trained=f"{state.iteration} iterations of batch {learned.batch} in {state.seconds / 60:.1f} minutes"
        f"{state.told}",
        figures=state.figures,
        measured=learned.measured,
        limits=learned.limits,
    )
    config = {
        "system": "motion.fourier",
        "grid": list(learned.grid),
        "channels": learned.channels,
        "supervision": learned.supervision,
        "figures": dict(state.figures),
    }

    def write(part: Path) -> None:
        save_weights({"motion": network}, part)
        example = {name: torch.zeros(1, 1, *learned.grid) for name in ("moving", "fixed")}
        save_graph(network, "motion", part, example, ["displacement"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> MotionPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return MotionPipeline(
        TorchNetwork(load_weights(network_of(config["grid"], config["channels"]), "motion", folder)), config
    )
