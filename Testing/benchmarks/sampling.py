"""Compare sampling settings of the generator on val: how `SAMPLING` in synthesis/beam_flow/publish.py was chosen.

python Testing/benchmarks/sampling.py --every 3 --guidance 1 1.5 2 --steps 1 4 50 --blur 0 0.4
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import synthesis

from EchoSynthLib import zoo
from EchoSynthLib.images.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline


def main() -> None:
    """Print one row for each combination."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=3, help="use every n-th val frame")
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 1.5, 2.0])
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 4, 50])
    parser.add_argument("--blur", type=float, nargs="+", default=[0.4])
    parser.add_argument("--shift", type=float, nargs="+", default=[1.0])
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_camus_npz(folder / "camus_224.npz")
    val = frames.select(frames.split == "val").select(slice(None, None, arguments.every))  # type: ignore[arg-type]
    train = frames.select(frames.split == "train")
    real = synthesis.speckle(list(val.image), val, synthesis.sectors_of(val))
    print("| guidance | steps | blur | shift | cavity | epi | LA | speckle, largest deviation | Frechet ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("| real | | | | " + _row(list(val.image), val, train, real))
    for setting in itertools.product(arguments.guidance, arguments.steps, arguments.blur, arguments.shift):
        images = _draw(val, *setting)
        print("| " + " | ".join(map(str, setting)) + " | " + _row(images, val, train, real), flush=True)


def _row(images: synthesis.Images, val: CamusArrays, train: CamusArrays, real: dict[str, dict[str, float]]) -> str:
    speckle = synthesis.speckle(images, val, synthesis.sectors_of(val))
    figures = [*synthesis.obeyed(images, val).values(), synthesis.largest_deviation(speckle, real)]
    figures.append(synthesis.frechet_ratio(images, val, train)[2])
    return " | ".join(f"{value:.3f}" for value in figures) + " |"


def _draw(val: CamusArrays, guidance: float, steps: int, blur: float, shift: float) -> synthesis.Images:
    folder = zoo.find("beam-flow")
    config = {**folder.config, "guidance": guidance, "blur": blur, "time_shift": shift}
    pipeline = BeamFlowPipeline.from_folder(folder.path, config)
    return [
        pipeline(label, sector, view=str(view), quality=str(quality) or None, seed=i, steps=steps)[0]
        for i, (label, sector, view, quality) in enumerate(
            zip(val.label, synthesis.sectors_of(val), val.view, val.quality, strict=True)
        )
    ]


if __name__ == "__main__":
    main()
