"""Labeled frames on black screens, which the experiments with classifiers begin with: drawn hearts, and CAMUS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.anatomy.sector.fit import default_sector, fit_sector
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import load_camus_npz
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.images.screens import Gray, Mask, Screen, on_screen
from EchoSynthLib.types import Progress

BEAMS = (144, 72)
"""Samples along the range and beams that are worked out of a drawn frame: screens are small."""


def seed_of(*numbers: int) -> int:
    """What is drawn from these numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def screen_generator(own: int) -> np.random.Generator:
    """Where a frame that is drawn from the seed `own` stands on its screen, and what is written there."""
    return np.random.default_rng((own, *b"screen"))


def labeled(
    screens: Sequence[Screen],
    label: Sequence[int],
    group: Sequence[str],
    split: Sequence[str],
    classes: tuple[str, ...],
    site: str,
) -> LabeledFrames:
    """Screens as labeled frames; the sectors of all are known."""
    image, mask = np.stack([screen.image for screen in screens]), np.stack([screen.inside for screen in screens])
    known = np.ones(len(screens), bool)
    return LabeledFrames(image, np.array(label), classes, mask, known, np.array(group), np.array(split), site)


def cohort_views(
    cohort: Cohort,
    hearts: Mapping[str, int],
    classes: Mapping[str, str],
    shown: Callable[[Cut, tuple[int, int, int]], Screen],
    site: str,
    progress: Progress,
    named: str = "heart",
) -> LabeledFrames:
    """A cohort's hearts at both ends of the beat, in all views.

    Args:
        cohort: whose beats have two frames.
        hearts: how many in each split.
        classes: each, and the view that shows it.
        shown: cut to screen; it is told the numbers of heart, class and end of the beat.
        site: where they are from, in a word.
        progress: progress(done, total, message).
        named: what the names of the hearts begin with.
    """
    screens, label, group, split = [], [], [], []
    names = [name for name, count in hearts.items() for _ in range(count)]
    for index, name in enumerate(names):
        progress(index, len(names), f"heart {index + 1} of {len(names)}")
        for number, view in enumerate(classes.values()):
            for phase, cut in enumerate(cohort.cuts(index, view)):
                screens.append(shown(cut, (index, number, phase)))
                label.append(number)
                group.append(f"{named}{index}")
                split.append(name)
    return labeled(screens, label, group, split, tuple(classes), site)


def real_views(data: Path, side: int, seed: int, progress: Progress) -> LabeledFrames:
    """CAMUS frames, two and four chambers, of its own splits, train and val; black beside the sector.

    Raises:
        InputError: the file cannot be read, or has frames of one view alone.
    """
    arrays = load_camus_npz(data)
    views = sorted({str(name).split("_")[1] for name in arrays.name})
    if len(views) < 2:
        raise InputError(f"{data} has frames of {', '.join(views)} alone; two views are told apart.")
    screens, label, group = [], [], []
    for index, (image, name) in enumerate(zip(arrays.image, arrays.name.tolist(), strict=True)):
        progress(index, len(arrays.image), f"frame {index + 1} of {len(arrays.image)}")
        patient, view = name.split("_")[:2]
        inside = sector_of(image)
        screens.append(on_screen(image, inside, side, np.random.default_rng((seed, index, *b"screen"))))
        label.append(views.index(view))
        group.append(patient)
    return labeled(screens, label, group, arrays.split.tolist(), tuple(views), "real frames")


def sector_of(image: Gray) -> Mask:
    """The mask of the sector that is fitted to a frame; a typical one that fills it where none is found."""
    try:
        return fit_sector(image).mask(image.shape)
    except InputError:
        return default_sector(image.shape).mask(image.shape)
