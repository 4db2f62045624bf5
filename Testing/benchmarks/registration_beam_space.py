"""Registration in beam space or on the image as it is: one short training each, compared once.

python Testing/benchmarks/registration_beam_space.py --output runs/beam_space --iterations 1500

trains two networks of the unsupervised one's width, weakly supervised, with the same seed, loss and loop: one sees the
frames as they are, one along their sectors' beams. Both are judged on the image grid, ED to ES of CAMUS val: what is
found in beam space leads from the image through the beams into the other image.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from EchoSynthLib.anatomy.beam import image_coordinates
from EchoSynthLib.anatomy.deformation import warp_labels
from EchoSynthLib.evaluation.registration import STRUCTURES
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.images.datasets.camus import find_camus
from EchoSynthLib.motion.fourier import recipe
from EchoSynthLib.motion.fourier.data import diastole_and_systole
from EchoSynthLib.motion.fourier.presets import GRID, default_network
from EchoSynthLib.training.beam_data import BeamData, load_beam_data
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.loop import train
from EchoSynthLib.training.precision import has_bfloat16
from EchoSynthLib.training.resize import on_grid
from EchoSynthLib.training.settings import Settings

CHANNELS = 8


def compare(data: Path, output: Path, iterations: int, device: str = "cpu") -> dict[str, dict[str, float]]:
    """Dice of both, by structure, on CAMUS val."""
    output.mkdir(parents=True, exist_ok=True)
    frames = load_beam_data(data, output / "beam_data.npz")
    val, found = frames.part("val"), {}
    for space in ("image", "beam"):
        chosen = frames.part("train")
        if space == "beam":
            chosen = replace(chosen, image=chosen.beam_image, label=chosen.beam_label)
        torch.manual_seed(0)
        network = default_network(CHANNELS)
        network.mixed_precision = has_bfloat16(device)
        settings = Settings(
            iterations=iterations, learning_rate=1e-3, weight_decay=1e-4, betas=(0.9, 0.999), constant=0.3, clip=1.0
        )
        average, _ = train(
            network,
            recipe.MotionLoss(chosen, "labels", device),
            settings,
            output / space,
            basis={"recipe": f"registration, {space}", "data": sum_of_data(data)},
            device=device,
        )
        found[space] = judge(average, val, space)
    return found


@torch.inference_mode()
def judge(network: nn.Module, frames: BeamData, space: str) -> dict[str, float]:
    """Mean Dice of end-diastolic label maps carried to end-systole, compared on the image grid."""
    seen = on_grid(frames.image if space == "image" else frames.beam_image, GRID)
    scores = []
    for diastole, systole in diastole_and_systole(frames.name.tolist()):
        field = network(seen[diastole][None], seen[systole][None])
        carried = (_carried_in_image if space == "image" else _carried_in_beams)(frames, diastole, systole, field)
        scores.append(structure_dice(carried, frames.label[systole], STRUCTURES))
    return {name: float(np.mean([score[name] for score in scores])) for name in STRUCTURES}


def _on(size: tuple[int, ...], field: torch.Tensor) -> NDArray[np.float32]:
    scale = np.array(size) / np.array(GRID)
    return F.interpolate(field, size=size, mode="bilinear")[0].numpy() * scale[:, None, None]


def _carried_in_image(frames: BeamData, diastole: int, systole: int, field: torch.Tensor) -> NDArray[Any]:
    return warp_labels(frames.label[diastole], _on(frames.label.shape[1:], field))


def _carried_in_beams(frames: BeamData, diastole: int, systole: int, field: torch.Tensor) -> NDArray[Any]:
    """Image to beams of the systolic frame, the motion there, and from the diastolic frame's beams to its image."""
    beams = (int(frames.beam_label.shape[1]), int(frames.beam_label.shape[2]))
    size = (int(frames.label.shape[1]), int(frames.label.shape[2]))
    here = image_coordinates(frames.sector(systole), size, beams)
    moved = _on(beams, field)
    sample, beam = (_at(part, here) + start for part, start in zip(moved, here, strict=True))
    sector = frames.sector(diastole)
    radius = (sample + 0.5) / beams[0] * sector.radius_far
    angle = sector.angle_left + (beam + 0.5) / beams[1] * sector.opening_angle
    there = np.stack(sector.cartesian(radius, angle))
    return warp_labels(frames.label[diastole], there - np.indices(size))


def _at(values: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
    """Values (R, A) at places (2, H, W), linear between samples, beyond them those of the nearest."""
    from scipy.ndimage import map_coordinates

    return map_coordinates(values, places, order=1, mode="nearest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("runs/beam_space"), help="checkpoints and comparison.json")
    parser.add_argument("--iterations", type=int, default=1500, help="of batch 8, for each of both")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--data", type=Path, default=None, help="camus_224.npz; else that of ECHOSYNTH_DATA")
    given = parser.parse_args()
    folder = find_camus()
    data = given.data or (folder and folder / "camus_224.npz")
    if data is None:
        parser.error("there is no camus_224.npz; give --data")
    found = compare(data, given.output, given.iterations, given.device)
    (given.output / "comparison.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
