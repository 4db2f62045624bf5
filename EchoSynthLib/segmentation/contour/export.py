"""Make the contour model's folder from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.segmentation.contour.network import CHANNELS, FEATURES, GRID, MAP, ContourNet
from EchoSynthLib.segmentation.contour.pipeline import ContourPipeline
from EchoSynthLib.segmentation.contour.targets import FARTHEST, SIGMA
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State


def export(network: nn.Module, folder: Path, state: State, made: Made) -> Path:
    """Write the model folder."""
    card = ModelCard(
        name=folder.name,
        summary="Seven landmarks of the left ventricular endocardium - two basal points, the apex, and two between on "
        "either wall - and the distance to it, in apical two- and four-chamber echocardiograms.",
        network={
            "network": f"MONAI residual U-Net {CHANNELS}, {GRID[0]} x {GRID[1]}, started from a segmenter's weights; "
            f"seven heatmaps and a distance map from {FEATURES} planes; "
            f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters",
            "targets": "points and curves derived from the label maps by `EchoSynthLib/anatomy/heart2d/endocardium.py`",
        },
        recipe="`EchoSynthLib/segmentation/contour/recipe.py`: DSNT points, Jensen-Shannon, distance map, consistency",
        made=made,
        trained=f"{state.iteration} iterations of batch 8 in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="mean errors before refinement",
        notes="Millimeters rest on the pixel sizes of the data; where these tell none, on that of a typical frame.",
        limits="Apical two- and four-chamber views with the apex up. The apex is the least certain point; where the "
        "wall drops out, the curve is a guess that the spread tells too little of.",
    )
    config = {
        "system": "segmentation.contour",
        "channels": list(CHANNELS),
        "features": FEATURES,
        "grid": list(GRID),
        "map": list(MAP),
        "farthest": FARTHEST,
        "sigma": SIGMA,
        "figures": state.figures,
    }

    def write(part: Path) -> None:
        save_weights({"contour": network}, part)
        save_graph(network, "contour", part, {"image": torch.zeros(1, 1, *GRID)}, ["heatmaps", "distance"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> ContourPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return ContourPipeline(TorchNetwork(load_weights(ContourNet(), "contour", folder)), config)
