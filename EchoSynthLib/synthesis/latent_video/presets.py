"""How large the networks are, what they learn, and how they draw: as in the paper, and small enough for a CPU (torch).

Reynaud et al., MICCAI 2024 (arXiv 2406.00808). The small ones learn a rectified flow in place of DDPM's noise, as the
same authors do later (EchoFlow, arXiv 2503.22357): it draws in fewer steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.diffusion import latent_video
from EchoSynthLib.networks.diffusion.latent_video import WIDTHS
from EchoSynthLib.networks.diffusion.processes.base import Process
from EchoSynthLib.networks.diffusion.processes.registry import make_process
from EchoSynthLib.networks.diffusion.stitching import CHUNK, OVERLAP


@dataclass(frozen=True)
class Part:
    """One network.

    Attributes:
        widths: channels at each resolution.
        blocks: residual blocks at each.
        batch: frames, latents or cines of a training step.
        learning_rate: of AdamW.
    """

    widths: tuple[int, ...]
    blocks: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class LatentVideo:
    """The networks of a model, and what belongs to all of them.

    Attributes:
        channels: of a frame.
        autoencoder, image, video: the networks.
        frames: that are drawn at a time; longer cines are stitched.
        overlap: frames that two of these share.
        frame_rate: frames of a second.
        process, discretization, solver, steps: how latents are drawn.
        guidance: w of D = D(no EF) + w (D(EF) - D(no EF)); 1 asks the network once.
        kept_frames: the most frames that the autoencoder learns from, of all cines alike.
        iterations: of all stages, where no budget is asked for; None where it has to be.
    """

    channels: int
    autoencoder: Part
    image: Part
    video: Part
    frames: int
    overlap: int
    frame_rate: float
    process: str
    discretization: str
    solver: str
    steps: int
    guidance: float
    kept_frames: int
    iterations: int | None

    def make_process(self) -> Process:
        """Of latent images and cines."""
        return make_process(self.process)

    def build_autoencoder(self) -> Any:
        """With untrained weights, as the others."""
        return latent_video.autoencoder(self.channels, self.autoencoder.widths, self.autoencoder.blocks)

    def build_image(self) -> Any:
        """The network of latent images."""
        return latent_video.image_network(self.image.widths, self.image.blocks)

    def build_video(self) -> Any:
        """The network of latent cines."""
        return latent_video.video_network(self.frames, self.video.widths, self.video.blocks)


PAPER = LatentVideo(
    channels=3,
    autoencoder=Part(WIDTHS, 2, 32, 32 * 2e-6),  # 2e-6 for each frame of a batch
    image=Part(WIDTHS, 2, 256, 3e-4),
    video=Part(WIDTHS, 2, 16, 1e-4),
    frames=CHUNK,
    overlap=OVERLAP,
    frame_rate=32.0,
    process="ddpm-v",
    discretization="ddpm",
    solver="ancestral",
    steps=64,
    guidance=1.0,
    kept_frames=1_000_000,
    iterations=None,
)
"""Colors, two seconds at a time."""

SMALL = LatentVideo(
    channels=1,
    autoencoder=Part((16, 32, 64, 64), 1, 8, 2e-3),
    image=Part((32, 64, 64, 128), 1, 32, 1e-3),
    video=Part((32, 64, 64, 128), 1, 2, 1e-3),
    frames=24,
    overlap=12,
    frame_rate=16.0,
    process="flow",
    discretization="flow",
    solver="euler",
    steps=25,
    guidance=2.0,
    kept_frames=20_000,
    iterations=12_000,
)
"""Gray levels, one and a half seconds at a time."""

PRESETS = {"small": SMALL, "paper": PAPER}


def preset_of(name: str) -> LatentVideo:
    """A preset by name.

    Raises:
        InputError: there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"There is no preset {name!r} of latent video; known are {', '.join(PRESETS)}.")
    return PRESETS[name]
