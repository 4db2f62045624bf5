"""Make the folder of a model of ejection fractions from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.regression.ejection_fraction.network import network_of
from EchoSynthLib.regression.ejection_fraction.pipeline import EjectionPipeline
from EchoSynthLib.regression.ejection_fraction.presets import SAMPLINGS
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

_NAME = "ejection_fraction"
_KINDS = {
    "small": "convolutions over space and over time on four scales, with the cavity weighed out; ",
    "paper": "R(2+1)D-18 (Tran et al. 2018); ",
}


def export(network: nn.Module, folder: Path, state: State, made: Made, preset: str, batch: int) -> Path:
    """Write the model folder, whose last part is the model's name."""
    sampling = SAMPLINGS[preset]
    card = ModelCard(
        name=folder.name,
        summary="The left ventricle's ejection fraction in an apical cine, told by looking, without outlines.",
        network={
            "network": f"{_KINDS[preset]}{sampling.frames} frames of {sampling.side} x {sampling.side} over "
            f"{sampling.seconds:g} seconds; {parameter_count(network) / 1e6:.2f} M parameters",
        },
        recipe="`EchoSynthLib/regression/ejection_fraction/recipe.py`: beats of synthetic hearts, played at other "
        "heart rates and frame rates and with less of their ejection, on screens of other makers",
        made=made,
        trained=f"{state.iteration} iterations of {batch} cines in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="of ejection fractions in percent",
        limits="It learned from synthetic hearts alone, in two- and four-chamber views from the apex. The interval "
        "rests on hearts that were drawn as those it learned from; of real cines it is too narrow. Arrhythmia was not "
        "learned.",
    )
    config = {
        "system": "regression.ejection_fraction",
        "preset": preset,
        "frames": sampling.frames,
        "seconds": sampling.seconds,
        "side": sampling.side,
        "residual": state.figures["standard deviation of the errors, points"],
        "figures": dict(state.figures),
    }

    def write(part: Path) -> None:
        save_weights({_NAME: network}, part)
        cine = torch.zeros(1, sampling.frames, sampling.side, sampling.side)
        save_graph(network, _NAME, part, {"cine": cine}, ["fraction"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> EjectionPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return EjectionPipeline(TorchNetwork(load_weights(network_of(config["preset"]), _NAME, folder)), config)
