"""What a training goes on from, and whether it is of the same training (torch)."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from EchoSynthLib.errors import InputError
from EchoSynthLib.outputs import replacing

ANEW = "train anew in another output folder, or with resume=False (--no-resume), which replaces it"


def save(path: Path, basis: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Writes a checkpoint, whole or not at all; see `load`."""
    with replacing(path) as part:
        torch.save({"basis": dict(basis), **state}, part)


def load(path: Path, basis: Mapping[str, Any]) -> dict[str, Any] | None:
    """What `save` was given; None where there is no checkpoint. Nothing in the file is run.

    Args:
        path: of the checkpoint.
        basis: what the training stands on: recipe, settings, the sum of the data.

    Raises:
        InputError: it cannot be read, or stands on something else; what differs is told.
    """
    if not path.exists():
        return None
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own words advise to run what is in the file.
        raise InputError(
            f"The checkpoint {path} cannot be read: it holds more than numbers or is damaged; {ANEW}."
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise InputError(f"The checkpoint {path} cannot be read ({error}); {ANEW}.") from error
    begun = saved.pop("basis", None) if isinstance(saved, dict) else None
    if begun is None:
        raise InputError(
            f"The checkpoint {path} is of an earlier version and does not tell what it was trained on, so it cannot be "
            f"gone on with; {ANEW}."
        )
    differing = [name for name in {**begun, **basis} if begun.get(name) != basis.get(name)]
    if differing:
        pairs = ((name, _short(begun.get(name)), _short(basis.get(name))) for name in differing)
        told = "; ".join(f"{name}: {before}, now {now}" for name, before, now in pairs)
        raise InputError(
            f"The checkpoint {path} is of another training ({told}), so it cannot be gone on with; give what it was "
            f"begun with, or {ANEW}."
        )
    return saved


def _short(value: Any) -> str:
    """A value in a message; of a sum the first digits."""
    return f"{value:.12}..." if isinstance(value, str) and len(value) == 64 else str(value)
