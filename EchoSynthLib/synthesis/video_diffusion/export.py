"""Make the model folder of a trained cascade (torch)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet
from EchoSynthLib.synthesis.video_diffusion.pipeline import stage_name
from EchoSynthLib.synthesis.video_diffusion.presets import cascade_of
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State


def export(
    networks: Sequence[VideoUNet],
    folder: Path,
    *,
    cascade: str,
    preset: str,
    labeler: str,
    states: Sequence[State],
    made: Made,
    figures: Mapping[str, float] = {},
) -> Path:
    """Write the model folder, whose last part is the model's name.

    Args:
        networks: averaged, one for each stage.
        cascade, preset: see `presets.cascade_of`.
        labeler: the model that labels what is drawn.
        states: how the training of each stage ended.
        made: what the recipe was run on.
        figures: measured by the recipe.
    """
    chosen = cascade_of(cascade, preset)
    sizes = [network.num_parameters() for network in networks]
    length = "one beat" if chosen.seconds is None else f"{chosen.seconds:g} s"
    config: dict[str, Any] = {
        "system": "synthesis.video_diffusion",
        "cascade": cascade,
        "preset": preset,
        "labeler": labeler,
        "process": chosen.process().name,
        "parameters": sizes,
        "iterations": [state.iteration for state in states],
        "minutes": round(sum(state.seconds for state in states) / 60, 2),
        "device": made.device,
        "data": made.data,
        "figures": dict(figures),
    }
    stages = "; ".join(
        f"{chosen.frames_of(i)} frames of {stage.side} x {stage.side}, {stage.steps} steps, churn {stage.S_churn:g}"
        for i, stage in enumerate(chosen.stages)
    )
    card = ModelCard(
        name=folder.name,
        summary="One echo frame and an ejection fraction to a cine, by a cascade of diffusion models (Reynaud et al. "
        "2023, arXiv 2303.12644). It runs in torch: `pip install 'echosynth[full]'`.",
        network={
            "cascade": f"{cascade}, preset {preset}: {stages}; {length}",
            "parameters": f"{sum(sizes) / 1e6:.2f} M ({', '.join(f'{size / 1e6:.2f}' for size in sizes)})",
            "sampling": f"EDM, stochastic Heun, guidance {chosen.guidance:g}",
        },
        recipe="`EchoSynthLib/synthesis/video_diffusion/recipe.py`",
        made=made,
        trained=f"{sum(state.iteration for state in states)} iterations of batch {chosen.batch}, all stages, in "
        f"{sum(state.seconds for state in states) / 60:.1f} minutes{''.join(state.told for state in states)}",
        figures=figures,
        measured="means over cines; ejection fractions are percent, the one told against the one that the segmenter "
        "sees in what is drawn",
        limits="It draws pixels and knows no anatomy: labels are a segmenter's, motion is not known, and a cine need "
        "not have the ejection fraction asked for. What the given frame's phase is, it is not told.",
    )

    def write(part: Path) -> None:
        for i, network in enumerate(networks):
            network.cpu().save_pretrained(part / stage_name(i))
        for weights in part.rglob("*.safetensors"):
            kept = {name: one.half() if one.ndim > 1 else one for name, one in load_file(weights).items()}
            save_file(kept, weights, metadata={"format": "pt"})

    return write_model_folder(folder, config, card, write)
