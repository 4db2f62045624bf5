"""How the contour model is trained (torch)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.anatomy.heart2d.endocardium import APEX, BASAL_LEFT, BASAL_RIGHT, LANDMARKS
from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.segmentation.contour.active_contour import spline_matrix
from EchoSynthLib.segmentation.contour.export import export
from EchoSynthLib.segmentation.contour.losses import (
    consistency,
    distance_loss,
    distance_to_curve,
    expected_points,
    gaussian_maps,
    jensen_shannon,
    pixel_centers,
    spatial_log_softmax,
)
from EchoSynthLib.segmentation.contour.network import GRID, MAP, ContourNet, start_from_segmenter
from EchoSynthLib.segmentation.contour.point_transforms import follow
from EchoSynthLib.segmentation.contour.targets import FARTHEST, SIGMA, ContourTargets, load_targets
from EchoSynthLib.systems import find_model
from EchoSynthLib.training.augment import affine_grid, exposure, probe_grid, scanner
from EchoSynthLib.training.beam_data import BeamData, load_beam_data
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.overlays import Overlays
from EchoSynthLib.training.resize import on_grid
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import CAMUS, terms_of
from EchoSynthLib.zoo import WEIGHTS

ITERATIONS = 5500
NEAR, FAR, PROBES = 5, 1, 2
"""Frames of a batch that stay near the data, are moved far, and are shown by another probe."""
CENTIMETER = 10.0
"""Points are off by millimeters; in centimeters their loss is of the other losses' size."""
DISTANCE_WEIGHT = 5.0
CONSISTENCY_WEIGHT = 0.1
CONSISTENCY_FROM = 0.2
"""Share of the training after which the distance map is good enough to pull at the points."""


def train(run: TrainingRun, *, start: str) -> Path:
    """Train on the train split of a CAMUS `.npz`, report the val split; returns the model folder it makes.

    The U-Net starts from the weights of the segmenter `start`. The frames are moved and changed as the segmenter's are,
    and their points and curves with them.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    frames = load_beam_data(run.data, run.output / "beam_data.npz")
    targets = load_targets(run.data, run.output / "targets.npz")
    network = ContourNet()
    start_from_segmenter(network, load_file(find_model(start, "segmentation", "The start").path / WEIGHTS))
    settings = Settings(
        **run.budget,
        learning_rate=1e-3,
        weight_decay=1e-3,
        betas=(0.9, 0.999),
        constant=0.3,
        ema_decay=0.998,
        clip=5.0,
        seed=run.seed,
    )
    train_split, val_split = (frames.split == split for split in ("train", "val"))
    chosen, val = frames.part("train"), frames.part("val")
    val_targets = targets.select(val_split)
    loss = ContourLoss(chosen, targets.select(train_split), run.device, run.seed)
    average, state = run_loop(
        network,
        loss,
        settings,
        run.output,
        basis={"recipe": "segmentation.contour", "data": sum_of_data(run.data)},
        resume=run.resume,
        validate=lambda average: validate(average, val, val_targets, run.device),
        progress=run.progress,
        device=run.device,
    )
    terms = terms_of(frames, run.data)
    if not frames.is_of_camus.any():
        terms += f"\nIts training began with the weights of the shipped segmenter. Of that model: {CAMUS}"
    command = train_command(run.name, run.data, run.output, **run.asked)
    made = Made(chosen.summary(), terms, command, run.device, val.summary())
    return export(average, run.output / run.name, state, made)


class ContourLoss:
    """Draws a batch and weighs its points, heatmaps and distance maps.

    L = mean |c_k - g_k| (cm) + mean JS(p_k, Gaussian(g_k)) + b L_distance + c L_consistency.
    """

    def __init__(self, frames: BeamData, targets: ContourTargets, device: str, seed: int) -> None:
        self.device = device
        self.images = on_grid(frames.image, GRID)
        self.beams = torch.from_numpy(frames.beam_image)[:, None]
        self.opening = torch.from_numpy(frames.sectors[:, 3] - frames.sectors[:, 2]).float()
        both = np.concatenate([targets.points, targets.curve], axis=1)
        self.lines = torch.from_numpy(both[..., ::-1].copy())  # (column, row)
        self.beam_lines = in_beam_space(both, frames)
        self.size = torch.from_numpy(targets.size[:, ::-1].copy())
        self.overlays = Overlays(GRID, seed)
        self.centers = pixel_centers(MAP)
        self.spline = torch.from_numpy(spline_matrix(len(LANDMARKS), np.linspace(0, len(LANDMARKS) - 1, 50))).float()

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        image, lines, size, seen = self.batch(moment.generator)
        points, curve = lines[:, : len(LANDMARKS)], lines[:, len(LANDMARKS) :]
        truth = distance_to_curve(curve, MAP, FARTHEST)
        logits, distance = (t.cpu() for t in network(image.to(self.device)))
        log_p = spatial_log_softmax(logits)
        found = expected_points(log_p, self.centers)
        off = ((found - points) * size[:, None]).norm(dim=-1) / CENTIMETER
        sigma = SIGMA / torch.tensor([MAP[1], MAP[0]])
        unlike = jensen_shannon(log_p, gaussian_maps(points, self.centers, sigma))
        loss = ((off + unlike) * seen).sum() / seen.sum().clamp(min=1)
        loss = loss + DISTANCE_WEIGHT * distance_loss(distance, truth, FARTHEST)
        if moment.spent >= CONSISTENCY_FROM:
            loss = loss + CONSISTENCY_WEIGHT * consistency(found, distance, self.spline)
        return loss

    def batch(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Images (8, 1, 160, 160), points and curve (8, 207, 2), frame sizes (8, 2), and which points are seen (8, 7).

        Points are (column, row) fractions of the frame, sizes (width, height) in mm.
        """
        count = NEAR + FAR + PROBES
        index = torch.randint(0, len(self.images), (count,), generator=generator)
        whole, probes = index[: NEAR + FAR], index[NEAR + FAR :]
        strength = torch.cat([torch.full((NEAR,), 0.5), torch.ones(FAR)])
        grid = affine_grid(strength, GRID, generator)
        moved = F.grid_sample(self.images[whole], grid, align_corners=False)
        lines = [follow(2 * self.lines[whole] - 1, grid)]
        grid, inside = probe_grid(self.opening[probes], GRID, generator)
        shown = F.grid_sample(self.beams[probes].float() / 255, grid, padding_mode="border", align_corners=False)
        lines.append(follow(2 * self.beam_lines[probes] - 1, grid))
        elsewhere = scanner(torch.cat([moved[NEAR:], shown * inside]), generator)
        images = torch.cat([exposure(moved[:NEAR], generator), self.overlays(elsewhere, generator)])
        placed = torch.cat(lines)
        points = placed[:, : len(LANDMARKS)]
        lit = torch.cat([torch.ones(NEAR + FAR, 1, *GRID), inside.float()])
        in_sector = F.grid_sample(lit, points[:, None], align_corners=False)[:, 0, 0] > 0.5
        seen = in_sector & (points.abs() < 1).all(dim=-1)
        return images, (placed + 1) / 2, self.size[index], seen.float()


