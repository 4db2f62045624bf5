"""Stage 5: what an image costs: parameters, multiply-accumulates, network evaluations, seconds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from EchoSynthLib import zoo
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.experiment import label_maps
from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.experiment.images import plan_of
from EchoSynthLib.experiment.sampling import ImagePlan, Sampling, draw_and_tell, draw_by
from EchoSynthLib.experiment.stages import Workplace, read_json
from EchoSynthLib.images.write import write_record
from EchoSynthLib.machine import machine
from EchoSynthLib.systems import load_torch_pipeline

REVISION = 2
REPEATS = 3


def inputs(maps_key: str, sampling: Sampling, seed: int) -> dict[str, Any]:
    """What the stage depends on; that the machine does, too, its record tells."""
    told = {"model": sampling.key, "solver": sampling.solver, "steps": sampling.steps, "device": sampling.device}
    return {"revision": REVISION, "maps": maps_key, "machine": machine(), "seed": seed, **told}


def make(frames: Frames, maps_folder: Path, sampling: Sampling, seed: int, work: Workplace) -> None:
    """cost.json of one image."""
    plan = plan_of(frames, label_maps.load(maps_folder), 0, seed)
    about = _operations(sampling, plan)
    seconds = []
    for repeat in range(REPEATS + 1):
        work.progress(repeat, REPEATS + 1, "")
        started = time.perf_counter()
        _, told = draw_and_tell(sampling, plan)
        seconds.append(time.perf_counter() - started)
    # The first call loads the model.
    write_record(work.result / "cost.json", {**told, **about, "seconds": min(seconds[1:]), "measured_on": machine()})


def load(folder: Path) -> dict[str, Any]:
    """What a stage found."""
    return read_json(folder / "cost.json")


def _operations(sampling: Sampling, plan: ImagePlan) -> dict[str, Any]:
    """Parameters, and multiply-accumulates of the whole image, counted while torch draws it."""
    from EchoSynthLib.networks.semantic.cost import multiply_accumulates_of

    model = zoo.open_folder(sampling.folder)
    pipeline, can = load_torch_pipeline(model, sampling.device), Capabilities.of(model)
    return {
        "parameters": sum(p.numel() for network in pipeline.networks for p in network.parameters()),
        "multiply_accumulates": multiply_accumulates_of(lambda: draw_by(pipeline, can, sampling, plan)),
    }
