"""How motion between the volumes of end-diastole and end-systole is learned, from drawn hearts (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.anatomy.deformation import folding_share, warp_labels
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.evaluation.registration import STRUCTURES
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.images.datasets.cohort import read_cohort
from EchoSynthLib.motion.fourier.drawn_volumes import as_arrays, volume_pairs
from EchoSynthLib.motion.fourier.export import export, of_volumes
from EchoSynthLib.motion.fourier.losses import folding, overlap_loss, roughness
from EchoSynthLib.motion.fourier.network import FourierNet
from EchoSynthLib.motion.fourier.presets import VOLUME_GRID, volume_network
from EchoSynthLib.motion.fourier.spatial_transform import SpatialTransform
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import derived
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.precision import has_bfloat16
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import NOBODYS

BATCH = 2
CHANNELS = 8
ITERATIONS = 2_000
"""Where neither iterations nor minutes are asked for."""
HELD_OUT = 10
"""One in so many hearts is not learned from but reported."""
SMOOTHNESS, FOLDING, OVERLAP = 0.05, 10.0, 2.0
_PAIRS = 2  # changes with how pairs are drawn of hearts

Arrays = Mapping[str, NDArray]


def train(run: TrainingRun) -> Path:
    """Train on the hearts of a folder that `echosynth cohort` made; returns the model folder it makes.

    Of the folder only the numbers that its hearts are drawn from are read. Learned are the exact displacement in and
    around the left heart, the overlap of its labels, and smoothness.

    Raises:
        InputError: there is no cohort in the folder.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    cohort, count = read_cohort(run.data)
    parts = {"val": range(0, count, HELD_OUT), "train": [i for i in range(count) if i % HELD_OUT]}
    origin = sha256_of_json([{**asdict(cohort), "count": count, "grid": VOLUME_GRID}, _PAIRS])

    def pairs(part: str) -> Arrays:
        drawn = volume_pairs(cohort, parts[part], VOLUME_GRID[0])
        return derived(run.output / f"volumes_{part}.npz", origin, lambda: as_arrays(drawn))

    chosen, val = pairs("train"), pairs("val")
    settings = Settings(
        **run.budget,
        learning_rate=4e-4,
        weight_decay=1e-4,
        betas=(0.9, 0.999),
        constant=0.3,
        clip=1.0,
        seed=run.seed,
    )
    network = volume_network(CHANNELS)
    network.mixed_precision = has_bfloat16(run.device)
    average, state = run_loop(
        network,
        VolumeLoss(chosen, run.device),
        settings,
        run.output,
        basis={"recipe": "motion.fourier, volumes", "data": origin},
        resume=run.resume,
        validate=lambda average: validate(average, val, run.device),
        progress=run.progress,
        device=run.device,
    )
    assert isinstance(average, FourierNet)
    made = Made(
        f"{len(parts['train'])} drawn hearts (cohort of seed {cohort.seed}, {cohort.condition}), volumes of "
        f"{VOLUME_GRID[0]} voxels a side",
        NOBODYS,
        train_command(run.name, run.data, run.output, **run.asked),
        run.device,
        f"val split: {len(parts['val'])} other hearts of the cohort",
    )
    return export(average, run.output / run.name, state, made, of_volumes(CHANNELS, BATCH))


class VolumeLoss:
    """Draws pairs in either direction and weighs error, overlap of labels, smoothness and folding."""

    def __init__(self, pairs: Arrays, device: str) -> None:
        self.device = device
        self.warp = SpatialTransform(VOLUME_GRID).to(device)
        self.images = torch.from_numpy(pairs["images"])
        self.labels = torch.from_numpy(pairs["labels"])
        self.exact = torch.from_numpy(pairs["displacements"])

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        moving, fixed, exact = self.batch(moment.generator)
        displacement = network(moving[:, :1], fixed[:, :1])
        warped = self.warp(moving, displacement)
        heart = F.max_pool3d(fixed[:, 1:].amax(dim=1, keepdim=True), 3, 1, 1)
        error = (displacement - exact).square().sum(dim=1, keepdim=True).add(1e-3).sqrt()
        loss = (error * heart).sum() / heart.sum() + OVERLAP * overlap_loss(warped[:, 1:], fixed[:, 1:])
        return loss + SMOOTHNESS * roughness(displacement) + FOLDING * folding(displacement)

    def batch(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Moving and fixed (2, 1 + 4, *grid): gray levels in [0, 1], exposed otherwise, and memberships; and the exact
        displacement (2, 3, *grid) between them.

        In every batch one pair goes from end-diastole to end-systole and one back: batches of one direction each would
        teach the network the opposite of what the last one taught.
        """
        chosen = torch.randint(0, len(self.images), (BATCH,), generator=generator)
        both = torch.stack([self._seen(chosen, moment, generator) for moment in (0, 1)])
        pair, way = torch.arange(BATCH), torch.arange(BATCH) % 2
        exact = self.exact[chosen, way].float().to(self.device)
        moving, fixed = both[way, pair], both[1 - way, pair]
        if torch.rand(1, generator=generator) < 0.5:  # the other side of the heart in front
            moving, fixed, exact = moving.flip(2), fixed.flip(2), exact.flip(2)
            exact = exact * torch.tensor([-1.0, 1, 1], device=self.device).reshape(3, 1, 1, 1)
        return moving, fixed, exact

    def _seen(self, chosen: Tensor, moment: int, generator: torch.Generator) -> Tensor:
        images = self.images[chosen, moment, None].float() / 255
        gamma, gain = torch.exp(0.2 * torch.randn(2, BATCH, 1, 1, 1, 1, generator=generator))
        images = (gain * images**gamma).clamp(0, 1)
        return torch.cat([images, _memberships(self.labels[chosen, moment])], dim=1).to(self.device)


def _memberships(labels: Tensor) -> Tensor:
    """Codes (N, *grid) to (N, 4, *grid) of `STRUCTURES`, 0 or 1."""
    return torch.stack([torch.isin(labels, torch.tensor(codes)) for codes in STRUCTURES.values()], dim=1).float()


@torch.inference_mode()
def validate(network: nn.Module, pairs: Arrays, device: str) -> dict[str, float]:
    """Dice of end-diastolic labels carried to end-systole, before and after; error in the wall; the share of folds."""
    told = []
    for images, labels, exact, voxel_mm in zip(*(pairs[name] for name in _KEPT), strict=True):
        moving, fixed = (torch.from_numpy(image).float()[None, None].to(device) / 255 for image in images)
        field = network(moving, fixed)[0].cpu().numpy()
        wall = labels[1] == CamusCode.MYOCARDIUM
        before = structure_dice(labels[0], labels[1], STRUCTURES)
        after = structure_dice(warp_labels(labels[0], field), labels[1], STRUCTURES)
        told.append(
            {f"{name}, not registered": value for name, value in before.items()}
            | after
            | {
                "wall moves, mm": voxel_mm * float(np.linalg.norm(exact[0][:, wall].astype(float), axis=0).mean()),
                "error in the wall, mm": voxel_mm * float(np.linalg.norm((field - exact[0])[:, wall], axis=0).mean()),
                "folded, %": 100 * folding_share(field),
            }
        )
    return {name: float(np.mean([one[name] for one in told])) for name in told[0]}


_KEPT = ("images", "labels", "displacements", "voxel_mm")
