"""Make the model folders of experts and of their fusion (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.classification.experts.network import Expert, FusedExperts, Fusion
from EchoSynthLib.classification.experts.pipeline import EXPERT, FUSED, ExpertsPipeline
from EchoSynthLib.classification.sites import Sites, sites_of
from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

OUTPUTS = {EXPERT: ["features", "logits", "discrepancy"], FUSED: ["logits", "weights"]}


def export(
    network: nn.Module, folder: Path, part: str, sites: Sites, about: Mapping[str, Any], state: State, made: Made
) -> Path:
    """Write the model folder of an expert, or of all, fused; `about` goes into config.json: grid, presets, fusion."""
    names = ", ".join(sites.names)
    what = f"The expert of the site {names}" if part == EXPERT else f"Experts of the sites {names}, fused"
    card = ModelCard(
        name=folder.name,
        summary=f"{what}: which of {', '.join(sites.classes)} a frame shows.",
        network={"network": f"ResNet, {parameter_count(network):,} parameters"},
        recipe="`EchoSynthLib/classification/experts/recipe.py`: "
        + (
            "cross-entropy"
            if part == EXPERT
            else f"{about['fusion']}, learned from feature sets; the experts are frozen"
        ),
        made=made,
        trained=f"{state.iteration} iterations of batch 64 in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="share of frames told right, and the mean of the classes' recalls",
        limits="It knows the classes above and nothing else: every frame is given one of them.",
    )
    rows = [{"name": name, "classes": list(classes)} for name, classes in sites.classes_of.items()]
    config = {"system": "classification.experts", "part": part, "sites": rows, **about, "figures": dict(state.figures)}

    def write(inside: Path) -> None:
        save_weights({part: network}, inside)
        save_graph(network, part, inside, {"frame": torch.zeros(1, 1, *about["grid"])}, OUTPUTS[part])

    return write_model_folder(folder, config, card, write)


def load_expert(folder: Path, config: Mapping[str, Any]) -> Expert:
    """The network of an expert's model folder."""
    (classes,) = sites_of(config["sites"]).classes_of.values()
    return load_weights(Expert(len(classes), config["preset"]), EXPERT, folder)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> ExpertsPipeline:
    """The pipeline with its networks run by torch, many frames at once."""
    if config["part"] == EXPERT:
        return ExpertsPipeline(TorchNetwork(load_expert(folder, config)), config, any_batch=True)
    sites = sites_of(config["sites"])
    presets = zip(sites.classes_of.values(), config["presets"], strict=True)
    experts = [Expert(len(classes), preset) for classes, preset in presets]
    fusion = fusion_of(experts, sites, config["fusion"])
    network = load_weights(FusedExperts(experts, fusion), FUSED, folder)
    return ExpertsPipeline(TorchNetwork(network), config, any_batch=True)


def fusion_of(experts: list[Expert], sites: Sites, kind: str) -> Fusion:
    """A fusion of experts, not trained yet.

    Raises:
        ValueError: their features have different lengths.
    """
    lengths = {expert.network.feature_length for expert in experts}
    if len(lengths) != 1:
        raise ValueError(f"experts that are fused have features of one length; found were {sorted(lengths)}")
    return Fusion(sites, lengths.pop(), [len(expert.mean) for expert in experts], kind)
