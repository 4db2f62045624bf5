"""How latent video is trained, in stages: autoencoder, hearts known again, latent frames, latent cines (torch)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.images.datasets.echonet import EchoNetVideo, sum_of_videos
from EchoSynthLib.synthesis.latent_video.cines import Splits, at_rate, read_splits, some_frames
from EchoSynthLib.synthesis.latent_video.export import export
from EchoSynthLib.synthesis.latent_video.latents import LatentCines, LatentSpace
from EchoSynthLib.synthesis.latent_video.losses import AutoencoderLoss, ImageLoss, VideoLoss
from EchoSynthLib.synthesis.latent_video.pipeline import AUTOENCODER, IMAGE, PRIVACY, VIDEO
from EchoSynthLib.synthesis.latent_video.presets import LatentVideo, preset_of
from EchoSynthLib.systems import RECIPES
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import derived
from EchoSynthLib.training.loop import BatchLoss, Moment, Validate
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings, State
from EchoSynthLib.training.terms import terms_of_cines

SHARES = {AUTOENCODER: (0.0, 0.25), PRIVACY: (0.25, 0.33), IMAGE: (0.33, 0.58), VIDEO: (0.58, 1.0)}
"""Of the iterations, from where to where; one of the last takes the longest."""
_VALIDATED = 64
"""Frames of the split VAL that are decoded."""
_BATCHES = 8
"""Of the split VAL, whose losses are told."""


def train(run: TrainingRun, *, labeler: str, privacy: str, preset: str = "small") -> Path:
    """Train on the split TRAIN of a folder in EchoNet-Dynamic's layout; VAL gives figures and the privacy's threshold.

    Each stage takes its share of the budget, in turn, and goes on from its own checkpoint.

    Args:
        run: what every recipe is asked for.
        labeler: the model that labels what is drawn.
        privacy: of `systems.RECIPES`, what is trained to know hearts again: those of this folder.
        preset: "small" or "paper".

    Raises:
        InputError: there is no such preset, no budget for the paper's size, or the folder is none to learn from.
    """
    size = preset_of(preset)
    run = run.of(size.iterations)
    splits = read_splits(run.data)
    basis = {"recipe": f"synthesis.latent_video, {preset}", "data": _sum_of(splits)}
    space, first = train_autoencoder(stage_of(run, AUTOENCODER), splits, size, basis)
    judge = RECIPES[privacy].train(stage_of(run, PRIVACY), preset=preset)
    basis |= {"autoencoder": _sum_of_weights(space.autoencoder)}
    cines = latent_cines(run.output / "latents", splits, space, size, basis)
    process = size.make_process()
    image, second = train_diffusion(
        stage_of(run, IMAGE), size.build_image, size.image.learning_rate, basis,
        lambda split: ImageLoss(cines[split], process, size.image.batch, run.device),
    )  # fmt: skip
    video, third = train_diffusion(
        stage_of(run, VIDEO), size.build_video, size.video.learning_rate, basis,
        lambda split: VideoLoss(cines[split], process, size.frames, size.video.batch, run.device),
    )  # fmt: skip
    percent = [one.ejection_fraction for one in splits["train"]]
    made = Made(
        f"{len(percent)} cines of the split TRAIN, of ejection fraction {min(percent):.0f} to {max(percent):.0f} %",
        terms_of_cines(run.data),
        train_command(run.name, run.data, run.output, **run.asked, preset=preset),
        run.device,
        f"split VAL, {len(splits['val'])} cines",
    )
    return export(
        space, image, video, judge, run.output / run.name,
        preset=preset, labeler=labeler, states=[first, second, third], made=made,
    )  # fmt: skip


def stage_of(run: TrainingRun, name: str) -> TrainingRun:
    """The part of the run that one stage is."""
    return run.stage(run.output / name, *SHARES[name])


def train_autoencoder(
    run: TrainingRun, splits: Splits, size: LatentVideo, basis: Mapping[str, str]
) -> tuple[LatentSpace, State]:
    """The autoencoder with the mean and deviation of its latents, and how its training ended."""

    def some() -> dict[str, Any]:
        return {
            "train": some_frames(splits["train"], size.kept_frames),
            "val": some_frames(splits["val"], _VALIDATED),
        }

    kept = derived(run.output / "frames.npz", f"{basis['data']} {size.kept_frames}", some)
    frames = {name: torch.from_numpy(one) for name, one in kept.items()}
    shown = frames["val"][:: max(1, len(frames["val"]) // _VALIDATED)]
    torch.manual_seed(run.seed)
    network, state = _trained(
        run, size.build_autoencoder(), size.autoencoder.learning_rate, basis,
        AutoencoderLoss(frames["train"], size.channels, size.autoencoder.batch, run.device),
        lambda average: reconstruction(average, shown),
    )  # fmt: skip
    return LatentSpace.of(network, frames["train"]), state


def reconstruction(autoencoder: nn.Module, frames: Tensor) -> dict[str, float]:
    """Root mean square error, in gray levels of 255, of frames (N, 112, 112) that are encoded and decoded."""
    space = LatentSpace(autoencoder, torch.zeros(1), torch.ones(1))
    error = torch.from_numpy(space.decode(space.encode(frames))) - frames
    return {"reconstruction error": float(error.square().mean().sqrt())}


def latent_cines(
    folder: Path, splits: Splits, space: LatentSpace, size: LatentVideo, basis: Mapping[str, str]
) -> dict[str, LatentCines]:
    """The cines of each split at the preset's frame rate, as latents."""
    origin = sha256_of_json([dict(basis), size.frame_rate])
    made = {
        name: derived(folder / f"{name}.npz", origin, partial(_encoded, videos, space, size.frame_rate))
        for name, videos in splits.items()
    }
    return {name: LatentCines.from_arrays(arrays) for name, arrays in made.items()}


