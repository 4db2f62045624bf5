"""Generators behind one call, whatever their system: frames and their sector in, images and how they were made out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.api.pipelines import beam_flow, check_system, diffusion
from EchoSynthLib.errors import InputError
from EchoSynthLib.progress import part
from EchoSynthLib.runtime import usable_cores
from EchoSynthLib.synthesis.beam_flow import FLOW_MAP
from EchoSynthLib.types import Progress, Record

Images = NDArray[np.uint8]
Generate = Callable[[NDArray[np.uint8], Sector, Progress | None], tuple[Images, Record]]
"""(label maps (T, H, W), sector, progress) -> images (count, T, H, W); process, solver, steps, network evaluations"""


@dataclass(frozen=True)
class DrawingRequest:
    """What all frames of a call share; each as in `synthesize`."""

    view: str
    quality: str | None
    depth_mm: float | None
    count: int
    seed: int
    steps: int | None
    solver: str | None


def generator_of(folder: zoo.ModelFolder, wanted: DrawingRequest) -> Generate:
    """The generator of a model folder, ready to draw what is wanted.

    Raises:
        InputError: the model is none, or cannot be asked for this.
        EchoSynthError: what it runs on is not installed.
    """
    systems = {"synthesis.beam_flow": _by_beam_flow, "synthesis.diffusion": _by_diffusion}
    return partial(systems[check_system(folder, tuple(systems), "Drawing images")], folder, wanted)


def _by_beam_flow(
    folder: zoo.ModelFolder,
    wanted: DrawingRequest,
    label_maps: NDArray[np.uint8],
    sector: Sector,
    progress: Progress | None,
) -> tuple[Images, Record]:
    if wanted.solver is not None:
        raise InputError(
            f"The model {folder.name!r} is a flow map, which takes its steps without a solver; given was "
            f"{wanted.solver!r}. Leave the solver out, or choose a diffusion model."
        )
    # A lone image is drawn by all cores, several by one each, which takes less time together; they are the same.
    at_once = 1 if wanted.count * len(label_maps) == 1 else usable_cores()
    pipeline = beam_flow(folder.name, folder.content, at_once)
    images = pipeline(
        label_maps,
        sector,
        view=wanted.view,
        quality=wanted.quality,
        depth_mm=wanted.depth_mm,
        count=wanted.count,
        seed=wanted.seed,
        steps=wanted.steps,
        progress=_with_frames(progress, len(label_maps)),
    )
    steps = int(pipeline.config["default_steps"] if wanted.steps is None else wanted.steps)
    about = {
        "process": FLOW_MAP,
        "solver": FLOW_MAP,
        "steps": steps,
        # One for each step of the structure stage, and the speckle stage's.
        "network_evaluations": steps + 1,
        "guidance": float(pipeline.config["guidance"]),
        "temperature": pipeline.temperature(steps),
    }
    return images, about


def _by_diffusion(
    folder: zoo.ModelFolder,
    wanted: DrawingRequest,
    label_maps: NDArray[np.uint8],
    sector: Sector,
    progress: Progress | None,
) -> tuple[Images, Record]:
    if wanted.quality is not None:
        raise InputError(
            f"The model {folder.name!r} knows nothing of image quality; given was {wanted.quality!r}. Leave it out."
        )
    generator, told = diffusion(folder.name, folder.content), _with_frames(progress, len(label_maps))
    drawn, abouts = zip(
        *(
            generator(
                label_map,
                sector,
                view=wanted.view,
                count=wanted.count,
                seed=wanted.seed,
                steps=wanted.steps,
                solver=wanted.solver,
                progress=told and part(told, index, len(label_maps)),
            )
            for index, label_map in enumerate(label_maps)
        ),
        strict=True,
    )
    return np.stack(drawn, axis=1), abouts[0]


def _with_frames(progress: Progress | None, frames: int) -> Progress | None:
    """What reports steps with the number of the frame that they have come to."""
    if progress is None or frames == 1:
        return progress

    def told(done: int, total: int, message: str = "") -> None:
        frame = min(done * frames // total + 1, frames)
        progress(done, total, f"{message}, frame {frame} of {frames}")

    return told
