"""Make the segmenter's model folder from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from EchoSynthLib.segmentation.unet.network import CHANNELS, GRID, Segmenter
from EchoSynthLib.training.export import load_weights, save_graph, save_weights
from EchoSynthLib.training.loop import State
from EchoSynthLib.training.model_folder import figures_table, write_model_folder

_CARD = """# segmenter

LV cavity, myocardium and left atrium in apical two- and four-chamber echocardiograms, and which of the two views it is.

| | |
|---|---|
| network | MONAI residual U-Net {channels}, {grid}, with a view head; {parameters:.2f} M parameters |
| data | {data} |
| recipe | `EchoSynthLib/segmentation/unet/recipe.py`: Dice + cross-entropy, random probe geometry, \
scanner and overlays |
| trained | {iterations} iterations of batch 8 in {minutes:.0f} minutes on {device} |

Measured on the val split (50 patients, 200 frames, per-image mean, before cleaning), by the recipe itself:

{figures}
"""


def publish(
    network: nn.Module, folder: Path, state: State, figures: Mapping[str, float], data: str, device: str
) -> Path:
    """Write the model folder; `figures` are the val figures of the averaged network."""
    card = _CARD.format(
        channels=CHANNELS,
        grid=f"{GRID[0]} x {GRID[1]}",
        parameters=sum(p.numel() for p in network.parameters()) / 1e6,
        data=data,
        iterations=state.iteration,
        minutes=state.seconds / 60,
        device=device,
        figures=figures_table(figures),
    )
    config = {"system": "segmentation.unet", "channels": list(CHANNELS), "grid": list(GRID), "figures": dict(figures)}

    def write(part: Path) -> None:
        save_weights({"segmenter": network}, part)
        example = {"image": torch.zeros(1, 1, *GRID)}
        save_graph(network, "segmenter", part, example, ["logits", "view"])

    return write_model_folder(folder, config, card, write)


class TorchSegmenter:
    """The same network behind the call that `OnnxNetwork` has, for comparison."""

    def __init__(self, folder: Path) -> None:
        self.network = load_weights(Segmenter(), "segmenter", folder)

    @torch.inference_mode()
    def __call__(self, *arrays: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """Run on numpy arrays."""
        return [out.numpy() for out in self.network(*(torch.from_numpy(a.astype(np.float32)) for a in arrays))]
