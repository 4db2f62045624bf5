"""The six models of the comparison, as large as in the papers and small enough for two CPU cores (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.semantic.adm_unet import ADMUNet
from EchoSynthLib.networks.semantic.sdm_unet import SDMUNet
from EchoSynthLib.networks.semantic.song_unet import SongUNet
from EchoSynthLib.networks.semantic.unet import SemanticUNet


@dataclass(frozen=True)
class Preset:
    """A network and the size of what it draws.

    Attributes:
        network: the class.
        config: its arguments.
        side: of the square image or latent it is meant for, in pixels; any multiple of what it can halve will do.
    """

    network: type[SemanticUNet]
    config: Mapping[str, Any]
    side: int


PAPER: Mapping[str, Preset] = {
    "SDM": Preset(SDMUNet, {}, 256),
    "VP": Preset(SongUNet, {"variant": "ddpmpp"}, 256),
    "VE": Preset(SongUNet, {"variant": "ncsnpp"}, 256),
    "EDM": Preset(ADMUNet, {"attention_levels": (3,)}, 256),
    "EDM-L128": Preset(ADMUNet, {"attention_levels": (2, 3)}, 128),
    "EDM-L64": Preset(ADMUNet, {"attention_levels": (1, 2, 3)}, 64),
}
"""Stojanovski et al. 2023 (SDM) and 2024 (the others); ADM attends at 32, 16 and 8 pixels, which is where it can."""

_SMALL = {
    "width": 24, "multipliers": (1, 2, 4, 4), "blocks": 1, "attention_levels": (3,),
    "hidden": 16, "classes": 10, "dropout": 0.0,
}  # fmt: skip
_SMALL_PIXELS = {**_SMALL, "patch": 2}

SMALL: Mapping[str, Preset] = {
    "SDM": Preset(SDMUNet, {**_SMALL_PIXELS, "channels_in": 1, "channels_out": 2}, 128),
    "VP": Preset(SongUNet, {**_SMALL_PIXELS, "variant": "ddpmpp"}, 128),
    "VE": Preset(SongUNet, {**_SMALL_PIXELS, "variant": "ncsnpp"}, 128),
    "EDM": Preset(ADMUNet, _SMALL_PIXELS, 128),
    "EDM-L128": Preset(ADMUNet, _SMALL_PIXELS, 128),
    "EDM-L64": Preset(ADMUNet, _SMALL, 64),
}
"""The same six, a few million parameters each, all told the view by ten classes; pixels are folded two by two, so that
all of them work at 64 x 64."""

PRESETS: Mapping[str, Mapping[str, Preset]] = {"paper": PAPER, "small": SMALL}


def build(model: str, preset: str = "small", **changes: object) -> SemanticUNet:
    """The network of a model, with untrained weights.

    Args:
        model: a name of PAPER.
        preset: "paper" or "small".
        changes: arguments of the network that differ from the preset.

    Raises:
        InputError: there is no such preset or model.
    """
    if preset not in PRESETS or model not in PRESETS[preset]:
        known = f"presets {', '.join(PRESETS)}; models {', '.join(PAPER)}"
        raise InputError(f"There is no model {model!r} in preset {preset!r}; known are {known}.")
    chosen = PRESETS[preset][model]
    return chosen.network(**{**chosen.config, **changes})
