"""The ejection fraction of a cine, told by looking; `measure` tells it from outlines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from EchoSynthLib.anatomy.views import BIPLANE
from EchoSynthLib.api.analysis import NO_CONTRAST
from EchoSynthLib.arguments import positive_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import trust_of, trusted
from EchoSynthLib.images.contrast import without_contrast
from EchoSynthLib.images.gray import cine_to_gray8
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Record

if TYPE_CHECKING:
    from EchoSynthLib.regression import EjectionRegressor

MODEL = "ejection-fraction"
"""Name of the shipped model."""
VIEWS = tuple(view.name for view in BIPLANE)
"""That it has learned."""


def ejection_fraction(
    cine: ArrayLike,
    frame_time: float | None = None,
    *,
    model: str = MODEL,
    strict: bool = False,
) -> tuple[float, Record]:
    """Tell the left ventricle's ejection fraction from how an apical cine looks, without outlines.

        percent, record = es.ejection_fraction(cine, frame_time=20)
        print(percent, record["interval"])

    A network looks at windows of two seconds; it has learned from synthetic cines alone (Reynaud et al. 2024,
    arXiv 2406.00808), so that `measure`, which outlines the cavity, and it are two opinions.

    Args:
        cine: (T, H, W), or (T, H, W, 3) in color, two or four chambers from the apex; gray levels as `segment` takes
            them, on one scale for all frames. Two frames are taken for end-diastole and end-systole.
        frame_time: milliseconds from frame to frame; None assumes a heart of 70 beats a minute.
        model: name of the folder of a model that tells ejection fractions.
        strict: refuse a cine that is not trusted, see `trust`; without it the record warns.

    Returns:
        Percent, the mean over the windows; and the record: `ejection_fraction`, the `interval` of nine in ten as on
        synthetic cines that were not learned from, `windows`, the percent of each. Warnings tell where the cine is
        unlike those that were learned from: few frames, or an unknown time between them. Frames without contrast are
        left out.

    Raises:
        InputError: the cine or the frame time cannot be used, fewer than two frames show something, or the cine is not
            trusted and `strict`.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    frames = cine_to_gray8(cine)
    frame_time = positive_number(frame_time, "frame_time", "milliseconds")
    blank = without_contrast(frames)
    if len(blank) == len(frames):
        raise InputError(NO_CONTRAST)
    shown = np.delete(frames, blank, axis=0)
    if len(shown) < 2:
        raise InputError(
            "An ejection fraction is seen in a cine, or in its frames at end-diastole and end-systole; given was one "
            "frame that shows something."
        )
    folder = find_model(model, "regression", "Telling the ejection fraction")
    regressor: EjectionRegressor = load_pipeline(folder)
    judged = trust_of(shown, VIEWS, strict=strict)
    found = regressor(shown, frame_time)
    record = new_record("ejection-fraction", model=folder, started=started) | {
        "ejection_fraction": round(found.percent, 2),
        "interval": [round(end, 2) for end in found.interval],
        "windows": [round(one, 2) for one in found.windows],
        "frames": len(frames),
        "frame_time_ms": frame_time,
        "shape": list(frames.shape),
    }
    left_out = [f"{len(blank)} frames without contrast were left out"] if blank else []
    return found.percent, with_warnings(trusted(record, judged), [*found.doubts, *left_out])
