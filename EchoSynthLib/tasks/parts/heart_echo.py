"""The echo of cuts through one heart: how each is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.acoustics import draw
from EchoSynthLib.anatomy.heart3d.nearest_view import nearest_view
from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.api.cuts import TISSUE
from EchoSynthLib.types import Record

if TYPE_CHECKING:
    from EchoSynthLib.anatomy.heart3d.cut import Cut

GENERATOR = "generator"
DRAWINGS = (TISSUE, GENERATOR)
FARTHEST = 30.0
"""Degrees and mm off a plane that the generator was trained on, up to which it draws: some three errors of a hand."""
FARTHEST_BEAM = 45.0
"""Degrees: the apex has to be on top."""


def echo_of(one: Cut, drawing: str, seed: int, model: str = "beam-flow") -> tuple[NDArray[np.uint8], Record, list[str]]:
    """The image (H, W) of a cut, what the record says of it, and what is doubtful.

    Args:
        one: the cut; of those of one plane at several phases the speckle is the same.
        drawing: by tissue, which any plane has, or by the generator, which knows two- and four-chamber views; farther
            off it is drawn by tissue, and a warning says so.
        seed: of the speckle.
        model: name of the generator.
    """
    if drawing == TISSUE:
        return *_by_tissue(one, seed), []
    near = nearest_view(one.heart, one.pose, view_names("synthesis"))
    if near.off <= FARTHEST and near.beam_degrees <= FARTHEST_BEAM:
        return *_generated(one, seed, model), []
    doubt = (
        f"The generator knows {' and '.join(view_names('synthesis'))}; this picture is off {near.view} by "
        f"{max(near.degrees, near.beam_degrees):.0f} degrees and {near.mm:.0f} mm, so it is drawn by tissue."
    )
    return *_by_tissue(one, seed), [doubt]


def _generated(one: Cut, seed: int, model: str) -> tuple[NDArray[np.uint8], Record]:
    from EchoSynthLib.api.synthesis import synthesize

    images, record = synthesize(one, seed=seed, model=model)
    kept = ("model", "model_sha256", "steps", "view")
    return images[0], {"drawing": GENERATOR, **{key: record[key] for key in kept if key in record}}


def _by_tissue(one: Cut, seed: int) -> tuple[NDArray[np.uint8], Record]:
    image, about = draw(one, seed=seed)
    return image, {"drawing": TISSUE, "look": about["look"]}
