"""Make the folder of a motion generator from a learned distribution (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from EchoSynthLib.synthesis.beating.field import GRID
from EchoSynthLib.synthesis.beating.network import POSE, STRUCTURES, MotionNetwork
from EchoSynthLib.training.card import ModelCard
from EchoSynthLib.training.export import save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder


def export(network: MotionNetwork, config: Mapping[str, Any], card: ModelCard, folder: Path) -> Path:
    """Write the model folder, whose last part is the model's name."""

    def write(part: Path) -> None:
        save_weights({"beating": network}, part)
        example = {
            "members": torch.zeros(1, STRUCTURES, *GRID),
            "pose": torch.zeros(1, POSE),
            "conditions": torch.zeros(1, 3),
            "noise": torch.zeros(1, network.modes.shape[0]),
        }
        save_graph(network, "beating", part, example, ["velocity", "second_velocity", "mean_ratio", "contraction"])

    return write_model_folder(folder, config, card, write)
