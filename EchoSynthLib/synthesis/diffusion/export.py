"""Make a diffusion model's folder from a trained pipeline (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline
from EchoSynthLib.synthesis.diffusion.solvers.registry import fitting_solvers
from EchoSynthLib.training.loop import State
from EchoSynthLib.training.model_folder import figures_table, write_model_folder
from EchoSynthLib.training.terms import UNKNOWN

_CARD = """# {name}

Label map to echocardiogram, apical two- and four-chamber, by diffusion in {space}. It runs in torch: \
`pip install 'echosynth[full]'`.

| | |
|---|---|
| model | {model}, preset {preset}: process {process}; {parameters:.2f} M parameters{autoencoder} |
| image grid | {rows} x {columns} |
| data | {data} |
| recipe | `EchoSynthLib/synthesis/diffusion/recipe.py` |
| trained | {iterations} iterations in {minutes:.0f} minutes on {device} |
| sampling | {solver}, {steps} steps, noise levels {discretization}; solvers that fit: {solvers} |

Every image that it draws is marked as synthetic.
"""


def publish(
    pipeline: SemanticDiffusionPipeline,
    folder: Path,
    *,
    model: str,
    preset: str,
    state: State,
    data: str,
    device: str,
    terms: str = UNKNOWN,
    figures: Mapping[str, float] = {},
) -> Path:
    """Write the model folder, which `SemanticDiffusionPipeline.from_pretrained` and the zoo both read.

    Args:
        pipeline: of the averaged network; it stays as it is.
        folder: where it ends up; its last part is the model's name.
        model, preset: as `networks.semantic.presets` calls them.
        state: how the training ended.
        data: what it was trained on, a line for the card.
        device: what it was trained on.
        terms: citation and terms of the data, for the card.
        figures: measured by the recipe, for card and config.
    """
    network, autoencoder, config = pipeline.network, pipeline.autoencoder, pipeline.config
    about: dict[str, Any] = {
        "model": model,
        "preset": preset,
        "process": pipeline.process.name,
        "solvers": fitting_solvers(pipeline.process.name),
        "default_solver": config.default_solver,
        "default_steps": config.default_steps,
        "default_discretization": config.default_discretization,
        "grid": [config.rows, config.columns],
        "latent": autoencoder is not None,
        "parameters": _size(network),
        "iterations": state.iteration,
        "minutes": round(state.seconds / 60, 2),
        "device": device,
        "data": data,
        "figures": dict(figures),
    }
    card = _CARD.format(
        name=folder.name,
        space="pixel space" if autoencoder is None else "the latent space of a Gamma autoencoder",
        autoencoder="" if autoencoder is None else f", and {_size(autoencoder) / 1e6:.2f} M of the autoencoder",
        rows=config.rows,
        columns=config.columns,
        solver=config.default_solver,
        steps=config.default_steps,
        discretization=config.default_discretization,
        **{**about, "parameters": about["parameters"] / 1e6, "solvers": ", ".join(about["solvers"])},
    )
    if figures:
        card += f"\n{figures_table(figures)}"

    def write(part: Path) -> None:
        pipeline.save_pretrained(part)
        for weights in part.rglob("*.safetensors"):
            _halve(weights)

    return write_model_folder(folder, {"system": "synthesis.diffusion", **about}, card, terms, write)


def _size(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def _halve(path: Path) -> None:
    """Kernels and matrices as fp16; vectors stay, for they weigh little and Fourier frequencies need all their bits."""
    tensors = load_file(path)
    save_file({k: v.half() if v.ndim > 1 else v for k, v in tensors.items()}, path, metadata={"format": "pt"})
