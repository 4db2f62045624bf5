"""A page on which a clinician tries to tell made clips from real ones: `... tell_apart_page.py --output DIR`.

One HTML file with everything in it: as many real clips as made ones, shuffled, one after another; at the end it tells
how many were told right. It shows patients, so it stays where their images are, and is never committed.

With `--cines FOLDER` real clips are cines of yours, and made ones beat from their first frames, with as many frames in
the same time. Without, they are pairs of CAMUS val: its cines are not public in number, so a clip is end-diastole and
end-systole in turn; of a made one both were drawn. Movement from frame to frame is judged by cines alone.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.api.animate import ejection_fraction_of
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.listing import list_images
from EchoSynthLib.images.read_echo import read_echo
from EchoSynthLib.motion.fourier.data import diastole_and_systole
from EchoSynthLib.outputs import replacing

TEMPLATE = Path(__file__).with_suffix(".html")
PAGE = "tell_apart.html"
OF_EACH = 20
HEART_RATE = 70.0
PAIR_MS = 600
MOST_FRAMES = 64
HEIGHT = 448
"""Rows that clips are brought to, for their size would tell where they are from."""
OF_PAIRS = (
    "Each clip is a heart at end-diastole and end-systole, in turn. Half of them are real frames; in the others a "
    "heart was made to beat from one real frame, and both frames shown were drawn. No patient is shown twice."
)
OF_CINES = (
    "Each clip is a cine. Half of them are real; in the others a heart was made to beat from one frame of a real "
    "cine. {}"
)
TWICE = "There are not enough cines for that, so some patients are shown twice, once of each kind."
ONCE = "No patient is shown twice."
Frames = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames (T, H, W), how long each is shown, how wide a pixel is over its height, and whether they were made."""

    frames: Frames
    frame_ms: float
    aspect: float
    made: bool


def clips_of_pairs(val: CamusArrays, count: int, seed: int) -> Iterator[Clip]:
    """Real and made pairs, each of another patient."""
    pairs = diastole_and_systole(val.name.tolist())
    _, first = np.unique(val.patient[pairs[:, 0]], return_index=True)
    chosen = np.random.default_rng(seed).permutation(first)[: 2 * count]
    if len(chosen) < 2 * count:
        sys.exit(f"{2 * count} patients are needed, and there are {len(chosen)}; take a smaller --count.")
    for number, (diastole, systole) in enumerate(pairs[chosen]):
        rows, columns = val.native_size[diastole]
        height, width = val.label[diastole].shape
        aspect = float(columns / width / (rows / height)) if rows else 1.0
        frames = val.image[[diastole, systole]]
        if number >= count:
            frames = _made_pair(val, int(diastole), int(systole), (1.0, aspect))
        yield Clip(frames, PAIR_MS, aspect, number >= count)


def _made_pair(val: CamusArrays, diastole: int, systole: int, spacing: tuple[float, float]) -> Frames:
    """End-diastole and end-systole of the second beat, for the first one begins with the real frame."""
    labels = val.label[diastole]
    true = ejection_fraction_of(labels, val.label[systole], spacing) or 50.0
    cine, maps, record = es.animate(
        val.image[diastole],
        labels,
        ejection_fraction=float(np.clip(true, 1, 90)),
        view=str(val.view[diastole]),
        frames=48,
        beats=2,
        seed=diastole,
        spacing=spacing,
    )
    areas = (maps == 1).sum(axis=(1, 2))
    middle = len(cine) // 2
    later = middle - 2 + int(areas[middle - 2 : middle + 3].argmax())
    return cine[[later, min(later + record["end_systole"], len(cine) - 1)]]


