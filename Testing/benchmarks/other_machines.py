"""What each ingredient of `segmenter-other-machines` brings on a drawn machine that its training left out.

Drawn hearts of another seed than those of the training, on each machine (see `training.drawn_machines`): Dice before
cleaning of a model (`--model`), or of short trainings, each without a machine and with or without an ingredient
(`--ingredients`), from a segmenter that has seen no machine but its own (`--start`):
`python Testing/benchmarks/other_machines.py --ingredients --start earlier/segmenter --iterations 300`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from EchoSynthLib.evaluation.segmentation_metrics import mean_structure_dice
from EchoSynthLib.images.datasets.camus import find_camus
from EchoSynthLib.segmentation.unet.network import GRID, Segmenter
from EchoSynthLib.segmentation.unet.other_machines import OtherMachinesLoss
from EchoSynthLib.segmentation.unet.recipe import HEARTS, HEARTS_SEED, validate
from EchoSynthLib.systems import find_model
from EchoSynthLib.training.beam_data import load_beam_data
from EchoSynthLib.training.drawn_machines import MAKERS, DrawnFrames, load_drawn_frames
from EchoSynthLib.training.export import load_weights
from EchoSynthLib.training.loop import train
from EchoSynthLib.training.settings import Settings

SEED, TESTED = 8001, 60
"""Of the hearts that are tested on, and their number."""
INGREDIENTS = {
    "frames as they are": (8, 0, 0, 0),
    "and from afar": (3, 4, 1, 0),
    "and drawn hearts": (6, 0, 0, 2),
    "and both": (2, 3, 1, 2),
}
"""How many of a batch stay near the data, are seen from afar, are shown by another probe, and are drawn hearts."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="*", default=["segmenter", "segmenter-synthetic"], help="names or folders")
    parser.add_argument("--ingredients", action="store_true")
    parser.add_argument("--start", type=Path, help="folder of the segmenter that the short trainings start from")
    parser.add_argument("--left-out", default="wide and coarse", choices=tuple(MAKERS))
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--cache", type=Path, default=Path("runs"), help="folder for what is drawn and trained")
    arguments = parser.parse_args()
    tested = load_drawn_frames(TESTED, GRID, SEED, arguments.cache / "drawn_val.npz")
    if not arguments.ingredients:
        for name in arguments.model:
            folder = Path(name) if Path(name).is_dir() else find_model(name, "segmentation", "The test").path
            show(name, load_weights(Segmenter(), "segmenter", folder), tested)
        return
    if arguments.start is None:
        parser.error("--ingredients needs --start")
    camus = find_camus()
    if camus is None:
        raise SystemExit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_beam_data(camus / "camus_224.npz", arguments.cache / "further" / "beam_data.npz")
    drawn = load_drawn_frames(HEARTS, GRID, HEARTS_SEED, arguments.cache / "further" / "drawn_hearts.npz")
    kept = drawn.select(drawn.maker != list(MAKERS).index(arguments.left_out))
    for name, mix in INGREDIENTS.items():
        network = load_weights(Segmenter(), "segmenter", arguments.start)
        loss = OtherMachinesLoss(frames.part("train"), kept, "cpu", 0, ((0.0, mix),))
        settings = Settings(
            iterations=arguments.iterations, learning_rate=3e-4, weight_decay=1e-4, betas=(0.9, 0.999), constant=0.0,
            clip=5.0, ema_decay=0.99,
        )  # fmt: skip
        place = arguments.cache / "ingredients" / "_".join(map(str, mix))
        average, _ = train(network, loss, settings, place, basis={"mix": str(mix), "left out": arguments.left_out})
        show(name, average, tested)
        print("  CAMUS val", told(validate(average, frames.part("val"), "cpu")), flush=True)


def show(name: str, network: nn.Module, tested: DrawnFrames) -> None:
    """Print the Dice of a network on each machine."""
    print(name, flush=True)
    for number, maker in enumerate(MAKERS):
        own = tested.select(tested.maker == number)
        print(f"  {maker}: {told(mean_structure_dice(found_by(network, own), own.label))}", flush=True)


@torch.inference_mode()
def found_by(network: nn.Module, frames: DrawnFrames) -> list[np.ndarray]:
    """Label maps of pictures on the network's own grid."""
    parts = torch.from_numpy(frames.image)[:, None].float().div(255).split(20)
    return [label for part in parts for label in F.softmax(network(part)[0], dim=1).argmax(dim=1).numpy()]


def told(dice: dict[str, float]) -> str:
    """Figures in a line."""
    return ", ".join(f"{name} {value:.3f}" for name, value in dice.items())


if __name__ == "__main__":
    main()
