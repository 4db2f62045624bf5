"""Make the segmenter's model folder from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.segmentation.unet.network import CHANNELS, GRID, Segmenter
from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.loop import State
from EchoSynthLib.training.model_folder import figures_table, write_model_folder

_CARD = """# {name}

LV cavity, myocardium and left atrium in apical two- and four-chamber echocardiograms, and which of the two views it is.

| | |
|---|---|
| network | MONAI residual U-Net {channels}, {grid}, with a view head; {parameters:.2f} M parameters |
| data | {data} |
| recipe | `EchoSynthLib/segmentation/unet/recipe.py`: Dice + cross-entropy, random probe geometry, \
scanner and overlays |
| trained | {iterations} iterations of batch 8 in {minutes:.0f} minutes on {device} |

Measured on the val split (per-image mean, before cleaning), by the recipe itself:

{figures}
"""


def publish(network: nn.Module, folder: Path, state: State, data: str, terms: str, device: str) -> Path:
    """Write the model folder, whose last part is the model's name; `data` and `terms` are for its card."""
    card = _CARD.format(
        name=folder.name,
        channels=CHANNELS,
        grid=f"{GRID[0]} x {GRID[1]}",
        parameters=sum(p.numel() for p in network.parameters()) / 1e6,
        data=data,
        iterations=state.iteration,
        minutes=state.seconds / 60,
        device=device,
        figures=figures_table(state.figures),
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

    return write_model_folder(folder, config, card, terms, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> SegmenterPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return SegmenterPipeline(TorchNetwork(load_weights(Segmenter(), "segmenter", folder)), config)
