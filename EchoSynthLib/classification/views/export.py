"""Make the folder of a view model from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.classification.views.classes import CLASSES
from EchoSynthLib.classification.views.gate import FLAGGED, THRESHOLD, Gate
from EchoSynthLib.classification.views.network import network_of
from EchoSynthLib.classification.views.pipeline import ViewPipeline
from EchoSynthLib.classification.views.presets import SIDES
from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

_KINDS = {
    "small": "small residual network, half of its shallow channels normalized by instance",
    "paper": "ResNet-18 of the CIFAR kind",
}


def export(network: nn.Module, folder: Path, state: State, made: Made, preset: str, gate: Gate, batch: int) -> Path:
    """Write the model folder, whose last part is the model's name."""
    side = SIDES[preset]
    card = ModelCard(
        name=folder.name,
        summary=f"Which view a frame shows: {', '.join(CLASSES)}; and whether a model of apical views can trust it.",
        network={
            "network": f"{_KINDS[preset]}, {side} x {side}; {parameter_count(network) / 1e6:.2f} M parameters",
            "gate": f"log odds {gate.odds:.2f} of the apical views together are the threshold, a score of {THRESHOLD}; "
            f"it flags {FLAGGED:.0%} of apical pictures that were not learned from: hearts drawn as echo, and patients "
            "of the train split of CAMUS that were left out",
        },
        recipe="`EchoSynthLib/classification/views/recipe.py`: hearts of `anatomy/heart3d` cut in every view and drawn "
        "as echo by `acoustics`, on screens of all kinds; spectra, M-mode, tissue without a heart; real frames",
        made=made,
        trained=f"{state.iteration} iterations of batch {batch} in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="share told right of all classes there are; of the other real frames, which are few, the mean of the "
        "coarse classes' recalls",
        limits="Parasternal, subcostal and apical long-axis views were learned from drawn hearts and a handful of real "
        "frames of one laboratory. Mirrored pictures are not told from others. A frame of a spectrum with a large "
        "sector above may be taken for that sector.",
    )
    config = {
        "system": "classification.views",
        "preset": preset,
        "side": side,
        "classes": list(CLASSES),
        "gate": gate.to_dict(),
        "figures": dict(state.figures),
    }

    def write(part: Path) -> None:
        save_weights({"views": network}, part)
        save_graph(network, "views", part, {"picture": torch.zeros(1, 1, side, side)}, ["logits"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> ViewPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    network = network_of(config["preset"], len(config["classes"]))
    return ViewPipeline(TorchNetwork(load_weights(network, "views", folder)), config)
