"""How motion between end-diastole and end-systole is learned (torch)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.anatomy.deformation import folding_share, warp_labels
from EchoSynthLib.evaluation.registration import STRUCTURES
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.motion.fourier import recipe_volumes
from EchoSynthLib.motion.fourier.data import diastole_and_systole
from EchoSynthLib.motion.fourier.export import export, of_frames
from EchoSynthLib.motion.fourier.losses import folding, local_correlation_loss, overlap_loss, roughness
from EchoSynthLib.motion.fourier.network import FourierNet
from EchoSynthLib.motion.fourier.presets import GRID, default_network
from EchoSynthLib.motion.fourier.spatial_transform import SpatialTransform
from EchoSynthLib.training.augment import affine_grid, exposure, scanner
from EchoSynthLib.training.beam_data import BeamData, load_beam_data
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.precision import has_bfloat16
from EchoSynthLib.training.resize import on_grid
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import terms_of

BATCH = 8
ITERATIONS = 10_000
"""Where neither iterations nor minutes are asked for."""
STRENGTH = 0.6
"""Of the affine maps, one for both frames of a pair; 1 are those of the segmenter's far frames."""
NEAR = 0.85
"""Share of the budget after which frames are hardly moved, and shown as their own scanner shows them."""
CHANNELS = {"labels": 16, "none": 8}
SMOOTHNESS = {"labels": 0.05, "none": 0.3}
FOLDING = 10.0
OVERLAP = 2.0
BETWEEN = BATCH // 4
OTHER_SCANNERS = 0.25


def train(run: TrainingRun, *, supervision: str = "labels", pictures: str = "frames") -> Path:
    """Train a network for frames or, where the pictures are 'volumes', one for these; see `train_on_frames`."""
    return recipe_volumes.train(run) if pictures == "volumes" else train_on_frames(run, supervision)


