"""Turn trained networks into a model folder: weights, graphs, config, card and checksums."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from EchoSynthLib.zoo import write_checksums

TERMS = """## Terms

Trained on CAMUS (CC BY-NC-SA 4.0): non-commercial research use only, not for clinical use. Cite:

S. Leclerc et al., "Deep Learning for Segmentation Using an Open Large-Scale Dataset in 2D Echocardiography",
IEEE Transactions on Medical Imaging 38(9):2198-2210, 2019, doi 10.1109/TMI.2019.2900516.
"""


def write_model_folder(
    folder: Path, config: Mapping[str, Any], card: str, write_networks: Callable[[Path], object]
) -> Path:
    """A complete model folder under its own name; an older one there is replaced only when the new one is whole.

    Args:
        folder: where it ends up; its last part is the model's name.
        config: for config.json.
        card: for README.md; the terms are added to it.
        write_networks: writes the weights and graphs into the folder it is given, or folders in it.
    """
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    write_networks(part)
    (part / "config.json").write_text(json.dumps(dict(config), indent=2) + "\n", encoding="utf-8")
    (part / "README.md").write_text(f"{card.rstrip()}\n\n{TERMS}", encoding="utf-8")
    write_checksums(part)
    for path in part.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        os.replace(folder, old)
    os.replace(part, folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def figures_table(figures: Mapping[str, float]) -> str:
    """A Markdown table of named figures."""
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in figures.items())
    return f"| figure | value |\n|---|---|\n{rows}\n"
