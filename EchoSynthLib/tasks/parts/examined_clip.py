"""What the task `examine` tells of one file: what it holds, which view it shows, how far to trust that, a thumbnail."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.images.clip_names import doubt_of_named_view, name_without_patient
from EchoSynthLib.images.formats import kind_of, stem_of
from EchoSynthLib.records import with_warnings
from EchoSynthLib.tasks.common.inputs import held_by
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame

LOOKED_AT = 8
"""Frames of a cine, evenly spread, in which the view is looked for."""
THUMBNAIL = (96, 128)
"""Rows and columns."""

Row = dict[str, Any]


def examined(path: Path, model: str | None, progress: Progress) -> tuple[Row, NDArray[np.uint8]]:
    """A row of the table, without the file's name, and the thumbnail (96, 128) uint8.

    Args:
        path: of a frame or a cine.
        model: what tells the view; None for that of `es.classify_view`.
        progress: before and after the view is told; may raise `Cancelled`.

    Raises:
        InputError: the file cannot be read as a frame or cine, or shows nothing.
        ModelError: the model is missing or damaged.
    """
    from EchoSynthLib.images.contrast import told_of_blank
    from EchoSynthLib.images.frame import EchoCine
    from EchoSynthLib.images.read_echo import read_echo
    from EchoSynthLib.tasks.common.shown import blank_frames

    image = read_echo(path)
    blank = blank_frames(image)
    frames = list(range(len(image))) if isinstance(image, EchoCine) else [0]
    shown = [index for index in frames if index not in blank]
    looked_at = evenly(shown, LOOKED_AT)
    pixels = image.pixels if isinstance(image, EchoCine) else image.pixels[None]
    tissue = pixels[:, *image.tissue]
    progress(0, 1, "telling the view")
    row = held_by(image) | _seen(tissue[looked_at], model) | {"looked_at": looked_at}
    progress(1, 1, "told")
    told = [*image.remarks, *told_of_blank(blank), *doubt_of_named_view(stem_of(path), "view classification")]
    return with_warnings(row, told), thumbnail(tissue[looked_at[0]], image)


def evenly(numbers: Sequence[int], count: int) -> list[int]:
    """At most so many of the numbers, evenly spread from the first to the last."""
    places = np.linspace(0, len(numbers) - 1, min(count, len(numbers))).round().astype(int)
    return [numbers[place] for place in places]


def name_of(path: Path) -> str:
    """What a clip is called without its patient's name; '' where nothing else is known."""
    return name_without_patient(stem_of(path), _patient_in(path))


def thumbnail(frame: NDArray[np.uint8], image: EchoFrame | EchoCine) -> NDArray[np.uint8]:
    """The frame (h, w) as large as (96, 128) holds it, in square pixels, black around it."""
    from PIL import Image

    from EchoSynthLib.images.overlay import pixel_aspect

    rows, columns = frame.shape
    wide = columns * pixel_aspect(image.spacing)
    scale = min(THUMBNAIL[0] / rows, THUMBNAIL[1] / wide)
    height, width = (max(1, round(scale * side)) for side in (rows, wide))
    small = np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BOX))
    whole = np.zeros(THUMBNAIL, np.uint8)
    top, left = (THUMBNAIL[0] - height) // 2, (THUMBNAIL[1] - width) // 2
    whole[top : top + height, left : left + width] = small
    return whole


def _seen(shown: NDArray[np.uint8], model: str | None) -> Row:
    """View and shares of a few frames (n, H, W), and how far to trust that they show a standard view."""
    from EchoSynthLib.api.views import classify_for
    from EchoSynthLib.image_trust import JUDGE

    shares, record = classify_for(shown, view_names("heart cuts"), model=model or JUDGE)
    return {
        "view": record["view"],
        "view_probabilities": shares,
        "trust": record.get("trust"),
        "trust_reasons": list(record.get("trust_reasons", ())),
        **{key: record[key] for key in ("model", "model_sha256")},
    }


def _patient_in(path: Path) -> list[str]:
    """Names and numbers of the patient in a DICOM file; none in others, which tell none."""
    if kind_of(path) != "dicom":
        return []
    import pydicom

    # A file that cannot be read tells no name; that is said where its pixels are wanted.
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = ["PatientName", "PatientID", "OtherPatientIDs"]
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(wanted), force=True)
        return [str(dataset.get(key, "")) for key in wanted]
    return []