def train_on_frames(run: TrainingRun, supervision: str) -> Path:
    """Train on the pairs of the train split of a CAMUS `.npz`, report the val split; returns the model folder it makes.

    Both frames of a pair are moved by one random affine map, exposed each a little otherwise, and registered in either
    direction. With the supervision 'labels' the overlap of their label maps is learned, too; with 'none' they are not
    looked at.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    frames = load_beam_data(run.data, run.output / "beam_data.npz")
    chosen, val = frames.part("train"), frames.part("val")
    settings = Settings(
        **run.budget,
        learning_rate=1e-3,
        weight_decay=1e-4,
        betas=(0.9, 0.999),
        constant=0.3,
        clip=1.0,
        seed=run.seed,
    )
    network = default_network(CHANNELS[supervision])
    network.mixed_precision = has_bfloat16(run.device)
    average, state = run_loop(
        network,
        MotionLoss(chosen, supervision, run.device),
        settings,
        run.output,
        basis={"recipe": f"motion.fourier, supervision {supervision}", "data": sum_of_data(run.data)},
        resume=run.resume,
        validate=lambda average: validate(average, val, run.device),
        progress=run.progress,
        device=run.device,
    )
    assert isinstance(average, FourierNet)
    command = train_command(run.name, run.data, run.output, **run.asked)
    made = Made(chosen.summary(), terms_of(frames, run.data), command, run.device, val.summary())
    return export(average, run.output / run.name, state, made, of_frames(supervision, CHANNELS[supervision], BATCH))


class MotionLoss:
    """Draws pairs and weighs likeness, smoothness, folding and, where labels may be looked at, their overlap.

    `BETWEEN` of each batch's pairs are of a frame and the same, carried a random part of the way that the average
    network finds to the other: motion as small as from one frame of a cine to the next, and none at all, where
    end-diastole and end-systole alone would teach that a heart has always moved far.
    """

    def __init__(self, frames: BeamData, supervision: str, device: str) -> None:
        self.device, self.supervision = device, supervision
        self.warp = SpatialTransform(GRID).to(device)
        self.images = on_grid(frames.image, GRID)
        self.labels = torch.from_numpy(frames.label)
        self.pairs = torch.from_numpy(diastole_and_systole(frames.name.tolist()))

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        near = moment.spent > NEAR
        moving, fixed = self.between(*self.batch(moment.generator, STRENGTH / 2 if near else STRENGTH), moment)
        others = 0.0 if near else OTHER_SCANNERS
        displacement = network(*(self.seen(frames[:, :1], moment.generator, others) for frames in (moving, fixed)))
        warped = self.warp(moving, displacement)
        loss = unlikeness(warped[:, :1], fixed[:, :1], self.supervision)
        loss = loss + SMOOTHNESS[self.supervision] * roughness(displacement) + FOLDING * folding(displacement)
        if self.supervision == "labels":
            loss = loss + OVERLAP * overlap_loss(warped[:, 1:], fixed[:, 1:])
        return loss

    def batch(self, generator: torch.Generator, strength: float) -> tuple[Tensor, Tensor]:
        """Moving and fixed frames: (8, 1 + 4, *GRID), gray levels in [0, 1] and memberships of `STRUCTURES`."""
        pairs = self.pairs[torch.randint(0, len(self.pairs), (BATCH,), generator=generator)]
        turned = torch.rand(BATCH, generator=generator) < 0.5
        pairs[turned] = pairs[turned].flip(1)
        grid = affine_grid(torch.full((BATCH,), strength), GRID, generator)
        images = [F.grid_sample(self.images[index], grid, align_corners=False) for index in pairs.T]
        if self.supervision != "labels":
            moving, fixed = (image.to(self.device) for image in images)
            return moving, fixed
        members = [F.grid_sample(_memberships(self.labels[index]), grid, align_corners=False) for index in pairs.T]
        moving, fixed = (torch.cat(both, dim=1).to(self.device) for both in zip(images, members, strict=True))
        return moving, fixed

    def between(self, moving: Tensor, fixed: Tensor, moment: Moment) -> tuple[Tensor, Tensor]:
        """The batch with its first pairs replaced by a frame and the same, carried part of the way to the other."""
        with torch.no_grad():
            whole = moment.average(moving[:BETWEEN, :1], fixed[:BETWEEN, :1])
        part = torch.rand((len(whole), 1, 1, 1), generator=moment.generator).to(self.device)
        carried = self.warp(moving[:BETWEEN], part * whole)
        return moving, torch.cat([carried, fixed[BETWEEN:]])

    def seen(self, image: Tensor, generator: torch.Generator, others: float) -> Tensor:
        """Frames (N, 1, *GRID) as the network sees them: exposed otherwise, a share of them as other scanners show."""
        image = image.cpu()
        far = torch.rand(len(image), generator=generator) < others
        exposed = exposure(image, generator)
        if far.any():
            exposed[far] = scanner(image[far], generator)
        return exposed.to(self.device)


def unlikeness(warped: Tensor, fixed: Tensor, supervision: str) -> Tensor:
    """1 - mean squared correlation of both frames (N, 1, *GRID), which a little blur rids of speckle that only one has.

    Pictures alone are compared at half their resolution and in windows of 22 pixels instead of 9: what small windows
    find likest in another moment's speckle is not where the tissue went.
    """
    if supervision == "labels":
        return local_correlation_loss(F.avg_pool2d(warped, 3, 1, 1), F.avg_pool2d(fixed, 3, 1, 1))
    return local_correlation_loss(F.avg_pool2d(warped, 4, 2, 1), F.avg_pool2d(fixed, 4, 2, 1), window=11)


def _memberships(labels: Tensor) -> Tensor:
    """Codes (N, H, W) to (N, 4, H, W) of `STRUCTURES`, 0 or 1."""
    return torch.stack([torch.isin(labels, torch.tensor(codes)) for codes in STRUCTURES.values()], dim=1).float()


@torch.inference_mode()
def validate(network: nn.Module, frames: BeamData, device: str) -> dict[str, float]:
    """Dice of the label maps of end-diastole carried to end-systole, before and after, and the share of folds."""
    pairs = diastole_and_systole(frames.name.tolist())
    images = on_grid(frames.image, GRID)
    scale = np.array(frames.image.shape[1:]) / np.array(GRID)
    before, after, folded = [], [], []
    for part in np.array_split(pairs, max(1, len(pairs) // 20)):
        moving, fixed = (images[index].to(device) for index in part.T)
        fields = network(moving, fixed)
        size = (int(frames.image.shape[1]), int(frames.image.shape[2]))
        fields = F.interpolate(fields, size=size, mode="bilinear").cpu().numpy() * scale[:, None, None]
        for (diastole, systole), field in zip(part, fields, strict=True):
            truth = frames.label[systole]
            before.append(structure_dice(frames.label[diastole], truth, STRUCTURES))
            after.append(structure_dice(warp_labels(frames.label[diastole], field), truth, STRUCTURES))
            folded.append(100 * folding_share(field))
    figures = {f"{name}, not registered": np.mean([one[name] for one in before]) for name in STRUCTURES}
    figures |= {name: np.mean([one[name] for one in after]) for name in STRUCTURES}
    return {name: float(value) for name, value in (figures | {"folded, %": np.mean(folded)}).items()}
