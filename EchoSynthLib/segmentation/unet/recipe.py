"""How the segmenter is trained (torch)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from monai.losses import DiceCELoss
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.evaluation.segmentation_metrics import mean_structure_dice
from EchoSynthLib.segmentation.unet.export import export
from EchoSynthLib.segmentation.unet.network import GRID, Segmenter
from EchoSynthLib.training.augment import affine_grid, exposure, probe_grid, scanner
from EchoSynthLib.training.beam_data import BeamData, load_beam_data
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.mixture import real_frames
from EchoSynthLib.training.overlays import Overlays
from EchoSynthLib.training.resize import on_grid
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import terms_of

BATCH = 8
ITERATIONS = 8000
"""Where neither iterations nor minutes are asked for; of the shipped model's size, as in the other recipes."""
MIXES = ((0.0, (3, 2, 3)), (0.7, (5, 1, 2)))
"""From which share of the training on, how many frames of a batch stay near the data, are moved far, and are shown by
another probe: robustness first, then the data's own look, which the last tenths of a per cent depend on."""
VIEW_WEIGHT = 0.1


def train(run: TrainingRun, *, about: str | None = None) -> Path:
    """Train on the train split of a CAMUS `.npz`, report the val split; returns the model folder it makes.

    Its card says `about` the data, or counts them where that is None.

    Some frames of each batch are moved a little and exposed otherwise; some are moved far, and some are drawn from beam
    space as another probe would show them, both with another scanner's gain, smoothing, shadows and overlays. Where the
    data hold real and synthetic frames, `training.mixture` says how they share the batches.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    frames = load_beam_data(run.data, run.output / "beam_data.npz")
    network = Segmenter()
    settings = Settings(
        **run.budget,
        learning_rate=2e-3,
        weight_decay=1e-4,
        betas=(0.9, 0.999),
        constant=0.1,
        clip=5.0,
        seed=run.seed,
    )
    chosen, val = frames.part("train"), frames.part("val")
    loss = SegmenterLoss(chosen, run.device, run.seed)
    average, state = run_loop(
        network,
        loss,
        settings,
        run.output,
        basis={"recipe": "segmentation.unet", "data": sum_of_data(run.data)},
        resume=run.resume,
        validate=lambda average: validate(average, val, run.device),
        progress=run.progress,
        device=run.device,
    )
    command = train_command(run.name, run.data, run.output, **run.asked)
    made = Made(about or chosen.summary(), terms_of(frames, run.data), command, run.device, val.summary())
    return export(average, run.output / run.name, state, made)


class SegmenterLoss:
    """Draws a batch and gives Dice + cross-entropy of the structures plus a little cross-entropy of the view."""

    def __init__(self, frames: BeamData, device: str, seed: int) -> None:
        drawn = frames.is_synthetic
        self.device = device
        self.images = on_grid(frames.image, GRID)
        self.labels = torch.from_numpy(frames.label)[:, None]
        self.beams = torch.from_numpy(frames.beam_image)[:, None]
        self.beam_labels = torch.from_numpy(frames.beam_label)[:, None]
        self.opening = torch.from_numpy(frames.sectors[:, 3] - frames.sectors[:, 2]).float()
        self.view = torch.from_numpy(frames.view).float()
        self.real, self.synthetic = (torch.from_numpy(np.flatnonzero(of)) for of in (~drawn, drawn))
        self.overlays = Overlays(GRID, seed)
        self.criterion = DiceCELoss(to_onehot_y=True, softmax=True)

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        image, label, view = (t.to(self.device) for t in self.batch(moment.generator, moment.spent))
        logits, view_logit = network(image)
        view_loss = F.binary_cross_entropy_with_logits(view_logit, view)
        return self.criterion(logits, label) + VIEW_WEIGHT * view_loss

    def batch(self, generator: torch.Generator, spent: float) -> tuple[Tensor, Tensor, Tensor]:
        """Images (8, 1, 160, 160) in [0, 1], labels (8, 1, 160, 160), views (8,), of near, far and probe frames."""
        near, far, _ = next(mix for start, mix in reversed(MIXES) if spent >= start)
        index = self.choose(generator, spent)
        whole, probes = index[: near + far], index[near + far :]
        strength = torch.cat([torch.full((near,), 0.5), torch.ones(far)])
        grid = affine_grid(strength, GRID, generator)
        moved = F.grid_sample(self.images[whole], grid, align_corners=False)
        label = F.grid_sample(self.labels[whole].float(), grid, mode="nearest", align_corners=False)
        grid, inside = probe_grid(self.opening[probes], GRID, generator)
        seen = F.grid_sample(self.beams[probes].float() / 255, grid, padding_mode="border", align_corners=False)
        truth = F.grid_sample(self.beam_labels[probes].float(), grid, mode="nearest", align_corners=False)
        elsewhere = scanner(torch.cat([moved[near:], seen * inside]), generator)
        images = [exposure(moved[:near], generator), self.overlays(elsewhere, generator)]
        return torch.cat(images), torch.cat([label, truth * inside]), self.view[index]

    def choose(self, generator: torch.Generator, spent: float) -> Tensor:
        """Numbers (8,) of a batch's frames, in no order."""
        if not len(self.real) or not len(self.synthetic):
            return torch.randint(0, len(self.images), (BATCH,), generator=generator)
        real = real_frames(BATCH, spent)
        sources = ((self.real, real), (self.synthetic, BATCH - real))
        index = [of[torch.randint(0, len(of), (count,), generator=generator)] for of, count in sources]
        return torch.cat(index)[torch.randperm(BATCH, generator=generator)]


@torch.inference_mode()
def validate(network: nn.Module, frames: BeamData, device: str) -> dict[str, float]:
    """Mean per-image Dice of each structure on the frames' own grid, and the share of views told right."""
    size = frames.image.shape[1:]
    predicted, right = [], 0.0
    for i in range(0, len(frames.image), 20):
        logits, view = network(on_grid(frames.image[i : i + 20], GRID).to(device))
        predicted += list(F.interpolate(logits, size=size, mode="bilinear").argmax(dim=1).cpu().numpy())
        right += float(((view.cpu() > 0) == torch.from_numpy(frames.view[i : i + 20] == 1)).sum())
    return {**mean_structure_dice(predicted, frames.label), "view accuracy": right / len(frames.view)}