def train_diffusion(
    run: TrainingRun,
    build: Callable[[], nn.Module],
    rate: float,
    basis: Mapping[str, str],
    loss_on: Callable[[str], BatchLoss],
) -> tuple[nn.Module, State]:
    """An averaged network of latents, and how its training ended; the loss on the split VAL is its figure."""
    unseen = loss_on("val")

    @torch.no_grad()
    def validate(average: nn.Module) -> dict[str, float]:
        moment = Moment(torch.Generator().manual_seed(0), average, 1.0)
        losses = [float(unseen(average, moment)) for _ in range(_BATCHES)]
        return {f"loss, latent {run.output.name}": sum(losses) / len(losses)}

    torch.manual_seed(run.seed)
    return _trained(run, build(), rate, basis, loss_on("train"), validate)


def _trained(
    run: TrainingRun, network: nn.Module, rate: float, basis: Mapping[str, str], loss: BatchLoss, validate: Validate
) -> tuple[nn.Module, State]:
    settings = Settings(
        **run.budget, learning_rate=rate, weight_decay=0.0, constant=0.5, ema_decay=0.998, seed=run.seed
    )
    return run_loop(
        network, loss, settings, run.output, basis={**basis, "stage": run.output.name},
        resume=run.resume, validate=validate, progress=run.progress, device=run.device,
    )  # fmt: skip


def _encoded(videos: Sequence[EchoNetVideo], space: LatentSpace, rate: float) -> dict[str, Any]:
    return LatentCines.of(space, ((at_rate(one, rate), one.ejection_fraction) for one in videos)).to_arrays()


def _sum_of(splits: Splits) -> str:
    return sha256_of_json({name: sum_of_videos(videos) for name, videos in splits.items()})


def _sum_of_weights(network: nn.Module) -> str:
    """Of the numbers of a network, so that latents are made anew where the autoencoder has learned on."""
    found = hashlib.sha256()
    for weights in network.state_dict().values():
        found.update(weights.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()
