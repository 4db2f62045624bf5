"""How images are sampled: a model, a solver, a number of steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.experiment.stages import read_json
from EchoSynthLib.synthesis.beam_flow import FLOW_MAP

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
class Plan:
    """One image to be drawn; see `synthesize`."""

    label_map: Image
    sector: Sector
    view: str
    quality: str | None
    depth_mm: float | None
    seed: int


def draw(sampling: Sampling, plan: Plan) -> Image:
    """The image (H, W) of a plan; it depends on the model, the sampling and the plan alone."""
    return _drawer(sampling)(plan)[0]


def draw_and_tell(sampling: Sampling, plan: Plan) -> tuple[Image, dict[str, Any]]:
    """The image, and what was done for it: process, solver, steps and network evaluations."""
    return _drawer(sampling)(plan)


Drawer = Callable[[Plan], tuple[Image, dict[str, Any]]]


# A worker draws thousands of images with a model that takes seconds to load.
@lru_cache(maxsize=2)
def _drawer(sampling: Sampling) -> Drawer:
    config = read_json(sampling.folder / "config.json")
    if config["system"] == "synthesis.diffusion":
        from EchoSynthLib.synthesis.diffusion.pipeline import DiffusionGenerator

        return diffusion_drawer(DiffusionGenerator.from_folder(sampling.folder, sampling.device), sampling)
    from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline

    return flow_drawer(BeamFlowPipeline.from_folder(sampling.folder, config), sampling)


def diffusion_drawer(generator: Any, sampling: Sampling) -> Drawer:
    """Draws by a `DiffusionGenerator`."""

    def one(plan: Plan) -> tuple[Image, dict[str, Any]]:
        images, record = generator(
            plan.label_map, plan.sector, view=plan.view, seed=plan.seed, steps=sampling.steps, solver=sampling.solver
        )
        return images[0], record

    return one


def flow_drawer(pipeline: Any, sampling: Sampling) -> Drawer:
    """Draws by a `BeamFlowPipeline`, whose speckle stage is one evaluation more."""

    def one(plan: Plan) -> tuple[Image, dict[str, Any]]:
        steps = sampling.steps or int(pipeline.config["default_steps"])
        images = pipeline(
            plan.label_map,
            plan.sector,
            view=plan.view,
            quality=plan.quality,
            depth_mm=plan.depth_mm,
            seed=plan.seed,
            steps=steps,
        )
        about = {"process": FLOW_MAP, "solver": FLOW_MAP, "steps": steps, "network_evaluations": steps + 1}
        return images[0], about

    return one
