"""The frames of both questions: drawn hearts with a tag, and real frames under scanners' overlays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from EchoSynthLib.acoustics import draw
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, PARASTERNAL_LONG_AXIS, SHORT_AXIS_PAPILLARY, TWO_CHAMBER
from EchoSynthLib.experiment.labeled_screens import BEAMS, cohort_views, screen_generator, seed_of
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.images.screens import KINDS, Gray, Screen, layout, on_screen, tag
from EchoSynthLib.types import Progress

DRAWN_VIEWS = {
    PARASTERNAL_LONG_AXIS.name: PARASTERNAL_LONG_AXIS.name,
    "PSAX": SHORT_AXIS_PAPILLARY.name,
    "A2C": TWO_CHAMBER.name,
    "A4C": FOUR_CHAMBER.name,
}
"""Each class, and the cut of the cohort's hearts that shows it."""
TAG_RIGHT = 0.95
"""Probability that a train frame's tag is its class."""
OVERLAY_OF_CLASS = 0.8
"""Probability that a real train frame wears an overlay of those that belong to its class, instead of any."""


def under(frames: LabeledFrames, split: str, name: str, overlay: Callable[[int], Gray]) -> LabeledFrames:
    """The frames of a split under overlays, as a split of another name; `overlay` is told a frame's number."""
    found = frames.part(split)
    over = np.stack([overlay(i) for i in np.flatnonzero(frames.split == split).tolist()])
    image = np.where(found.mask, found.image, np.maximum(found.image, over))
    return replace(found, image=image, split=np.array([name] * len(found)))


def without(frames: LabeledFrames, split: str, name: str) -> LabeledFrames:
    """The frames of a split as they are, as a split of another name."""
    found = frames.part(split)
    return replace(found, split=np.array([name] * len(found)))


def drawn_views(hearts: dict[str, int], side: int, seed: int, progress: Progress) -> LabeledFrames:
    """Hearts of a cohort at both ends of the beat in four views, so many in each split; black beside the sector."""

    def shown(cut: Cut, numbers: tuple[int, int, int]) -> Screen:
        own = seed_of(seed, *numbers)
        picture, _ = draw(cut, seed=own, shape=BEAMS)
        return on_screen(picture, cut.sector.mask(picture.shape), side, screen_generator(own))

    cohort = Cohort(seed, rows=round(1.5 * side))
    return cohort_views(cohort, hearts, DRAWN_VIEWS, shown, f"drawn cohort, seed {seed}", progress)


def tagged(frames: LabeledFrames, split: str, name: str, right: float, seed: int) -> LabeledFrames:
    """Frames with a text beside the sector: their class with probability `right`, else any of the others."""
    tags = [tag(text, frames.image.shape[-1]) for text in frames.classes]

    def overlay(index: int) -> Gray:
        generator = np.random.default_rng((seed, index, *b"tag"))
        own = int(frames.label[index])
        if generator.random() < right:
            return tags[own]
        return tags[int((own + generator.integers(1, len(tags))) % len(tags))]

    return under(frames, split, name, overlay)


def worn(
    frames: LabeledFrames, split: str, name: str, overlays: Sequence[Gray], of_class: float, seed: int
) -> LabeledFrames:
    """Frames under overlays of one laboratory, of which each class has its own share.

    Overlay i belongs to class i modulo their number; a frame wears one of its own class with probability `of_class`,
    else any.
    """
    count = len(frames.classes)

    def overlay(index: int) -> Gray:
        generator = np.random.default_rng((seed, index, *b"worn"))
        own = overlays[int(frames.label[index]) :: count] if generator.random() < of_class else overlays
        return own[int(generator.integers(len(own)))]

    return under(frames, split, name, overlay)


def elsewhere(frames: LabeledFrames, split: str, name: str, seed: int) -> LabeledFrames:
    """Frames under overlays of other scanners, of any layout, whatever the class."""
    kinds = tuple(KINDS)

    def overlay(index: int) -> Gray:
        generator = np.random.default_rng((seed, index, *b"elsewhere"))
        return layout(kinds[int(generator.integers(len(kinds)))], frames.image.shape[-1], generator)

    return under(frames, split, name, overlay)
