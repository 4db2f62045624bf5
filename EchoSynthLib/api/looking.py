"""What a classifier looks at, and whether its answer rests on what the screen shows beside the sector."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.arguments import choice, whole_number
from EchoSynthLib.array_like import as_mask
from EchoSynthLib.classification.saliency import CELLS, occlusion
from EchoSynthLib.classification.what_if import what_if
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import JUDGE
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.images.screens import KINDS, layout
from EchoSynthLib.records import new_record
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Mask, Record

DONORS = 8
_MOST_DONORS = 10_000


def saliency(
    image: ArrayLike, *, model: str = JUDGE, view: str | None = None, cells: int = CELLS
) -> tuple[NDArray[np.float32], Record]:
    """What in a frame the answer of a model rests on, by occlusion: by how much its share falls where a piece is black.

    Args:
        image: (H, W) gray, or (H, W, 3).
        model: that tells views or classes of one's own, see `echosynth models`; or the path of its folder.
        view: the class whose share is asked for; None for the likeliest.
        cells: pieces along each side; the model is asked cells**2 + 1 times.

    Returns:
        (H, W) float32, the fall of the share, from 0 to 1; and the record, with the shares.

    Raises:
        InputError: the model tells no classes, or none of that name; or the image is smaller than the cells.
        ModelError: there is no such model.
    """
    gray = to_gray8(image)
    tell, folder = _teller(model)
    shares = tell(gray)
    name = max(shares, key=lambda one: shares[one]) if view is None else choice(view, "view", tuple(shares))
    found = occlusion(gray, tell, name, cells)
    record = new_record("saliency", model=folder)
    return found, record | {"method": "occlusion", "view": name, "shares": shares, "cells": cells}


def background_what_if(
    image: ArrayLike,
    *,
    model: str = JUDGE,
    sector: ArrayLike | None = None,
    backgrounds: Sequence[tuple[Any, Any]] | None = None,
    count: int = DONORS,
    seed: int = 0,
) -> tuple[float, Record]:
    """How much a model's shares change at most when what lies beside the sector is exchanged: 0 where it has no say.

    Args:
        image: (H, W) gray, or (H, W, 3).
        model: that tells views or classes of one's own; or the path of its folder.
        sector: (H, W) bool, true inside; None fits it to the image.
        backgrounds: other frames (H, W) uint8 with their sectors, which give their backgrounds; None for black and
            drawn screens of several layouts.
        count: of those that are drawn, black one included.
        seed: of those that are drawn.

    Returns:
        The largest change of any share, 0 to 1; and the record: the shares as they are and with each background.

    Raises:
        InputError: no sector is found in the image, it has another shape, or no background is given.
        ModelError: there is no such model.
    """
    gray = to_gray8(image)
    tell, folder = _teller(model)
    inside = fit_sector(gray).mask(gray.shape) if sector is None else as_mask(sector, "A sector")
    donors = _drawn(gray.shape, count, seed) if backgrounds is None else _given(backgrounds)
    found = what_if(gray, inside, donors, tell)
    record = new_record("background_what_if", model=folder)
    told = {"shares": dict(found.shares), "exchanged": [dict(one) for one in found.exchanged], "change": found.change}
    return found.change, record | told | {"stability": found.stability, "seed": seed}


def _teller(model: str) -> tuple[Callable[[NDArray[np.uint8]], dict[str, float]], zoo.ModelFolder]:
    """What tells shares of a frame by a model, and its folder."""
    if not isinstance(model, str):
        raise InputError(f"A model is called by name, or the path of its folder, as texts; given was {model!r:.80}.")
    folder = zoo.open_folder(Path(model)) if {"/", os.sep} & set(model) else zoo.find(model)
    tell = getattr(load_pipeline(folder), "view_probabilities", None)
    if tell is None:
        raise InputError(f"The model {folder.name!r} tells neither views nor classes; see `echosynth models`.")
    return tell, folder


def _given(backgrounds: Sequence[tuple[Any, Any]]) -> list[tuple[NDArray[np.uint8], Mask]]:
    try:
        pairs = [(image, inside) for image, inside in backgrounds]
    except (TypeError, ValueError) as error:
        raise InputError("Backgrounds are pairs of a frame and the mask of its sector.") from error
    return [(to_gray8(image), as_mask(inside, "A background's sector")) for image, inside in pairs]


def _drawn(shape: tuple[int, ...], count: int, seed: int) -> list[tuple[NDArray[np.uint8], Mask]]:
    """Black, and screens of all layouts in turn; the donors have no sector, so that all of them is background."""
    count, seed = whole_number(count, "count", 1, _MOST_DONORS), whole_number(seed, "seed", 0)
    kinds, side = tuple(KINDS), max(64, min(shape))
    black = np.zeros((side, side), np.uint8)
    drawn = [
        layout(kinds[i % len(kinds)], side, np.random.default_rng((seed, i, *b"screen"))) for i in range(count - 1)
    ]
    return [(one, np.zeros(one.shape, bool)) for one in (black, *drawn)]
