"""CAMUS as arrays: all frames stretched to one square grid (camus_224.npz), with what index.csv says of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus_frame import CamusFrame, index_rows, quality_of
from EchoSynthLib.images.formats import existing_file, reading

_TRUSTED_BASIS = "4CH_nifti"


@dataclass(frozen=True, eq=False)
class CamusArrays:
    """N frames; every array's first axis is the frame.

    Attributes:
        image, label: (N, H, W) uint8.
        name, patient, view, phase, split: (N,) text.
        quality: (N,) text: good, medium, poor, or empty.
        native_size: (N, 2) int, (rows, columns) before the stretch; 0 where not known. The aspect ratio is theirs.
        spacing: (N, 2) float, (row, column) in mm on this grid; NaN where not known.
        spacing_trusted: (N,) bool.
        ejection_fraction: (N,) float in [0, 1]; NaN where not known.
    """

    image: NDArray[np.uint8]
    label: NDArray[np.uint8]
    name: NDArray[np.str_]
    patient: NDArray[np.str_]
    view: NDArray[np.str_]
    phase: NDArray[np.str_]
    split: NDArray[np.str_]
    quality: NDArray[np.str_]
    native_size: NDArray[np.int64]
    spacing: NDArray[np.float64]
    spacing_trusted: NDArray[np.bool_]
    ejection_fraction: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.image)

    def select(self, chosen: NDArray) -> CamusArrays:
        """The frames of a mask or of indices, as in `arrays.select(arrays.split == "val")`."""
        return CamusArrays(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def frame(self, position: int) -> CamusFrame:
        """One frame as the other layouts give it."""
        rows, columns = (int(side) for side in self.native_size[position])
        row_mm, column_mm = (float(step) for step in self.spacing[position])
        fraction = float(self.ejection_fraction[position])
        return CamusFrame(
            image=self.image[position],
            label_map=self.label[position],
            patient=str(self.patient[position]),
            view=str(self.view[position]),
            phase=str(self.phase[position]),
            spacing=None if math.isnan(row_mm) or math.isnan(column_mm) else (row_mm, column_mm),
            spacing_trusted=bool(self.spacing_trusted[position]),
            quality=str(self.quality[position]) or None,
            ejection_fraction=None if math.isnan(fraction) else fraction,
            split=str(self.split[position]) or None,
            native_size=(rows, columns) if rows and columns else None,
        )


def load_camus_npz(path: str | Path) -> CamusArrays:
    """All frames of a CAMUS .npz with the rows of the index.csv beside it.

    Raises:
        InputError: either is missing or damaged, or they do not tell the same frames in the same order.
    """
    path = existing_file(path)
    with (
        reading(path, "a .npz with the arrays image, label, name and split"),
        np.load(path, allow_pickle=False) as file,
    ):
        image, label, name = file["image"], file["label"], file["name"]
    rows = index_rows(path.with_name("index.csv"))
    if image.shape != label.shape or image.ndim != 3 or [row["name"] for row in rows] != name.tolist():
        raise InputError(
            f"{path} and index.csv beside it do not belong together: "
            f"images {image.shape}, labels {label.shape}, {len(rows)} rows."
        )
    return CamusArrays(
        image=image,
        label=label,
        name=name,
        **{key: np.array([row[key] for row in rows]) for key in ("patient", "view", "phase", "split")},
        quality=np.array([quality_of(row.get("image_quality")) or "" for row in rows]),
        native_size=_numbers(rows, "native_height", "native_width", missing=0).astype(np.int64),
        spacing=_numbers(rows, "spacing_y_mm", "spacing_x_mm"),
        spacing_trusted=np.array([row.get("spacing_basis") == _TRUSTED_BASIS for row in rows]),
        ejection_fraction=_numbers(rows, "ef_percent")[:, 0] / 100,
    )


def _numbers(rows: list[dict[str, str]], *columns: str, missing: float = math.nan) -> NDArray[np.float64]:
    return np.array([[float(row.get(column) or missing) for column in columns] for row in rows], dtype=np.float64)
