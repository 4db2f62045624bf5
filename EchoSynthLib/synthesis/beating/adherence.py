"""The ejection fraction that a segmenter sees in cines of training patients: what the line `seen` is fitted to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.progress import silent
from EchoSynthLib.synthesis.animation import Animation
from EchoSynthLib.synthesis.beating.pairs import Pairs
from EchoSynthLib.synthesis.beating.seen import SeenLine
from EchoSynthLib.types import LabelMap, Progress

Segmenter = Callable[[NDArray[np.uint8]], LabelMap]
CINES, FRAMES = 100, 32
LOWEST, HIGHEST = 15.0, 75.0
"""Percent, between which ejection fractions are asked for."""
_SMALLEST = 20  # pixels of a cavity that has a length


def line_of(
    animator: Callable[..., Animation],
    segmenter: Segmenter,
    pairs: Pairs,
    pictures: NDArray[np.uint8],
    *,
    cines: int = CINES,
    seed: int = 0,
    progress: Progress | None = None,
) -> SeenLine | None:
    """The line from the ejection fraction of the labels to that seen, on cines made of frames at end-diastole.

    Args:
        animator: that makes cines, see `animation.Animator`.
        segmenter: gray levels (H, W) to a label map.
        pairs: of which frames are drawn by chance; only those to be learned from.
        pictures: (N, 2, H, W) of them.
        cines: at most; as many as there are pairs, where there are fewer.
        seed: of the choice, the ejection fractions asked for, and the cines.
        progress: told how far it is.

    Returns:
        None where there are too few cines for a line.
    """
    tell, rng = progress or silent, np.random.default_rng((seed, *b"seen"))
    chosen = rng.permutation(len(pairs))[:cines]
    wishes = rng.uniform(LOWEST, HIGHEST, len(chosen))
    had, seen = [], []
    for number, (index, wish) in enumerate(zip(chosen, wishes, strict=True)):
        tell(number, len(chosen), f"looking at cine {number + 1} of {len(chosen)}")
        spacing = pairs.spacing_of(index)
        try:
            made = animator(
                pictures[index, 0],
                pairs.diastole[index],
                view=str(pairs.view[index]),
                spacing=spacing,
                ejection_fraction=float(wish),
                frames=FRAMES,
                beats=1,
                heart_rate=70.0,
                frame_rate=None,
                phase="ED",
                seed=number + 1,
            )
        except InputError:  # no sector, or a heart that does not move
            continue
        found = seen_in(list(on_each_core(segmenter, made.cine)))
        if np.isfinite(found):
            full, empty = (disc_volume(made.label_maps[frame], spacing) for frame in (made.ed, made.es))
            had.append(100 * (1 - empty / full))
            seen.append(found)
    try:
        return SeenLine.fitted(had, seen)
    except InputError:
        return None


def seen_in(label_maps: list[LabelMap]) -> float:
    """Percent, of the smallest and the largest area^2 / length of a ventricle; NaN where none is seen."""
    volumes = [area_squared_over_length(labels) for labels in label_maps]
    return 100 * (1 - min(volumes) / max(volumes)) if max(volumes) > 0 else float("nan")


def area_squared_over_length(label_map: LabelMap) -> float:
    """Of the cavity, its length along the principal axis: the volume by area and length, up to a factor."""
    places = np.argwhere(label_map == CamusCode.LV_CAVITY).astype(np.float64)
    if len(places) < _SMALLEST:
        return 0.0
    off = places - places.mean(axis=0)
    along = off @ np.linalg.eigh(off.T @ off)[1][:, 1]
    return len(places) ** 2 / float(np.percentile(along, 99.5) - np.percentile(along, 0.5))
