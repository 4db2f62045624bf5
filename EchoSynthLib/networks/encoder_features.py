"""Features of echocardiograms for the Frechet distance, from a segmenter's encoder (torch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from EchoSynthLib.images.grid import to_grid


class EncoderFeatures:
    """Mean activations of a segmenter's first three encoder levels: 24 + 48 + 96 = 168 numbers an image.

    The early levels see texture, walls and valves; the deep ones would see little but the label map.

    Args:
        segmenter: a pipeline that torch runs (`systems.load_torch_pipeline`), whose network has a U-Net of MONAI.
    """

    def __init__(self, segmenter: Any) -> None:
        self.grid, self.network = segmenter.grid, segmenter.network.network
        outer = self.network.unet.model
        self.levels = [outer[0], outer[1].submodule[0], outer[1].submodule[1].submodule[0]]

    @torch.inference_mode()
    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features (168,) of one gray image (H, W)."""
        gray = torch.tensor(to_grid(image.astype(np.float32) / 255, self.grid))[None, None]
        x = (gray - self.network.mean) / self.network.deviation
        found = []
        for level in self.levels:
            x = level(x)
            found.append(x.mean(dim=(2, 3))[0].numpy())
        return np.concatenate(found)
