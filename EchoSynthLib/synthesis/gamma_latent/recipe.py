"""How the Gamma autoencoder is trained (torch)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from EchoSynthLib.errors import InputError
from EchoSynthLib.synthesis.gamma_latent.losses import PAPER_BATCH, autoencoder_loss
from EchoSynthLib.synthesis.gamma_latent.presets import build
from EchoSynthLib.training.beam_data import load_beam_data
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.distributed import main_process_first
from EchoSynthLib.training.frame_batches import FrameBatches
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings

VALIDATED = 32
"""Frames of the val split that are reconstructed."""


@dataclass(frozen=True)
class Size:
    """What a preset decides.

    Attributes:
        networks: the autoencoder's preset for each latent.
        side: of the square images, in pixels.
        batch: frames.
        learning_rate: of AdamW; the paper's is that of its SGD.
        constant: share of the training before it decays.
        iterations: where no budget is asked for; None where it has to be.
    """

    networks: dict[str, str]
    side: int
    batch: int
    learning_rate: float
    constant: float
    iterations: int | None


SIZES = {
    "small": Size({"L64": "small", "L128": "small-L128"}, 224, 4, 2e-3, 0.4, 1000),
    "paper": Size({"L64": "L64", "L128": "L128"}, 256, PAPER_BATCH, 1e-4, 0.99, None),
}


def train(run: TrainingRun, *, preset: str = "small", latent: str = "L64") -> Path:
    """Train on the train split of a CAMUS `.npz`; returns the folder that `GammaAutoencoder.from_pretrained` reads.

    The loss has no perceptual term: its network, a ResNet-50 trained on RadImageNet, is not to be had with the library.
    The error of the val split's reconstructions stands in `log.jsonl`.

    Args:
        run: what every recipe is asked for.
        preset: "small" or "paper".
        latent: "L64" or "L128", named after the latent of a 256 x 256 image.

    Raises:
        InputError: there is no such preset or latent, or no budget for the paper's size.
    """
    if preset not in SIZES or latent not in SIZES[preset].networks:
        raise InputError(
            f"There is no latent {latent!r} in preset {preset!r}; known are L64, L128 in {', '.join(SIZES)}."
        )
    size = SIZES[preset]
    run = run.of(size.iterations)
    with main_process_first(run.device):
        frames = load_beam_data(run.data, run.output / "beam_data.npz")
    torch.manual_seed(run.seed)
    network = build(size.networks[latent])
    settings = Settings(
        **run.budget,
        learning_rate=size.learning_rate,
        weight_decay=0.0,
        betas=(0.9, 0.999),
        constant=size.constant,
        seed=run.seed,
    )
    basis = {"recipe": f"synthesis.gamma_latent, {latent}, {preset}", "data": sum_of_data(run.data)}
    grid = (size.side, size.side)
    loss = AutoencoderLoss(FrameBatches(frames.part("train"), grid, device=run.device), size.batch)
    val = FrameBatches(frames.part("val"), grid, device=run.device)
    average, _ = run_loop(
        network, loss, settings, run.output, basis=basis, resume=run.resume,
        validate=lambda average: validate(average, val), progress=run.progress, device=run.device,
    )  # fmt: skip
    folder = run.output / run.name
    with main_process_first(run.device) as is_main:
        if is_main:
            average.cpu().save_pretrained(folder)  # type: ignore[operator]
    return folder


class AutoencoderLoss:
    """The loss of one batch of moved frames."""

    def __init__(self, batches: FrameBatches, count: int) -> None:
        self.batches, self.count = batches, count

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The sum of the weighted terms."""
        batch = self.batches.draw(self.count, moment.generator)
        result = network(batch.image, batch.mask, moment.generator)
        return torch.stack(list(autoencoder_loss(result, batch.image, batch.mask, moment.spent).values())).sum()


@torch.no_grad()
def validate(network: nn.Module, batches: FrameBatches) -> dict[str, float]:
    """Root mean square error of reconstructed frames inside the sector, in gray levels of 255."""
    batch = batches.draw(VALIDATED, torch.Generator().manual_seed(0))
    parts = zip(batch.image.split(1), batch.mask.split(1), strict=True)
    squares = sum(float((network(image, mask).image.clamp(0, 1) - image).square().sum()) for image, mask in parts)
    return {"reconstruction error": 255 * (squares / float(batch.mask.sum())) ** 0.5}
