"""Read a network's weights from a model folder (torch)."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from torch import nn

from EchoSynthLib.zoo import WEIGHTS

N = TypeVar("N", bound=nn.Module)


def load_weights(network: N, name: str, folder: Path) -> N:
    """Fill a network with the parameters named `<name>.*` in a model folder, as float32, in evaluation mode."""
    from safetensors.torch import load_file

    prefix = f"{name}."
    saved = load_file(folder / WEIGHTS)
    network.load_state_dict({k.removeprefix(prefix): v.float() for k, v in saved.items() if k.startswith(prefix)})
    return network.eval()