def in_beam_space(lines: np.ndarray, frames: BeamData) -> Tensor:
    """Points (N, P, 2) (row, column) of image frames as (column, row) fractions of their beam-space frames."""
    shape = np.array(frames.image.shape[1:])
    found = np.zeros(lines.shape, np.float32)
    for i, pixels in enumerate(lines * shape - 0.5):
        sector = frames.sector(i)
        radius, angle = sector.polar(pixels[:, 0], pixels[:, 1])
        found[i] = np.stack([(angle - sector.angle_left) / sector.opening_angle, radius / sector.radius_far], axis=1)
    return torch.from_numpy(found)


@torch.inference_mode()
def validate(network: nn.Module, frames: BeamData, targets: ContourTargets, device: str) -> dict[str, float]:
    """Mean errors of the landmarks in mm (of the typical frame where its size is not known), and of the distance map.

    Of the four-chamber view, whose pixel size is known in CAMUS, also alone.
    """
    centers, errors, off_map = pixel_centers(MAP), [], []
    lines = [torch.from_numpy(part[..., ::-1].copy()) for part in (targets.points, targets.curve)]
    size = torch.from_numpy(targets.size[:, ::-1].copy())
    for i in range(0, len(frames.image), 20):
        logits, distance = (t.cpu() for t in network(on_grid(frames.image[i : i + 20], GRID).to(device)))
        found = expected_points(spatial_log_softmax(logits), centers)
        errors.append(((found - lines[0][i : i + 20]) * size[i : i + 20, None]).norm(dim=-1))
        truth = distance_to_curve(lines[1][i : i + 20], MAP, FARTHEST)
        off_map.append((distance.clamp(0, 1) - truth).abs().mean(dim=(1, 2)))
    error = torch.cat(errors).numpy()
    judged = error[:, [BASAL_LEFT, APEX, BASAL_RIGHT]].mean(axis=1)
    figures = {
        "basal points and apex, mm": judged.mean(),
        f"basal points and apex, {FOUR_CHAMBER.name}, mm": judged[frames.view == FOUR_CHAMBER.condition].mean(),
        "apex, mm": error[:, APEX].mean(),
        "all seven points, mm": error.mean(),
        "distance map, pixels of the map": torch.cat(off_map).mean().item() * FARTHEST,
    }
    return {name: float(value) for name, value in figures.items()}
