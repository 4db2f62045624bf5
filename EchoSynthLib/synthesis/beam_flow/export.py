"""Make the generator's model folder from its two trained networks (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.anatomy.beam import BEAM_SHAPE
from EchoSynthLib.synthesis.beam_flow import conditions
from EchoSynthLib.synthesis.beam_flow.network import (
    STRUCTURE_MEAN,
    STRUCTURE_SCALE,
    SpeckleNetwork,
    StructureNetwork,
)
from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline
from EchoSynthLib.synthesis.beam_flow.shapes import CLASSES, COARSE_SHAPE
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.loop import State
from EchoSynthLib.training.model_folder import write_model_folder

SAMPLING: dict[str, Any] = {"default_steps": 4, "guidance": 1.2, "spread": 0.08, "blur": 0.0}
"""Chosen with Testing/benchmarks/sampling.py, guidance and spread on the train split, the blur before that on val: more
guidance obeys more and varies less, more spread varies more."""

_CARD = """# beam-flow

Label map to echocardiogram, apical two- and four-chamber, in beam space (range x angle).

| | |
|---|---|
| structure stage | flow map on {coarse}, U-Net with label map, view, opening angle, depth and \
image quality; {structure:.2f} M parameters |
| speckle stage | one-step draw of {beams} from it and white noise, trained on the \
patch energy score; {speckle:.2f} M parameters |
| data | {data} |
| recipe | `EchoSynthLib/synthesis/beam_flow/recipe.py` |
| trained | structure {first.iteration} iterations of batch 8 in {first_minutes:.0f} minutes, \
speckle {second.iteration} iterations of 2 x 4 in {second_minutes:.0f} minutes, on {device} |
| sampling | {sampling} |

The recipe measures nothing; `Testing/benchmarks/run.py` does. Every image that it draws is marked as synthetic.
"""


def publish(
    structure: nn.Module,
    speckle: nn.Module,
    folder: Path,
    states: tuple[State, State],
    data: str,
    terms: str,
    device: str,
) -> Path:
    """Write the model folder from the averaged networks; `data` and `terms` are for its card."""
    card = _CARD.format(
        coarse=f"{COARSE_SHAPE[0]} x {COARSE_SHAPE[1]}",
        beams=f"{BEAM_SHAPE[0]} x {BEAM_SHAPE[1]}",
        structure=sum(p.numel() for p in structure.parameters()) / 1e6,
        speckle=sum(p.numel() for p in speckle.parameters()) / 1e6,
        data=data,
        first=states[0],
        second=states[1],
        first_minutes=states[0].seconds / 60,
        second_minutes=states[1].seconds / 60,
        device=device,
        sampling=", ".join(f"{key} {value}" for key, value in SAMPLING.items()),
    )
    config = {
        "system": "synthesis.beam_flow",
        "structure_mean": STRUCTURE_MEAN,
        "structure_scale": STRUCTURE_SCALE,
        **SAMPLING,
        "minutes": round(sum(state.seconds for state in states) / 60, 2),
        "device": device,
        "data": data,
    }

    def write(part: Path) -> None:
        save_weights({"structure": structure, "speckle": speckle}, part)
        label = torch.zeros(1, CLASSES, *BEAM_SHAPE)
        condition = torch.zeros(1, conditions.LENGTH)
        coarse = torch.zeros(1, 1, *COARSE_SHAPE)
        inputs = {"z": coarse, "t": torch.ones(1), "r": torch.zeros(1), "guidance": torch.ones(1)}
        save_graph(structure, "structure", part, {**inputs, "label": label, "condition": condition}, ["velocity"])
        noise = torch.zeros(1, 2, *BEAM_SHAPE)
        inputs = {"coarse": coarse, "blur": torch.zeros(1), "noise": noise, "label": label, "condition": condition}
        save_graph(speckle, "speckle", part, inputs, ["image"])

    return write_model_folder(folder, config, card, terms, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> BeamFlowPipeline:
    """The pipeline with its networks run by torch instead of onnxruntime, for comparison."""
    structure = TorchNetwork(load_weights(StructureNetwork(), "structure", folder))
    speckle = TorchNetwork(load_weights(SpeckleNetwork(), "speckle", folder))
    return BeamFlowPipeline(structure, speckle, config)
