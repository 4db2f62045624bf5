"""Make the folder of a retrieval model from trained networks (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.retrieval.contrastive.network import LENGTHS, Matcher, matcher_of
from EchoSynthLib.retrieval.contrastive.pipeline import ContrastivePipeline
from EchoSynthLib.retrieval.contrastive.scans import SIDE
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

_HEADS = {
    "small": "Siamese head on the difference of two and their product",
    "paper": "pair head on the mean of both, which forgets the order",
}
_MEASURED = (
    "pairs as in the paper, matches against frames more than two off and against other subjects; the best of a sweep's "
    "24 frames; of real sequences a second scan is simulated, turned by up to 5 degrees"
)
_LIMITS = """Second examinations were drawn or simulated; no patient's was at hand. Muscles across were drawn, those
along are of few people. Hearts of other views than the standard ones on the ways that were swept, and pictures of
other organs, were not learned from. A high score says that two pictures look alike, not that they are one patient's."""


def export(matcher: Matcher, folder: Path, state: State, made: Made, preset: str, loss: str) -> Path:
    """Write the model folder, whose last part is the model's name."""
    count = parameter_count(matcher.encoder) + parameter_count(matcher.head)
    card = ModelCard(
        name=folder.name,
        summary="Which frame of a later clip shows the same as a frame of an earlier one: muscle and heart.",
        network={
            "network": f"a frame of {SIDE} x {SIDE} to {LENGTHS[preset]} numbers, means of them over five frames, "
            f"{_HEADS[preset]}; {count / 1e6:.2f} M parameters",
        },
        recipe=f"`EchoSynthLib/retrieval/contrastive/recipe.py`: {loss}",
        made=made,
        trained=f"{state.iteration} iterations in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured=_MEASURED,
        limits=_LIMITS,
    )
    config = {"system": "retrieval.contrastive", "preset": preset, "side": SIDE, "figures": dict(state.figures)}

    def write(part: Path) -> None:
        save_weights({"encoder": matcher.encoder, "head": matcher.head}, part)
        save_graph(matcher.encoder, "encoder", part, {"picture": torch.zeros(1, 1, SIDE, SIDE)}, ["embedding"])
        # Two tensors: the exporter takes one that is given twice for one input.
        pair = {name: torch.zeros(1, LENGTHS[preset]) for name in ("first", "second")}
        save_graph(matcher.head, "head", part, pair, ["logit"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> ContrastivePipeline:
    """The pipeline with its networks run by torch instead of onnxruntime, for comparison."""
    matcher = matcher_of(config["preset"])
    encoder, head = (load_weights(getattr(matcher, name), name, folder) for name in ("encoder", "head"))
    return pipeline_of(encoder, head)


def pipeline_of(encoder: nn.Module, head: nn.Module) -> ContrastivePipeline:
    """The pipeline of two networks run by torch."""
    return ContrastivePipeline(TorchNetwork(encoder), TorchNetwork(head), {"side": SIDE})
