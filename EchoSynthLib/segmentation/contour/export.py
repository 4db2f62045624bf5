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
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.loop import State
from EchoSynthLib.training.model_folder import figures_table, write_model_folder

_CARD = """# contour

Seven landmarks of the left ventricular endocardium - two basal points, the apex, and two between on either wall - and
the distance to it, in apical two- and four-chamber echocardiograms.

| | |
|---|---|
| network | MONAI residual U-Net {channels}, {grid}, started from the shipped segmenter's weights; seven heatmaps \
and a distance map from {features} planes; {parameters:.2f} M parameters |
| data | {data}; points and curves derived from the label maps by `EchoSynthLib/anatomy/heart2d/endocardium.py` |
| recipe | `EchoSynthLib/segmentation/contour/recipe.py`: DSNT points, Jensen-Shannon, distance map, consistency |
| trained | {iterations} iterations of batch 8 in {minutes:.0f} minutes on {device} |

Measured on the val split by the recipe itself, before refinement:

{figures}
Millimetres rest on the pixel sizes that the data tell; where they tell none, on that of a typical frame.
"""


def publish(network: nn.Module, folder: Path, state: State, data: str, terms: str, device: str) -> Path:
    """Write the model folder; `data` and `terms` are for its card."""
    card = _CARD.format(
        channels=CHANNELS,
        grid=f"{GRID[0]} x {GRID[1]}",
        features=FEATURES,
        parameters=sum(p.numel() for p in network.parameters()) / 1e6,
        data=data,
        iterations=state.iteration,
        minutes=state.seconds / 60,
        device=device,
        figures=figures_table(state.figures),
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

    return write_model_folder(folder, config, card, terms, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> ContourPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return ContourPipeline(TorchNetwork(load_weights(ContourNet(), "contour", folder)), config)
