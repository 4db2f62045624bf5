"""Features of echocardiograms for the Frechet distance, from the shipped segmenter's encoder (torch)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from EchoSynthLib.images.grid import to_grid
from EchoSynthLib.segmentation.unet.network import GRID, Segmenter
from EchoSynthLib.training.export import load_weights


class EncoderFeatures:
    """Mean activations of the segmenter's first three encoder levels: 24 + 48 + 96 = 168 numbers an image.

    The early levels see texture, walls and valves; the deep ones would see little but the label map.
    """

    def __init__(self, folder: Path) -> None:
        self.network = load_weights(Segmenter(), "segmenter", folder)
        outer = self.network.unet.model
        self.levels = [outer[0], outer[1].submodule[0], outer[1].submodule[1].submodule[0]]

    @torch.inference_mode()
    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features (168,) of one grey image (H, W)."""
        grey = torch.tensor(to_grid(image.astype(np.float32) / 255, GRID))[None, None]
        x = (grey - self.network.mean) / self.network.deviation
        found = []
        for level in self.levels:
            x = level(x)
            found.append(x.mean(dim=(2, 3))[0].numpy())
        return np.concatenate(found)
