"""What users wait for, as ratios and rates within one run.

.venv/bin/python Testing/benchmarks/speed.py
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "slicer")]

import cost  # noqa: E402
import numpy as np  # noqa: E402

import EchoSynthLib as es  # noqa: E402
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart  # noqa: E402
from EchoSynthLib.images.grid import to_grid  # noqa: E402
from EchoSynthLib.images.write import write_image  # noqa: E402
from EchoSynthLib.systems import load_pipeline  # noqa: E402
from find_slicer import HOW, find_slicer  # noqa: E402

SHAPE, FRAMES = (590, 490), 60
TASKS = ("Segment", "Synthesize", "Measure")
SECONDS = 600


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="starts of Slicer; the fastest counts")
    arguments = parser.parse_args()
    whole, network = segment_seconds()
    print(f"es.segment of {SHAPE[1]} x {SHAPE[0]}: {1000 * whole:.1f} ms, network {1000 * network:.1f} ms")
    print(f"  whole over network: {whole / network:.2f}")
    print(f"echosynth segment, {FRAMES} frames: {cost.cine_rate(FRAMES, SHAPE):.0f} frames/s with libraries loaded")
    print(f"  {FRAMES / command_seconds():.0f} frames/s as a command, its start included")
    in_slicer(arguments.repeats)


def segment_seconds(rounds: int = 60) -> tuple[float, float]:
    """Least seconds of a whole call of `es.segment` and of its network alone, turn and turn about."""
    heart = parametric_heart(shape=SHAPE)
    image = es.synthesize(heart.label_map, sector=heart.sector)[0][0]
    pipeline = load_pipeline("segmenter")
    gray = (to_grid(image, pipeline.grid) / 255)[None, None]
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for call, kept in ((lambda: es.segment(image), seconds[0]), (lambda: pipeline.network(gray), seconds[1])):
            started = time.perf_counter()
            call()
            kept.append(time.perf_counter() - started)
    return min(seconds[0]), min(seconds[1])


def command_seconds(repeats: int = 3) -> float:
    """Least seconds of the command `echosynth segment` on a cine, from process start to end."""
    heart = parametric_heart(shape=SHAPE)
    still = es.synthesize(heart.label_map, sector=heart.sector)[0][0]
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cine.nrrd"
        write_image(path, np.stack([np.roll(still, index % 5, axis=1) for index in range(FRAMES)]))
        command = [sys.executable, "-m", "EchoSynthLib", "segment", str(path), "--quiet", "--output"]
        for index in range(repeats):
            started = time.perf_counter()
            output = str(Path(folder) / f"out{index}")
            subprocess.run([*command, output], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
            seconds.append(time.perf_counter() - started)
    return min(seconds)


def in_slicer(repeats: int) -> None:
    """Prints, for each task on a long cine in Slicer, its seconds and its stand-stills."""
    launcher = find_slicer()
    if launcher is None:
        print(HOW)
        return
    found = [_tasks(launcher) for _ in range(repeats)]
    print(f"A cine of {FRAMES} frames of {SHAPE[1]} x {SHAPE[0]} in Slicer:")
    for task in TASKS:
        print(f"  {task}: {json.dumps(min((one[task] for one in found), key=lambda figures: figures['s']))}")
    gaps = [min(one[task]["longest stand-stills, ms"][0] for one in found) for task in TASKS]
    print(f"  longest stand-still of the window: {max(gaps)} ms")


def _tasks(launcher: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [str(launcher), "--no-splash", "--testing"]
        command += ["--additional-module-paths", str(ROOT / "EchoSynth")]
        command += ["--python-script", str(HERE / "speed_in_slicer.py")]
        # Of this Python's own packages Slicer is to know nothing.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        given = {"ECHOSYNTH_FIGURES": str(path), "ECHOSYNTH_CHECKOUT": str(ROOT)}
        subprocess.run(command, env={**kept, **given}, timeout=SECONDS, check=True, stdout=subprocess.DEVNULL)
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return figures


if __name__ == "__main__":
    main()
