"""A small echo drawn from a parametric heart, and its volume: cases need no data."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import slicer

from EchoSynthJobs.job import in_worker, working_folder
from EchoSynthLib.anatomy import HeartMap, parametric_heart
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthLib.types import Spacing
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.provenance import stamp
from EchoSynthMRML.volumes import new_frame
from EchoSynthPanels.application.engine import run

_GRAY = {0: 90, 1: 25, 2: 150, 3: 30}  # mean gray of tissue by CAMUS code: blood is dark


def drawn_heart(shape: tuple[int, int] = (112, 136), phase: float = 0.0) -> HeartMap:
    """A four-chamber heart with its sector on a small grid of square pixels."""
    return parametric_heart("4CH", phase, shape=shape)


def drawn_echo(heart: HeartMap, seed: int = 0) -> np.ndarray:
    """A picture (H, W) uint8 of a heart with Rayleigh speckle in its sector, black outside."""
    speckle = np.random.default_rng(seed).rayleigh(0.8, heart.label_map.shape)
    gray = np.vectorize(_GRAY.get)(heart.label_map) * speckle
    return np.where(heart.sector.mask(heart.label_map.shape), gray.clip(1, 255), 0).astype(np.uint8)


@cache
def synthetic_echo(view: str, phase: float, shape: tuple[int, int] = (400, 480)) -> tuple[np.ndarray, Spacing]:
    """The fast generator's picture (H, W) of a parametric heart, on which models find one, and its pixel size."""
    heart = parametric_heart(view, phase, shape=shape)

    def job(client):
        with working_folder() as folder:
            write_array(folder / "label_map.npy", heart.label_map)
            told = {"label_map": folder / "label_map.npy", "output": folder / "out", "format": "npy", "view": view}
            row, column = heart.spacing
            record = yield from in_worker(client, "synthesize", told | {"row_spacing": row, "column_spacing": column})
            return np.load(record["outputs"]["images"][0])

    return run("drawn echo", job), heart.spacing


def echo_volume(heart: HeartMap, seed: int = 0, name: str = "echo") -> Any:
    """The picture as a volume in the scene, placed as Slicer's readers place one: the first row on top of the view."""
    row, column = heart.spacing
    matrix = np.diag([-column, -row, 1.0, 1.0])
    return slicer.util.addVolumeFromArray(drawn_echo(heart, seed)[None], ijkToRAS=matrix, name=name)


def drawn_cine(phases: tuple[float, ...], frame_time_ms: float = 40.0, shape: tuple[int, int] = (112, 136)) -> Any:
    """A cine of a heart at phases from 0, end-diastole, to 1, end-systole, and the segmentation of its frames.

    Its speckle stays as it is, while the heart moves.
    """
    hearts = [drawn_heart(shape, phase) for phase in phases]
    row, column = hearts[0].spacing
    grid = Grid(shape, (-column, 0, 0, 10, 0, -row, 0, 20, 0, 0, 1, 5, 0, 0, 0, 1))
    builder = CineBuilder("drawn", frame_time_ms=frame_time_ms)
    for heart in hearts:
        builder.append(new_frame(drawn_echo(heart), grid, "drawn"))
    image = builder.finish(slicer.mrmlScene)
    labels = CineBuilder("drawn labels", cine_of(image))
    for heart in hearts:
        labels.append(new_segmentation(heart.label_map, grid, "drawn labels"))
    label_map = labels.finish(slicer.mrmlScene, cine_of(image).browser, save_changes=True)
    link_to_volume(label_map, image)
    stamp(label_map, {"view": "4CH"})
    cine_of(image).browser.SetSelectedItemNumber(0)
    return image, label_map
