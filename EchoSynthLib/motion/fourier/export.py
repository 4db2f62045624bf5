"""Make the folder of a motion model from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from EchoSynthLib.motion.fourier.network import FourierNet
from EchoSynthLib.motion.fourier.pipeline import MotionPipeline
from EchoSynthLib.motion.fourier.presets import GRID, default_network
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State


def export(network: FourierNet, folder: Path, state: State, made: Made, supervision: str, channels: int) -> Path:
    """Write the model folder, whose last part is the model's name."""
    learned = {
        "labels": "the pictures and, weakly supervised, the overlap of the label maps of the training frames",
        "none": "the pictures alone, no label map",
    }
    card = ModelCard(
        name=folder.name,
        summary="What lies where in another frame of the same heart and view: two apical echocardiograms in, the "
        "displacement between them out.",
        network={
            "network": f"Fourier-Net (arXiv 2211.16342), {GRID[0]} x {GRID[1]}, a diffeomorphic cascade of "
            f"{len(network.stages)}; {sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters",
            "learned from": learned[supervision],
        },
        recipe="`EchoSynthLib/motion/fourier/recipe.py`: local correlation, smoothness and folding, random affine maps "
        "of both frames",
        made=made,
        trained=f"{state.iteration} iterations of batch 8 in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="Dice of end-diastolic label maps carried to end-systole, mean per pair, before and after, and the "
        "share of pixels at which the displacement folds",
        limits="Frames of one heart in one apical view, between end-diastole and end-systole. Motion out of the "
        "picture's plane cannot be seen; where speckle tells nothing, the field is a smooth guess.",
    )
    config = {
        "system": "motion.fourier",
        "grid": list(GRID),
        "channels": channels,
        "supervision": supervision,
        "figures": dict(state.figures),
    }

    def write(part: Path) -> None:
        save_weights({"motion": network}, part)
        example = {"moving": torch.zeros(1, 1, *GRID), "fixed": torch.zeros(1, 1, *GRID)}
        save_graph(network, "motion", part, example, ["displacement"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> MotionPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return MotionPipeline(TorchNetwork(load_weights(default_network(config["channels"]), "motion", folder)), config)
