"""Image to a number: how bright it is. A kind of system that the house does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.records import new_record
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Record


def how_bright(image: NDArray[np.uint8], *, model: str = "brightness") -> tuple[float, Record]:
    """How much brighter an image (H, W) is than usual, in gray levels, and how that was found."""
    folder = find_model(model, "brightness", "Telling the brightness")
    brighter, about = load_pipeline(folder)(image)
    told: dict[str, Any] = {**new_record("brightness", model=folder), **about, "brighter": brighter}
    return brighter, told
