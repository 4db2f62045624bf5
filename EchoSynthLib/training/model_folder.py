"""Turn trained networks into a model folder: weights, graphs, config, card and checksums."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.training.card import ModelCard
from EchoSynthLib.zoo import CARD, write_checksums


def write_model_folder(
    folder: Path, config: Mapping[str, Any], card: ModelCard, write_networks: Callable[[Path], object]
) -> Path:
    """A complete model folder under its own name; an older one there is replaced only when the new one is whole.

    Args:
        folder: where it ends up; its last part is the model's name.
        config: for config.json.
        card: for README.md.
        write_networks: writes the weights and graphs into the folder it is given, or folders in it.
    """
    with OutputFolder(folder.parent) as hidden:
        part = hidden / folder.name
        part.mkdir()
        write_networks(part)
        (part / "config.json").write_text(json.dumps(dict(config), indent=2) + "\n", encoding="utf-8")
        (part / CARD).write_text(card.text(), encoding="utf-8")
        write_checksums(part)
        for path in part.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
    return folder
