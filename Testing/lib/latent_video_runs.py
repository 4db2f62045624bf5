"""A folder of cines in EchoNet-Dynamic's layout, and networks so small that they learn it in seconds (torch)."""

from __future__ import annotations

from pathlib import Path

import torch
from contracting_ellipses import contracting_ellipses

from EchoSynthLib.images.datasets.echonet import EchoNetVideo, write_tables
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.write import write_image
from EchoSynthLib.synthesis.latent_video.latents import LatentCines
from EchoSynthLib.synthesis.latent_video.presets import LatentVideo, Part
from EchoSynthLib.training.loop import Moment

SIDE, FRAMES, RATE = 112, 12, 16.0
TINY = LatentVideo(
    channels=1,
    autoencoder=Part((8, 8, 8, 8), 1, 2, 1e-2),
    image=Part((8, 8, 8, 8), 1, 8, 5e-3),
    video=Part((32, 32, 32, 32), 1, 1, 3e-3),
    frames=6,
    overlap=3,
    frame_rate=RATE,
    process="flow",
    discretization="flow",
    solver="euler",
    steps=2,
    guidance=2.0,
    kept_frames=60,
    iterations=8,
)


def echonet_folder(place: Path) -> Path:
    """Six cines of the split TRAIN, two of VAL, one of TEST; the last two frames of the first are missing."""
    (place / "Videos").mkdir()
    cines, fractions = contracting_ellipses(9, FRAMES, SIDE, seed=0)
    videos = []
    for i, (cine, fraction) in enumerate(zip(cines, fractions, strict=True)):
        split, count = ("train" if i < 6 else "val" if i < 8 else "test"), (4 if i == 0 else FRAMES)
        like = EchoCine(cine[:count], None, frame_time_ms=1000 / RATE)
        write_image(place / "Videos" / f"heart{i}.avi", cine[:count], like)
        videos.append(EchoNetVideo(f"heart{i}", 100 * float(fraction), 50.0, 100.0, (SIDE, SIDE), RATE, count, split))
    write_tables(place, videos)
    return place


def latent_cines(lengths: list[int]) -> LatentCines:
    """Cines whose latents tell which frame they are, counted over all."""
    numbers = torch.arange(sum(lengths)).half()[:, None, None, None].expand(-1, 4, 14, 14)
    return LatentCines(numbers, torch.tensor(lengths), torch.linspace(0.2, 0.8, len(lengths)))


def moment(seed: int = 0) -> Moment:
    return Moment(torch.Generator().manual_seed(seed), torch.nn.Identity(), 0.0)
