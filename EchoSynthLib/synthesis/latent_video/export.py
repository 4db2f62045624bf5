"""Make the model folder of latent video (torch)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.synthesis.latent_video.latents import LatentSpace
from EchoSynthLib.synthesis.latent_video.pipeline import AUTOENCODER, IMAGE, PRIVACY, VIDEO
from EchoSynthLib.synthesis.latent_video.presets import preset_of
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State


def export(
    space: LatentSpace,
    image: Any,
    video: Any,
    privacy: Path,
    folder: Path,
    *,
    preset: str,
    labeler: str,
    states: Sequence[State],
    made: Made,
) -> Path:
    """Write the model folder, whose last part is the model's name.

    Args:
        space: the autoencoder, with mean and deviation of its latents, which go into config.json.
        image, video: averaged networks of latent images and cines.
        privacy: model folder of what knows the hearts again that were learned from; it becomes a part of this one.
        folder: where it ends up.
        preset: see `presets.preset_of`.
        labeler: the model that labels what is drawn.
        states: how the training of the three networks ended.
        made: what the recipe was run on.
    """
    size = preset_of(preset)
    networks = {AUTOENCODER: space.autoencoder, IMAGE: image, VIDEO: video}
    counts = {name: parameter_count(network) for name, network in networks.items()}
    figures = {name: value for state in states for name, value in state.figures.items()}
    config: dict[str, Any] = {
        "system": "synthesis.latent_video",
        "preset": preset,
        "labeler": labeler,
        "process": size.process,
        "latents": {"mean": space.mean.tolist(), "deviation": space.deviation.tolist()},
        "parameters": counts,
        "iterations": [state.iteration for state in states],
        "minutes": round(sum(state.seconds for state in states) / 60, 2),
        "device": made.device,
        "data": made.data,
        "figures": figures,
    }
    card = ModelCard(
        name=folder.name,
        summary="Hearts that nobody has, and the beat of a given frame with the ejection fraction asked for, by "
        "diffusion of latents (EchoNet-Synthetic, Reynaud et al. 2024, arXiv 2406.00808). It runs in torch: "
        "`pip install 'echosynth[full]'`.",
        network={
            "networks": ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in counts.items()) + " parameters",
            "cines": f"preset {preset}: {size.frames} frames at {size.frame_rate:g} a second, longer ones stitched of "
            f"chunks that share {size.overlap}",
            "sampling": f"{size.process}, {size.solver}, {size.steps} steps, guidance {size.guidance:g}",
            "privacy": f"what is drawn of noise is compared with the split TRAIN, by the model in {PRIVACY}/",
        },
        recipe="`EchoSynthLib/synthesis/latent_video/recipe.py`",
        made=made,
        trained=f"{sum(state.iteration for state in states)} iterations, autoencoder, latent frames and latent cines, "
        f"in {sum(state.seconds for state in states) / 60:.1f} minutes{''.join(state.told for state in states)}",
        figures=figures,
        measured="root mean square of decoded less true gray levels (of 255), and the mean loss of batches",
        limits="It draws gray levels and knows no anatomy: labels are a segmenter's, motion is not known, and a cine "
        "need not have the ejection fraction asked for. What is decoded is smoother than echo: its autoencoder was "
        "trained without a perceptual term and without an adversary.",
    )

    def write(part: Path) -> None:
        for name, network in networks.items():
            network.cpu().half().save_pretrained(part / name, safe_serialization=True)
        shutil.copytree(privacy, part / PRIVACY)

    return write_model_folder(folder, config, card, write)
