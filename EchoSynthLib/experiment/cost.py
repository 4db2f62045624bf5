"""Stage 5: what an image costs: parameters, multiply-accumulates, network evaluations, seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from EchoSynthLib.experiment import label_maps
from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.experiment.images import plan_of
from EchoSynthLib.experiment.sampling import Plan, Sampling, diffusion_drawer, draw_and_tell, flow_drawer
from EchoSynthLib.experiment.stages import Workplace, read_json
from EchoSynthLib.images.write import write_record
from EchoSynthLib.machine import machine

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


def _operations(sampling: Sampling, plan: Plan) -> dict[str, Any]:
    """Parameters, and multiply-accumulates of the whole image, counted while torch draws it."""
    from EchoSynthLib.networks.semantic.cost import multiply_accumulates_of

    config = read_json(sampling.folder / "config.json")
    drawer, networks = (
        _diffusion(sampling) if config["system"] == "synthesis.diffusion" else _flow_map(sampling, config)
    )
    parameters = sum(p.numel() for network in networks for p in network.parameters())
    return {"parameters": parameters, "multiply_accumulates": multiply_accumulates_of(lambda: drawer(plan))}


def _diffusion(sampling: Sampling) -> tuple[Any, list[Any]]:
    from EchoSynthLib.synthesis.diffusion.pipeline import DiffusionGenerator

    generator = DiffusionGenerator.from_folder(sampling.folder, sampling.device)
    networks = [generator.pipeline.network, generator.pipeline.autoencoder]
    return diffusion_drawer(generator, sampling), [network for network in networks if network is not None]


def _flow_map(sampling: Sampling, config: Mapping[str, Any]) -> tuple[Any, list[Any]]:
    from EchoSynthLib.synthesis.beam_flow.export import torch_pipeline

    pipeline: Any = torch_pipeline(sampling.folder, config)
    return flow_drawer(pipeline, sampling), [pipeline.structure.network, pipeline.speckle.network]
