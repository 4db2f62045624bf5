"""How a heart is learned from its views (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER
from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.voxel_metrics import (
    MeanShape,
    intersection_over_union,
    mean_peak_iou,
    structure_iou,
    volume_ml,
)
from EchoSynthLib.images.datasets.cohort import read_cohort
from EchoSynthLib.reconstruction.picture import APICAL, PICTURE_MM
from EchoSynthLib.reconstruction.pix2vox.data import Hearts
from EchoSynthLib.reconstruction.pix2vox.drawn import examples
from EchoSynthLib.reconstruction.pix2vox.export import export, network_of
from EchoSynthLib.reconstruction.pix2vox.losses import occupancy_loss, structure_loss
from EchoSynthLib.reconstruction.pix2vox.network import Layout, Pix2Vox
from EchoSynthLib.reconstruction.pix2vox.presets import LAYOUTS
from EchoSynthLib.reconstruction.volume import CLASSES, CODES, VoxelCode
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import derived
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.precision import has_bfloat16
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import NOBODYS

BATCH = 8
ITERATIONS = 4_000
"""Where neither iterations nor minutes are asked for."""
TURN_DEG, SHIFT_MM = 4.0, 3.0
"""By which each picture is off its own axes at most: where an apex is drawn is a matter of taste."""
HELD_OUT = 10
_EXAMPLES = 1  # changes with how examples are made of hearts
LEFT_OUT = 0.5
"""Share of the hearts that show a view beyond the first two, for each such view."""
VIEWS = (FOUR_CHAMBER.name, TWO_CHAMBER.name)
AZIMUTH_DEG = {FOUR_CHAMBER.name: 0.0, TWO_CHAMBER.name: -60.0, LONG_AXIS.name: -120.0}
"""Of the image's right about the long axis: turned counterclockwise by a hand, each view 60 degrees from the one before
(Mitchell et al., J Am Soc Echocardiogr 32:1-64, 2019); where hearts tell their own, the mean of these."""


def train(
    run: TrainingRun,
    *,
    preset: str = "small",
    side: str = "64",
    views: str = ",".join((*VIEWS, LONG_AXIS.name)),
    head: str = "structures",
) -> Path:
    """Train on the hearts of a folder that `echosynth cohort` made; returns the model folder it makes.

    One in `HELD_OUT` hearts is not learned from but reported. Of the folder only the numbers that its hearts are drawn
    from are read, so a cohort without motion and with few rows serves as well.

    Raises:
        InputError: there is no cohort in the folder; and as `train_on`.
    """
    layout, names = layout_of(preset, int(side), head), [view.strip() for view in views.split(",")]
    cohort, count = read_cohort(run.data)
    about = {**asdict(cohort), "count": count, "side": side, "views": names, "head": head, "picture": layout.picture}
    origin = sha256_of_json([about, _EXAMPLES])
    parts = {"val": range(0, count, HELD_OUT), "train": [i for i in range(count) if i % HELD_OUT]}

    def hearts(part: str) -> Hearts:
        drawn = examples(cohort, parts[part], names, int(side), head)
        cache = run.output / f"hearts_{part}.npz"
        return Hearts.from_arrays(derived(cache, origin, lambda: Hearts.of(drawn, names, layout.picture).arrays()))

    command = train_command(run.name, run.data, run.output, **run.asked)
    made = Made(
        f"{len(parts['train'])} drawn hearts (cohort of seed {cohort.seed}, {cohort.condition}), each at "
        f"{cohort.frames} phases of its beat",
        NOBODYS,
        command,
        run.device,
        f"val split: {len(parts['val'])} other hearts of the cohort",
    )
    return train_on(
        run,
        hearts("train"),
        hearts("val"),
        made=made,
        sum_of_data=origin,
        preset=preset,
        side=int(side),
        views=names,
        head=head,
    )


def layout_of(preset: str, side: int, head: str) -> Layout:
    """The layout of a preset with so many voxels along each side.

    Raises:
        InputError: there is none, or no such head.
    """
    layouts = LAYOUTS.get(preset, {})
    if side not in layouts or head not in ("structures", "tissue"):
        raise InputError(
            f"A network is one of {_presets()} with the head 'structures' or 'tissue'; asked for was {preset!r} of "
            f"{side} voxels with {head!r}."
        )
    return layouts[side]


def train_on(
    run: TrainingRun,
    chosen: Hearts,
    val: Hearts,
    *,
    made: Made,
    sum_of_data: str,
    preset: str = "small",
    side: int = 64,
    views: Sequence[str] = VIEWS,
    head: str = "structures",
) -> Path:
    """Train on hearts, report others; returns the model folder it makes.

    Args:
        run: budget, folder, device, seed.
        chosen, val: hearts to learn from and others to be judged on, with pictures as the preset sees them.
        made: what they are, for the card.
        sum_of_data: by which a checkpoint tells whether it learned from the same hearts.
        preset: of `presets.LAYOUTS`.
        side: voxels along each side of the volume.
        views: names; the first two are always given, and all are in this order.
        head: 'structures' in millimeters, or 'tissue' in the heart's own cube, as in the paper.

    Raises:
        InputError: there is no such preset, size or head, or the hearts do not fit them.
    """
    layout = layout_of(preset, side, head)
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    if chosen.grid.side != side or val.grid.side != side:
        raise InputError(f"The network gives {side} voxels along each side, and the hearts have {chosen.grid.side}.")
    config: dict[str, Any] = {
        "preset": preset,
        "views": list(views),
        "picture": layout.picture,
        "volume": chosen.grid.to_dict(),
        "azimuth_deg": {**{view: AZIMUTH_DEG[view] for view in views if view in AZIMUTH_DEG}, **chosen.azimuth_deg},
        "head": head,
        "batch": BATCH,
    }
    if head == "tissue":
        config |= {"side_over_length": float(chosen.scales.mean()), "threshold": 0.5}
    settings = Settings(
        **run.budget, learning_rate=1e-3, weight_decay=1e-4, betas=(0.9, 0.999), constant=0.3, clip=1.0, seed=run.seed
    )
    average, state = run_loop(
        network_of(config),
        VoxelLoss(chosen, views, head, run.device),
        settings,
        run.output,
        basis={"recipe": f"reconstruction.pix2vox, {preset} {side} {head} {' '.join(views)}", "data": sum_of_data},
        resume=run.resume,
        validate=lambda average: validate(average, chosen, val, head, run.device),
        progress=run.progress,
        device=run.device,
    )
    assert isinstance(average, Pix2Vox)
    if head == "tissue":
        config["threshold"] = state.figures["threshold"]
    return export(average, run.output / run.name, state, made, config)


class VoxelLoss:
    """Draws hearts, turns and shifts their pictures, leaves views out, and compares voxels."""

    def __init__(self, hearts: Hearts, views: Sequence[str], head: str, device: str) -> None:
        self.hearts, self.device, self.head = hearts, device, head
        self.pictures, self.volumes = torch.from_numpy(hearts.pictures), torch.from_numpy(hearts.volumes)
        self.turned = torch.tensor([view in APICAL for view in views])
        self.mixed_precision = has_bfloat16(device)

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        index = torch.randint(0, len(self.hearts), (BATCH,), generator=moment.generator)
        views = self.seen(self.pictures[index], moment.generator).to(self.device)
        with torch.autocast(views.device.type, torch.bfloat16, enabled=self.mixed_precision):
            merged, refined = network(views)
        loss = structure_loss if self.head == "structures" else occupancy_loss
        return loss(merged, refined, self.volumes[index].to(self.device))

    def seen(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (B, V, 3, side, side) of bytes as the network sees them in training, in [0, 1]."""
        count, views = pictures.shape[:2]
        kept = torch.rand((count, views), generator=generator) >= LEFT_OUT
        kept[:, :2] = True
        turn = torch.deg2rad(TURN_DEG * (2 * torch.rand((count, views), generator=generator) - 1)) * self.turned
        shift = 2 * SHIFT_MM / PICTURE_MM * (2 * torch.rand((2, count, views), generator=generator) - 1)
        cos, sin = turn.cos(), turn.sin()
        rows = torch.stack([torch.stack([cos, -sin, shift[0]], -1), torch.stack([sin, cos, shift[1]], -1)], -2)
        flat = pictures.flatten(0, 1).float() / 255
        grid = F.affine_grid(rows.flatten(0, 1), list(flat.shape), align_corners=False)
        moved = F.grid_sample(flat, grid, align_corners=False).reshape(pictures.shape)
        return moved * kept[:, :, None, None, None]


