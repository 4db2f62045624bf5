"""From a cut of a heart to echocardiograms: by tissue, or by a generator that knows the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.acoustics import Look, draw
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.errors import InputError
from EchoSynthLib.records import new_record
from EchoSynthLib.types import LabelMap, Progress, Record

TISSUE = "tissue"
"""In the place of a model's name: drawn from tissue and sound, without weights."""


def cuts_of(given: Any) -> list[Cut] | None:
    """The frames, where a cut or several were given; None for anything else.

    Raises:
        InputError: cuts of several sizes, which are no cine.
    """
    if isinstance(given, Cut):
        return [given]
    if not isinstance(given, Sequence) or not given or not all(isinstance(one, Cut) for one in given):
        return None
    shapes = sorted({one.shape for one in given})
    if len(shapes) > 1:
        raise InputError(f"The frames of a cine have one size; given were cuts of {shapes}: take `cut.at(phase)`.")
    return list(given)


def by_tissue(
    cuts: Sequence[Cut], count: int, seed: int, look: Look | None = None, progress: Progress | None = None
) -> tuple[NDArray[np.uint8], Record]:
    """Cines (count, T, H, W) of the frames of a beat, and the record; cine i depends on (seed, i) alone."""
    cines, looks = [], []
    for index in range(count):
        own = int(np.random.SeedSequence((seed, index)).generate_state(1)[0])
        cine, about = draw(cuts, seed=own, look=look)
        cines.append(cine)
        looks.append(about["look"])
        if progress is not None:
            progress(index + 1, count, f"echo {index + 1} of {count}")
    record = new_record("synthesize", synthetic=True)
    return np.stack(cines), record | {"drawing": TISSUE, "seed": seed, "count": count, "looks": looks}


def traced_for(cuts: Sequence[Cut]) -> tuple[LabelMap, str]:
    """Label maps (T, H, W) as those that the generators were trained on, and the nearest view that these know."""
    from EchoSynthLib.anatomy.heart3d.nearest_view import nearest_view
    from EchoSynthLib.anatomy.heart3d.tracing import TRACINGS
    from EchoSynthLib.anatomy.views import view_names

    view = nearest_view(cuts[0].heart, cuts[0].pose, view_names("synthesis")).view
    return np.stack([one.traced(TRACINGS[view]) for one in cuts]), view
