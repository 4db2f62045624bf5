"""What all functions for the user share: checks, the record's beginning, and pipelines that are loaded once."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from EchoSynthLib import zoo
from EchoSynthLib.errors import EchoSynthError, InputError
from EchoSynthLib.types import Record

if TYPE_CHECKING:
    from EchoSynthLib.segmentation.contour.pipeline import ContourPipeline
    from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline
    from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline
    from EchoSynthLib.synthesis.diffusion.pipeline import DiffusionGenerator


def record_of(task: str, folder: zoo.ModelFolder, started: float) -> Record:
    """What every record says; `started` is the perf_counter's."""
    from EchoSynthLib import __version__

    return {
        "task": task,
        "echosynth_version": __version__,
        "model": folder.name,
        "model_sha256": folder.sha256,
        "seconds": round(time.perf_counter() - started, 4),
    }


def check_system(folder: zoo.ModelFolder, wanted: tuple[str, ...], what: str) -> str:
    """The system that a model is of; InputError where that is none of those wanted, which `what` says in words."""
    system = str(folder.config.get("system"))
    if system not in wanted:
        raise InputError(
            f"{what} needs a model of the system {' or '.join(wanted)}, and {folder.name!r} is one of {system}; "
            "give the name of such a model, see `echosynth models`."
        )
    return system


# A model of the same name may change between two calls: `ModelFolder.content`, the sum of all that the pipeline is
# built from, is a part of the key.


@lru_cache(maxsize=4)
def segmenter(model: str, content: str, threads: int | None = None) -> SegmenterPipeline:
    """The segmenter of that name and content; `threads` as in `OnnxNetwork`."""
    from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline

    folder = zoo.find(model)
    return SegmenterPipeline.from_folder(folder.path, folder.config, threads)


@lru_cache(maxsize=4)
def contour_model(model: str, content: str) -> ContourPipeline:
    """The contour model of that name and content."""
    from EchoSynthLib.segmentation.contour.pipeline import ContourPipeline

    folder = zoo.find(model)
    return ContourPipeline.from_folder(folder.path, folder.config)


@lru_cache(maxsize=4)
def beam_flow(model: str, content: str, at_once: int = 1) -> BeamFlowPipeline:
    """The fast generator of that name and content; `at_once` as in `BeamFlowPipeline`."""
    from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline

    folder = zoo.find(model)
    return BeamFlowPipeline.from_folder(folder.path, folder.config, at_once)


@lru_cache(maxsize=2)
def diffusion(model: str, content: str) -> DiffusionGenerator:
    """The diffusion model of that name and content, on the CPU.

    Raises:
        EchoSynthError: what it runs on is not installed.
    """
    from EchoSynthLib.synthesis.diffusion.pipeline import DiffusionGenerator

    try:
        return DiffusionGenerator.from_folder(zoo.find(model).path)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("EchoSynthLib"):
            raise
        raise EchoSynthError(
            f"The model {model!r} needs {error.name}, which is not installed; it comes with: "
            "pip install 'echosynth[full]'"
        ) from error