def validate(network: nn.Module, chosen: Hearts, val: Hearts, head: str, device: str) -> dict[str, float]:
    """Overlap of the hearts of `val`, and that of the mean shape of the others; volume errors of structures."""
    probabilities = _answers(network, val, device)
    return _structures(probabilities, chosen, val) if head == "structures" else _tissue(probabilities, chosen, val)


@torch.inference_mode()
def _answers(network: nn.Module, hearts: Hearts, device: str) -> list[np.ndarray]:
    network.eval()
    parts = torch.from_numpy(hearts.pictures).split(BATCH)
    return [heart.cpu().numpy() for part in parts for heart in network(part.to(device).float() / 255)[1]]


def _structures(probabilities: Sequence[np.ndarray], chosen: Hearts, val: Hearts) -> dict[str, float]:
    codes = {name: (code,) for name, code in CODES.items()}
    found = [probability.argmax(axis=0).astype(np.uint8) for probability in probabilities]
    mean = MeanShape(chosen.volumes, CLASSES).labels
    rows = [structure_iou(a, b, codes) for a, b in zip(found, val.volumes, strict=True)]
    figures = {f"IoU, {name}": float(np.mean([row[name] for row in rows])) for name in codes}
    whole = [
        [intersection_over_union(labels > 0, truth > 0) for labels in (a, mean)]
        for a, truth in zip(found, val.volumes, strict=True)
    ]
    figures["IoU, all"], figures["IoU, all, mean shape"] = (float(value) for value in np.mean(whole, axis=0))
    cavity = VoxelCode.LV_CAVITY
    truth = np.array([volume_ml(labels, (cavity,), val.grid.voxel_mm) for labels in val.volumes])
    told = [val.grid.expected_ml(p[cavity], labels == cavity) for p, labels in zip(probabilities, found, strict=True)]
    error = np.array(told) / truth - 1
    return figures | {"LV volume error": float(np.abs(error).mean()), "LV volume bias": float(error.mean())}


def _tissue(probabilities: Sequence[np.ndarray], chosen: Hearts, val: Hearts) -> dict[str, float]:
    truth = [volume > 0 for volume in val.volumes]
    iou, threshold = mean_peak_iou([probability[0] for probability in probabilities], truth)
    mean = MeanShape(chosen.volumes, 2).tissue
    return {
        "peak IoU": iou,
        "threshold": threshold,
        "peak IoU, mean shape": mean_peak_iou([mean] * len(truth), truth)[0],
    }


def _presets() -> str:
    return "; ".join(f"{name!r} of {', '.join(map(str, sides))} voxels" for name, sides in LAYOUTS.items())
