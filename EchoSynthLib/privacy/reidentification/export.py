"""Make the folder of a re-identification model from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.privacy.reidentification.judge import PERCENTILE, Judge, threshold_of
from EchoSynthLib.privacy.reidentification.network import KINDS, LENGTH, SIDES, KnownHearts, embedded, network_of
from EchoSynthLib.privacy.reidentification.pipeline import ReidentificationPipeline
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State

_NAME = "reidentification"


def export(
    network: nn.Module,
    folder: Path,
    state: State,
    made: Made,
    preset: str,
    judge: Judge,
    names: Sequence[str],
    batch: int,
) -> Path:
    """Write the model folder, whose last part is the model's name, with what the judge's known frames look like."""
    side = SIDES[preset]
    known = embedded(network, judge.known)
    threshold = threshold_of(embedded(network, judge.others), known)
    card = ModelCard(
        name=folder.name,
        summary="Whether a frame shows the heart of a patient whom the shipped models learned from.",
        network={
            "network": f"{KINDS[preset]}, {side} x {side} to {LENGTH} numbers; "
            f"{parameter_count(network) / 1e6:.2f} M parameters",
            "threshold": f"Pearson's correlation {threshold:.3f} with the nearest of {len(known)} known frames: "
            f"{PERCENTILE:.0f} of 100 frames of other patients stay below",
        },
        recipe="`EchoSynthLib/privacy/reidentification/recipe.py`: each heart's two ends of the beat are found by one "
        "another among other hearts, moved, bent, mirrored, with other gains and other speckle",
        made=made,
        trained=f"{state.iteration} iterations of {batch} pairs in {state.seconds / 60:.1f} minutes{state.told}",
        figures=state.figures,
        measured="of val the share of hearts whose end-systole comes first when looked for by its end-diastole, "
        "among all hearts of val; of 200 planted copies of each kind the share at or above the threshold",
        limits="A heart below the threshold is not proved to be nobody's: the network sees "
        f"{side} x {side} pixels, and was not attacked on purpose. Other data sets' patients are not known to it.",
    )
    config = {"system": "privacy.reidentification", "preset": preset, "side": side, "threshold": threshold}
    config |= {"known": list(names), "figures": dict(state.figures)}
    whole = KnownHearts(network, known)

    def write(part: Path) -> None:
        save_weights({_NAME: whole}, part)
        save_graph(whole, _NAME, part, {"picture": torch.zeros(1, 1, side, side)}, ["likeness"])

    return write_model_folder(folder, config, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> ReidentificationPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    whole = KnownHearts(network_of(config["preset"]), torch.zeros(len(config["known"]), LENGTH))
    return ReidentificationPipeline(TorchNetwork(load_weights(whole, _NAME, folder)), config)
