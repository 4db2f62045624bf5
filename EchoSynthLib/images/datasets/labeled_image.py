"""One case of a data set: an image and its label map, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.datasets.camus_frame import CamusFrame
from EchoSynthLib.images.frame import Geometry
from EchoSynthLib.types import Spacing


@dataclass(frozen=True, eq=False)
class LabeledImage:
    """One case of a data set.

    Attributes:
        name: letters, digits, - and _; unique in the data set.
        image: (H, W) uint8.
        label_map: (H, W) uint8, or None for a case without truth, which goes to `imagesTs`.
        spacing: (row, column) in mm, used where there is no geometry.
        geometry: the place in space to copy, or None.
        attributes: what the image says of itself; a synthetic one has `synthetic: True`.
    """

    name: str
    image: NDArray[np.uint8]
    label_map: NDArray[np.uint8] | None
    spacing: Spacing | None = None
    geometry: Geometry | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of_camus(cls, frame: CamusFrame) -> LabeledImage:
        """A CAMUS frame as a case."""
        return cls(frame.name, frame.image, frame.label_map, frame.spacing, frame.geometry)
