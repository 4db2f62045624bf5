"""Make the segmenter's model folder from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.segmentation.unet.network import CHANNELS, GRID, Segmenter
from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

FURTHER = (
    "; begun with the weights of `{start}`, with frames seen from afar, other gray maps and resolutions, and drawn "
    "hearts in between, at a learning rate of 3e-4; a quarter of the first weights is kept"
)


def export(network: nn.Module, folder: Path, state: State, made: Made, how: str = "") -> Path:
    """Write the model folder, whose last part is the model's name; `how` is told of the recipe besides."""
    card = ModelCard(
        name=folder.name,
        summary="LV cavity, myocardium and left atrium in apical two- and four-chamber echocardiograms, and which of "
        "the two views it is.",
        network={
            "network": f"MONAI residual U-Net {CHANNELS}, {GRID[0]} x {GRID[1]}, with a view head; "
            f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters"
        },
        recipe="`EchoSynthLib/segmentation/unet/recipe.py`: Dice + cross-entropy, random probe geometry, scanner and "
        f"overlays{how}",
        made=made,
        trained=f"{state.iteration} iterations of batch 8 in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="per-image mean Dice before cleaning, and share of views told right",
        limits="Apical two- and four-chamber views with the apex up; other views are labeled all the same. "
        "Scanners that the data do not show were imitated, not seen.",
    )
    config = {
        "system": "segmentation.unet",
        "channels": list(CHANNELS),
        "grid": list(GRID),
        "figures": dict(state.figures),
    }

    def write(part: Path) -> None:
        save_weights({"segmenter": network}, part)
        example = {"image": torch.zeros(1, 1, *GRID)}
        save_graph(network, "segmenter", part, example, ["logits", "view"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> SegmenterPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return SegmenterPipeline(TorchNetwork(load_weights(Segmenter(), "segmenter", folder)), config)
