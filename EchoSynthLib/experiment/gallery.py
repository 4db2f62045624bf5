"""A picture to judge by eye: what each generator draws of the same label maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.experiment import images as drawn_images
from EchoSynthLib.experiment import label_maps
from EchoSynthLib.experiment.plan import Experiment
from EchoSynthLib.images.overlay import pixel_aspect
from EchoSynthLib.images.picture_sheet import Section, Tile, colored, draw_sheet, gray

NAME = "images.jpg"
COLUMNS = 6


def save_gallery(experiment: Experiment, folder: Path) -> list[str]:
    """images.jpg with a row for each generator that has drawn; its name, none where no generator has."""
    drawn = {
        comparison.generator.name: drawn_images.load(comparison.sampled.images.folder)[0]
        for comparison in experiment.comparisons
        if comparison.sampled.images is not None and comparison.sampled.images.is_made
    }
    if not drawn:
        return []
    maps = label_maps.load(experiment.maps.folder)
    chosen = _varied(maps)
    spacing = experiment.frames.arrays.spacing[maps.row[chosen]]
    aspects = [pixel_aspect((float(row_mm), float(column_mm))) for row_mm, column_mm in spacing]

    def row(pixels: list[NDArray[np.uint8]], caption: str) -> list[Tile]:
        return [Tile(tile, caption, aspect) for tile, aspect in zip(pixels, aspects, strict=True)]

    rows = [row([colored(maps.label_map[number]) for number in chosen], "label map")]
    rows += [row([gray(images[number]) for number in chosen], name) for name, images in drawn.items()]
    draw_sheet([Section("The same label maps, varied, drawn by each generator", rows)]).save(folder / NAME)
    return [NAME]


def _varied(maps: label_maps.Maps) -> NDArray[np.intp]:
    """A few maps, evenly spread, that are no frame's own: what a generator is there for. All where each is."""
    varied = np.flatnonzero(maps.variation)
    pool = varied if len(varied) else np.arange(len(maps))
    return pool[drawn_images.evenly(len(pool), COLUMNS)]
