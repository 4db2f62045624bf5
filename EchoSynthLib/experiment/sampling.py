"""How images are sampled: a model, a solver, a number of steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.synthesis import Synthesizer
from EchoSynthLib.systems import load_pipeline

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Sampling:
    """Whose images, and how they are sampled; `solver` and `steps` None for the model's own.

    Attributes:
        folder: of the model; with workers elsewhere it must be reached from there.
        key: of the model's content, so that a folder made anew is loaded anew.
        device: as torch calls it; for diffusion models.
    """

    folder: Path
    key: str
    device: str = "cpu"
    solver: str | None = None
    steps: int | None = None

    @property
    def name(self) -> str:
        """As in heun:10."""
        return "default" if self.solver is None else f"{self.solver}:{self.steps}"


@dataclass(frozen=True)
class ImagePlan:
    """One image to be drawn; see `synthesize`."""

    label_map: Image
    sector: Sector
    view: str
    quality: str | None
    depth_mm: float | None
    seed: int


def draw(sampling: Sampling, plan: ImagePlan) -> Image:
    """The image (H, W) of a plan; it depends on the model, the sampling and the plan alone."""
    return draw_and_tell(sampling, plan)[0]


def draw_and_tell(sampling: Sampling, plan: ImagePlan) -> tuple[Image, dict[str, Any]]:
    """The image, and what was done for it: process, solver, steps and network evaluations."""
    model = _model(sampling)
    return draw_by(load_pipeline(model, device=sampling.device), Capabilities.of(model), sampling, plan)


def draw_by(
    synthesizer: Synthesizer, can: Capabilities, sampling: Sampling, plan: ImagePlan
) -> tuple[Image, dict[str, Any]]:
    """The image that a pipeline draws, and what was done for it; what its model has no choice of is not asked for."""
    asked: dict[str, Any] = {"quality": plan.quality, "steps": sampling.steps, "solver": sampling.solver}
    images, about = synthesizer(
        plan.label_map,
        plan.sector,
        view=plan.view,
        depth_mm=plan.depth_mm,
        seed=plan.seed,
        **{name: value for name, value in asked.items() if name in can.options},
    )
    return images[0], about


# Of thousands of images that a worker draws; `key` is a part of the sampling, so that a folder made anew is looked at.
@lru_cache(maxsize=8)
def _model(sampling: Sampling) -> zoo.ModelFolder:
    return zoo.open_folder(sampling.folder)
