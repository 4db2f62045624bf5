"""Make a diffusion model's folder from a trained pipeline (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from EchoSynthLib.networks.diffusion.solvers.registry import fitting_solvers
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State


def export(
    pipeline: SemanticDiffusionPipeline,
    folder: Path,
    *,
    model: str,
    preset: str,
    state: State,
    made: Made,
    figures: Mapping[str, float] = {},
) -> Path:
    """Write the model folder, which `SemanticDiffusionPipeline.from_pretrained` and the zoo both read.

    Args:
        pipeline: of the averaged network; it stays as it is.
        folder: where it ends up; its last part is the model's name.
        model, preset: as `networks.semantic.presets` calls them.
        state: how the training ended.
        made: what the recipe was run on.
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
        "device": made.device,
        "data": made.data,
        "figures": dict(figures),
    }
    space = "pixel space" if autoencoder is None else "the latent space of a Gamma autoencoder"
    sizes = f"{_size(network) / 1e6:.2f} M parameters"
    if autoencoder is not None:
        sizes += f", and {_size(autoencoder) / 1e6:.2f} M of the autoencoder"
    card = ModelCard(
        name=folder.name,
        summary=f"Label map to echocardiogram, apical two- and four-chamber, by diffusion in {space}. It runs in "
        "torch: `pip install 'echosynth[full]'`.",
        network={
            "model": f"{model}, preset {preset}: process {about['process']}; {sizes}",
            "image grid": f"{config.rows} x {config.columns}",
            "sampling": f"{config.default_solver}, {config.default_steps} steps, noise levels "
            f"{config.default_discretization}; solvers that fit: {', '.join(about['solvers'])}",
        },
        recipe="`EchoSynthLib/synthesis/diffusion/recipe.py`",
        made=made,
        trained=f"{state.iteration} iterations in {state.seconds / 60:.1f} minutes{state.told}",
        figures=figures,
        measured="means",
        limits="Apical two- and four-chamber views, for label maps like those of the data; "
        "image quality is not among what it knows. Every image that it draws is marked as synthetic.",
    )

    def write(part: Path) -> None:
        pipeline.save_pretrained(part)
        for weights in part.rglob("*.safetensors"):
            _halve(weights)

    return write_model_folder(folder, {"system": "synthesis.diffusion", **about}, card, write)


def _size(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def _halve(path: Path) -> None:
    """Kernels and matrices as fp16; vectors stay, for they weigh little and Fourier frequencies need all their bits."""
    tensors = load_file(path)
    save_file({k: v.half() if v.ndim > 1 else v for k, v in tensors.items()}, path, metadata={"format": "pt"})
