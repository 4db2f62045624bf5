"""Where torch runs networks, by the names that users give."""

from __future__ import annotations

import torch

from EchoSynthLib.errors import InputError

AUTO = "auto"


def torch_device(name: str = AUTO) -> torch.device:
    """The device of that name, as 'cpu', 'cuda', 'cuda:1' or 'mps'; 'auto' is a GPU where torch finds one.

    Raises:
        InputError: torch knows no such device, or this computer has none.
    """
    if name == AUTO:
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device).item()  # "meta" has room for no numbers
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = [
            AUTO,
            "cpu",
            *(f"cuda:{i}" for i in range(torch.cuda.device_count())),
            *(["mps"] if _has_mps() else []),
        ]
        raise InputError(
            f"The device {name!r} cannot be used here; there are {', '.join(there)}. PyTorch says: "
            f"{str(error).splitlines()[0]}"
        ) from error
    return device


def _has_mps() -> bool:
    return bool(torch.backends.mps.is_available())
