"""Brightness as a user calls it: image in, a number out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.gray import to_gray8


class BrightnessPipeline:
    """Image to gray levels above the usual."""

    def __init__(self, usual: float) -> None:
        self.usual = usual

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> BrightnessPipeline:
        """The pipeline of a model folder."""
        return cls(float(config["usual"]))

    def __call__(self, image: NDArray[Any]) -> tuple[float, dict[str, Any]]:
        """How much brighter an image (H, W) is than usual, in gray levels, and how that was found."""
        return float(np.mean(to_gray8(image))) - self.usual, {"usual": self.usual}
