"""Compare sampling settings of the generator on train: how `SAMPLING` in synthesis/beam_flow/export.py was chosen.

python Testing/benchmarks/sampling.py --guidance 1 1.2 --steps 4 8 --spread 0 0.08
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import synthesis

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline


def main() -> None:
    """Print one row for each combination."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=7, help="draw the label map of every n-th train frame")
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 1.2])
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--spread", type=float, nargs="+", default=[0.0])
    parser.add_argument("--blur", type=float, nargs="+", default=[0.0])
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_camus_npz(folder / "camus_224.npz")
    train = frames.select(frames.split == "train")
    is_chosen = np.arange(len(train.image)) % arguments.every == 0
    chosen, others = train.select(is_chosen), train.select(~is_chosen)
    model = zoo.find("beam-flow")
    sectors = synthesis.sectors_of(chosen)
    real = synthesis.speckle(list(chosen.image), chosen, sectors)
    print("| guidance | steps | spread | blur | cavity | epi | LA | speckle, largest deviation | Frechet ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("| real | | | | " + _row(list(chosen.image), chosen, others, real, sectors))
    for setting in itertools.product(arguments.guidance, arguments.steps, arguments.spread, arguments.blur):
        images = _draw(model, chosen, sectors, *setting)
        print("| " + " | ".join(map(str, setting)) + " | " + _row(images, chosen, others, real, sectors), flush=True)


def _row(
    images: synthesis.Images,
    chosen: CamusArrays,
    others: CamusArrays,
    real: dict[str, dict[str, float]],
    sectors: list[Sector],
) -> str:
    speckle = synthesis.speckle(images, chosen, sectors)
    figures = [*synthesis.obeyed(images, chosen).values(), synthesis.largest_deviation(speckle, real)]
    figures.append(synthesis.frechet_ratio(images, chosen, others)[2])
    return " | ".join(f"{value:.3f}" for value in figures) + " |"


def _draw(
    model: zoo.ModelFolder,
    chosen: CamusArrays,
    sectors: list[Sector],
    guidance: float,
    steps: int,
    spread: float,
    blur: float,
) -> synthesis.Images:
    config = {**model.config, "guidance": guidance, "spread": spread, "blur": blur}
    pipeline = BeamFlowPipeline.from_folder(model.path, config)
    return [
        pipeline(label, sector, view=str(view), quality=str(quality) or None, seed=i, steps=steps)[0][0]
        for i, (label, sector, view, quality) in enumerate(
            zip(chosen.label, sectors, chosen.view, chosen.quality, strict=True)
        )
    ]


if __name__ == "__main__":
    main()
