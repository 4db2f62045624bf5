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
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

SAMPLING: dict[str, Any] = {"default_steps": 4, "guidance": 1.2, "spread": 0.08, "blur": 0.0}
"""Chosen with Testing/benchmarks/sampling.py, guidance and spread on the train split, the blur before that on val: more
guidance obeys more and varies less, more spread varies more."""


def export(structure: nn.Module, speckle: nn.Module, folder: Path, states: tuple[State, State], made: Made) -> Path:
    """Write the model folder from the averaged networks."""
    coarse, beams = (f"{rows} x {columns}" for rows, columns in (COARSE_SHAPE, BEAM_SHAPE))
    size = [sum(p.numel() for p in network.parameters()) / 1e6 for network in (structure, speckle)]
    first, second = states
    card = ModelCard(
        name=folder.name,
        summary="Label map to echocardiogram, apical two- and four-chamber, in beam space (range x angle).",
        network={
            "structure stage": f"flow map on {coarse}, U-Net with label map, view, opening angle, depth and image "
            f"quality; {size[0]:.2f} M parameters",
            "speckle stage": f"one-step draw of {beams} from it and white noise, trained on the patch energy score; "
            f"{size[1]:.2f} M parameters",
            "sampling": ", ".join(f"{key} {value}" for key, value in SAMPLING.items()),
        },
        recipe="`EchoSynthLib/synthesis/beam_flow/recipe.py`",
        made=made,
        trained=f"structure {first.iteration} iterations of batch 8 in {first.seconds / 60:.1f} minutes{first.told}, "
        f"speckle {second.iteration} iterations of 2 x 4 in {second.seconds / 60:.1f} minutes{second.told}",
        limits="Apical two- and four-chamber views, for label maps like those of the data. "
        "Every image that it draws is marked as synthetic.",
    )
    config = {
        "system": "synthesis.beam_flow",
        "structure_mean": STRUCTURE_MEAN,
        "structure_scale": STRUCTURE_SCALE,
        **SAMPLING,
        "minutes": round(sum(state.seconds for state in states) / 60, 2),
        "device": made.device,
        "data": made.data,
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

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> BeamFlowPipeline:
    """The pipeline with its networks run by torch instead of onnxruntime, for comparison."""
    structure = TorchNetwork(load_weights(StructureNetwork(), "structure", folder))
    speckle = TorchNetwork(load_weights(SpeckleNetwork(), "speckle", folder))
    return BeamFlowPipeline(structure, speckle, config)
