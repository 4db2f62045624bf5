"""One CAMUS frame, the same from every layout, and the index of frames."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import reading
from EchoSynthLib.images.frame import Geometry
from EchoSynthLib.types import Spacing

QUALITIES = ("good", "medium", "poor")


@dataclass(frozen=True, eq=False)
class CamusFrame:
    """An annotated frame.

    Attributes:
        image: (H, W) uint8, row 0 at the transducer.
        label_map: (H, W) uint8, 0 other, 1 LV cavity, 2 myocardium, 3 left atrium; None where there is no annotation.
        patient, view, phase: patient0001; 2CH or 4CH; ED or ES.
        spacing: (row, column) in mm on this grid, or None.
        spacing_trusted: whether the spacing comes from the header and not from an assumption.
        quality: good, medium or poor, or None.
        ejection_fraction: in [0, 1], or None.
        split: train, val or test, or None.
        native_size: (rows, columns) that the frame was scanned with, square pixels in the new release.
        geometry: the source's place in space, or None.
    """

    image: NDArray[np.uint8]
    label_map: NDArray[np.uint8] | None
    patient: str
    view: str
    phase: str
    spacing: Spacing | None = None
    spacing_trusted: bool = False
    quality: str | None = None
    ejection_fraction: float | None = None
    split: str | None = None
    native_size: tuple[int, int] | None = None
    geometry: Geometry | None = None

    @property
    def name(self) -> str:
        """As in patient0001_4CH_ED."""
        return f"{self.patient}_{self.view}_{self.phase}"


def quality_of(text: str | None) -> str | None:
    """good, medium or poor from what a file says; None from anything else."""
    word = (text or "").strip().lower()
    return word if word in QUALITIES else None


def index_rows(path: Path) -> list[dict[str, str]]:
    """The rows of index.csv, one a frame.

    Raises:
        InputError: missing, or without the columns that tell a frame.
    """
    if not path.exists():
        raise InputError(
            f"{path} does not exist; it tells the patient, view and split of each frame and lies beside the .npz."
        )
    with reading(path, "a table with a row a frame"), path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"name", "patient", "view", "phase", "split"} <= rows[0].keys():
        raise InputError(f"{path} has not the columns name, patient, view, phase and split.")
    return rows
