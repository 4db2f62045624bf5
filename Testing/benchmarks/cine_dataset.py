"""A set of cines as `echosynth cine-dataset` makes it: time, ejection fractions asked for, labeled and measured.

    .venv/bin/python Testing/benchmarks/cine_dataset.py --hearts 10 --frames 64

Ejection fractions are asked for evenly between 10 and 90 %. Those measured are what `es.measure` finds in the images
alone, which it segments; cines in which it finds no beat are counted. Time is that of the processor, of all threads
together: what a core takes that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.echonet import read_echonet
from EchoSynthLib.images.read import read_image
from EchoSynthLib.tasks import Context, find_task


def measured(folder: Path, name: str, spacing: tuple[float, float], frame_time: float) -> float | None:
    """Percent, of the images alone; None where no beat is found."""
    pixels = read_image(folder / "Dataset001_EchoSynth" / "imagesTr" / f"{name}_0000.nii.gz").pixels
    try:
        table, _ = es.measure(image=pixels, spacing=spacing, frame_time=frame_time)
    except InputError:
        return None
    return next((one.value for one in table if one.name == "EF, discs"), None)


def compared(given: list[float], found: list[float]) -> dict[str, float]:
    """How far numbers are from others: mean of the difference, mean absolute difference, r, R2 of y = x."""
    x, y = np.array(given), np.array(found)
    left = ((y - x) ** 2).sum() / ((x - x.mean()) ** 2).sum()
    return {
        "cines": len(x),
        "bias": round(float((y - x).mean()), 2),
        "MAE": round(float(np.abs(y - x).mean()), 2),
        "r": round(float(np.corrcoef(x, y)[0, 1]), 3),
        "R2": round(float(1 - left), 3),
    }


def figures(hearts: int, frames: int, seed: int, folder: Path) -> dict[str, Any]:
    """Those that the documentation tells."""
    task = find_task("cine-dataset").build({"output": folder, "count": hearts, "frames": frames, "seed": seed})
    cpu, wall = time.process_time(), time.perf_counter()
    made = task.run(Context())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    told: dict[str, dict[str, Any]] = {}
    for path in sorted((folder / "records").glob("*.json")):
        told |= {cine["name"]: cine for cine in json.loads(path.read_text(encoding="utf-8"))["cines"]}
    videos = read_echonet(folder)
    asked = [told[video.name]["ejection_fraction"]["asked"] for video in videos]
    labels = [video.ejection_fraction for video in videos]
    seen = [measured(folder, v.name, tuple(told[v.name]["spacing_mm"]), 1000 / v.frame_rate) for v in videos]
    there = [index for index, value in enumerate(seen) if value is not None]
    share = 64 / (frames * len(videos))
    return {
        "asked_labels": compared(asked, labels),
        "labels_measured": compared([labels[i] for i in there], [seen[i] or 0.0 for i in there]),
        "asked_measured": compared([asked[i] for i in there], [seen[i] or 0.0 for i in there]),
        "no_beat_found": len(seen) - len(there),
        "not_reached": len(made["not_reached"]),
        "refused": len(made["refused"]),
        "cpu_seconds_per_64_frames": round(cpu * share, 2),
        "seconds_per_64_frames": round(wall * share, 2),
        "bytes_per_cine": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / len(videos)),
        "each": [[video.name, *row] for video, *row in zip(videos, asked, labels, seen, strict=True)],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hearts", type=int, default=10)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(figures(arguments.hearts, arguments.frames, arguments.seed, Path(place, "set")), indent=1))