def clips_of_cines(paths: list[Path], count: int, seed: int) -> tuple[list[Clip], bool]:
    """Real and made cines, and whether patients are shown twice."""
    cines = []
    for path in paths:
        try:
            read = read_echo(path)
        except EchoSynthError as error:
            print(f"left out: {error}")
            continue
        if isinstance(read, EchoCine):
            cines.append(read)
    if not cines:
        sys.exit("There is no cine; give a folder with some.")
    order = np.random.default_rng(seed).permutation(len(cines))
    twice = len(cines) < 2 * count
    real = [cines[i] for i in order[:count]]
    others = [cines[i] for i in (order[:count] if twice else order[count : 2 * count])]
    return [_real_cine(cine) for cine in real] + [_made_cine(cine, n) for n, cine in enumerate(others)], twice


def _shape_of(cine: EchoCine) -> tuple[float, float]:
    """Milliseconds of a frame, and how wide its pixels are."""
    row, column = cine.spacing if cine.spacing_trusted and cine.spacing else (1.0, 1.0)
    return cine.frame_time_ms or 33.0, column / row


def _real_cine(cine: EchoCine) -> Clip:
    frame_ms, aspect = _shape_of(cine)
    return Clip(cine.pixels[:MOST_FRAMES, *cine.tissue], frame_ms, aspect, False)


def _made_cine(cine: EchoCine, seed: int) -> Clip:
    """As many frames as the cine has, from the second beat on: the first one begins with the real frame."""
    frame_ms, aspect = _shape_of(cine)
    first, shown = round(60_000 / HEART_RATE / frame_ms), min(len(cine), MOST_FRAMES)
    made, _, _ = es.animate(
        cine.pixels[0, *cine.tissue],
        view="auto",
        frames=first + shown,
        frame_rate=1000 / frame_ms,
        heart_rate=HEART_RATE,
        phase="auto",
        seed=seed,
        spacing=(1.0, aspect),
    )
    return Clip(made[first:], frame_ms, aspect, True)


def as_png(clip: Clip) -> str:
    """An animated PNG, without loss, in base64."""
    from PIL import Image

    height, width = clip.frames.shape[1:]
    size = (max(1, round(HEIGHT / height * width * clip.aspect)), HEIGHT)
    frames = [Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC) for frame in clip.frames]
    held = io.BytesIO()
    frames[0].save(held, "PNG", save_all=True, append_images=frames[1:], duration=clip.frame_ms, loop=0)
    return base64.b64encode(held.getvalue()).decode()


def page(clips: list[Clip], about: str, seed: int) -> str:
    """The page, with the clips in an order of its own."""
    order = np.random.default_rng((seed, *b"order")).permutation(len(clips))
    shuffled = [clips[i] for i in order]
    key = "".join(str(int(clip.made)) for clip in shuffled)
    filled = TEMPLATE.read_text(encoding="utf-8").replace("__ABOUT__", about)
    filled = filled.replace("__KEY__", base64.b64encode(key.encode()).decode())
    return filled.replace("__CLIPS__", json.dumps([as_png(clip) for clip in shuffled]))


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for the page")
    parser.add_argument("--cines", type=Path, help="folder with real cines; none takes pairs of CAMUS val")
    parser.add_argument("--count", type=int, default=OF_EACH, help="real clips, and as many made ones")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.cines is not None:
        clips, twice = clips_of_cines(list_images(arguments.cines), arguments.count, arguments.seed)
        about = OF_CINES.format(TWICE if twice else ONCE)
    else:
        folder = find_camus()
        if folder is None:
            sys.exit("CAMUS was not found (ECHOSYNTH_DATA); give a folder with cines of yours: --cines FOLDER.")
        frames = load_camus_npz(folder / "camus_224.npz")
        val = frames.select(frames.split == "val")
        clips, about = list(clips_of_pairs(val, arguments.count, arguments.seed)), OF_PAIRS
    arguments.output.mkdir(parents=True, exist_ok=True)
    with replacing(arguments.output / PAGE) as part:
        part.write_text(page(clips, about, arguments.seed), encoding="utf-8", newline="\n")
    print(f"{len(clips)} clips in {arguments.output / PAGE}; it shows patients: keep it as you keep their images")


if __name__ == "__main__":
    main()
