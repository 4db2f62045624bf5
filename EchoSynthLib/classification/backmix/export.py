"""Make the model folder of a trained classifier (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from EchoSynthLib.classification.backmix.pipeline import BackMixPipeline
from EchoSynthLib.networks.resnet import ResNet, parameter_count, resnet
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

NAME = "classifier"


def export(network: ResNet, folder: Path, config: Mapping[str, Any], how: str, state: State, made: Made) -> Path:
    """Write the model folder, whose last part is the model's name."""
    card = ModelCard(
        name=folder.name,
        summary=f"Which of {', '.join(config['classes'])} a frame shows.",
        network={"network": f"ResNet, preset {config['preset']}, {parameter_count(network):,} parameters"},
        recipe=f"`EchoSynthLib/classification/backmix/recipe.py`: {how}",
        made=made,
        trained=f"{state.iteration} iterations of batch 64 in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="share of frames told right, and the mean of the classes' recalls",
        limits="It knows the classes above and nothing else: every frame is given one of them.",
    )

    def write(part: Path) -> None:
        save_weights({NAME: network}, part)
        example = {"frame": torch.zeros(1, 1, *config["grid"])}
        save_graph(network, NAME, part, example, ["logits"])

    return write_model_folder(folder, {**config, "figures": dict(state.figures)}, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> BackMixPipeline:
    """The pipeline with its network run by torch: for saliency, and many frames at once."""
    network = resnet(config["preset"], len(config["classes"]))
    return BackMixPipeline(TorchNetwork(load_weights(network, NAME, folder)), config)
