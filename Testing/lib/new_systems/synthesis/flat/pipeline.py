"""The flat generator as a user calls it: label map in, images out (numpy)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector


class FlatPipeline:
    """Label map to images."""

    def __init__(self, levels: Mapping[str, Any]) -> None:
        self.levels = np.array(levels["levels"], np.uint8)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> FlatPipeline:
        """The pipeline of a model folder."""
        return cls(config)

    def __call__(
        self, label_map: NDArray[np.uint8], sector: Sector, *, count: int = 1, seed: int = 0, **told: Any
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Images (count, ..., H, W), each a little darker than the one before, and how they were made."""
        drawn = self.levels[label_map] * sector.mask(label_map.shape[-2:])
        images = np.stack([drawn // np.uint8(1 + index + seed) for index in range(count)])
        return images, {"process": "flat", "solver": "flat", "steps": 1, "network_evaluations": 0}
