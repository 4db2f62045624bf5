"""Drawn frames of a beating heart: ejection fraction seen in them, label maps found, sharpness, seconds.

`python Testing/benchmarks/beating_drawing.py --split val`: the motion is that of the shipped model. The line from the
ejection fraction of the labels to that seen is fitted by the recipe, on train alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import EchoSynthLib as es
from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.synthesis.beating.adherence import seen_in
from EchoSynthLib.synthesis.beating.seen import SeenLine

FRAMES = 32
LOW, HIGH = 15.0, 75.0
"""Percent, between which ejection fractions are asked for."""
CODES = {"LV": 1, "myocardium": 2, "LA": 3}


def made(frames: CamusArrays, count: int, line: SeenLine | None) -> Iterator[dict[str, Any]]:
    """For frames at end-diastole drawn by chance: what was asked for, seen and found."""
    rng = np.random.default_rng(5)
    diastole = np.flatnonzero([str(name).endswith("ED") for name in frames.name])
    for index in rng.permutation(diastole)[:count]:
        wish = float(rng.uniform(LOW, HIGH))
        asked = wish if line is None else line.asked_for(wish)
        image, label_map = frames.image[index], frames.label[index]
        view = str(frames.name[index]).split("_")[1]
        started = time.perf_counter()
        cine, label_maps, record = es.animate(
            image, label_map, ejection_fraction=asked, view=view, frames=FRAMES, seed=int(index)
        )
        seconds = time.perf_counter() - started
        found_in_all = [es.segment(frame)[0] for frame in cine]
        systole = int(np.argmin([np.count_nonzero(labels == CODES["LV"]) for labels in label_maps]))
        found = found_in_all[systole]
        yield {
            "wish": wish,
            "labels": record["ejection_fraction"]["labels"],
            "seen": seen_in(found_in_all),
            "dice": [dice(found == code, label_maps[systole] == code) for code in CODES.values()],
            "sharp": sharpness(cine, image),
            "seconds": seconds,
        }


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Of two masks."""
    return 2 * float(np.count_nonzero(a & b)) / max(1, np.count_nonzero(a) + np.count_nonzero(b))


def sharpness(cine: NDArray[np.uint8], image: NDArray[np.uint8]) -> list[float]:
    """What is finer than a pixel or two in the sector, of some frames over that of the given one."""
    inside = fit_sector(image).mask(image.shape)

    def fine(frame: NDArray[np.uint8]) -> float:
        gray = frame.astype(np.float64)
        return float((gray - gaussian_filter(gray, 1))[inside].std())

    return [fine(cine[t]) / fine(image) for t in range(0, FRAMES, FRAMES // 4)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="frames at end-diastole")
    parser.add_argument("--split", default="val")
    parser.add_argument(
        "--line", type=float, nargs=2, help="slope, and what is added in percent, of seen against asked"
    )
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA): nothing is measured.")
    frames = load_camus_npz(Path(folder) / "camus_224.npz")
    split = arguments.split
    rows = list(
        made(frames.select(frames.split == split), arguments.count, arguments.line and SeenLine(*arguments.line))
    )
    wish, seen = (np.array([row[name] for row in rows]) for name in ("wish", "seen"))
    spread = ((wish - wish.mean()) ** 2).sum()
    print(
        f"{len(rows)} cines, {split}: R2 {1 - ((seen - wish) ** 2).sum() / spread:.3f}, "
        f"MAE {np.abs(seen - wish).mean():.1f}, bias {(seen - wish).mean():+.1f}, r {np.corrcoef(wish, seen)[0, 1]:.3f}"
    )
    found = np.mean([row["dice"] for row in rows], axis=0)
    print("Dice at end-systole: " + ", ".join(f"{name} {value:.3f}" for name, value in zip(CODES, found, strict=True)))
    print("sharpness over the given frame's: " + ", ".join(f"{v:.2f}" for v in np.mean([r["sharp"] for r in rows], 0)))
    print(f"seconds a cine, whole call: {np.median([row['seconds'] for row in rows]):.2f}")


if __name__ == "__main__":
    main()
