"""What the demo found, and how it is put on disk: the NIfTI files, the records and the table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.types import Spacing

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.anatomy.sector.geometry import Sector

FIRST_LINE = "Dice (%) between the label map that was drawn and the one segmented from the image"
STRUCTURES = ("LV cavity", "LV cavity+myocardium", "left atrium")


@dataclass(frozen=True)
class DemoSource:
    """What a part of the demo starts from: a label map (H, W), its geometry, and the real frame it is of, if any."""

    name: str
    title: str
    view: str
    label_map: np.ndarray
    spacing: Spacing | None
    sector: Sector | None
    frame: np.ndarray | None = None


@dataclass
class DemoResult:
    """Label maps drawn from a source, their synthetic images, and what those were segmented as, in one order."""

    source: DemoSource
    label_maps: list[np.ndarray] = field(default_factory=list)
    images: list[np.ndarray] = field(default_factory=list)
    segmentations: list[np.ndarray] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, float]] = field(default_factory=list)
    frame_segmentation: np.ndarray | None = None
    frame_scores: dict[str, float] | None = None

    def mean_scores(self) -> dict[str, float]:
        """Mean Dice over the images, for each structure."""
        return {name: sum(score[name] for score in self.scores) / len(self.scores) for name in STRUCTURES}


def format_table(results: Sequence[DemoResult]) -> str:
    """Dice in percent, a row an image and a row for each source's mean, as plain text."""
    rows = [(f"{source}  {image}", scores) for source, image, scores in _rows(results)]
    width = max(len(name) for name, _ in rows)
    lines = [FIRST_LINE, ""]
    lines.append(" " * width + "".join(f"{name:>22}" for name in STRUCTURES))
    for name, scores in rows:
        lines.append(name.ljust(width) + "".join(f"{100 * scores[structure]:22.1f}" for structure in STRUCTURES))
    return "\n".join(lines) + "\n"


def format_csv(results: Sequence[DemoResult]) -> str:
    """The same table for a spreadsheet, Dice from 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["source", "image", *(f"Dice {name}" for name in STRUCTURES)])
    for source, image, scores in _rows(results):
        writer.writerow([source, image, *(f"{scores[name]:.4f}" for name in STRUCTURES)])
    return text.getvalue()


def _rows(results: Sequence[DemoResult]) -> Iterator[tuple[str, str, dict[str, float]]]:
    for result in results:
        if result.frame_scores is not None:
            yield result.source.name, "real frame, against the expert", result.frame_scores
        for number, scores in enumerate(result.scores):
            yield result.source.name, f"synthetic {number}", scores
        yield result.source.name, "synthetic, mean", result.mean_scores()


def write_files(folder: Path, result: DemoResult) -> None:
    """Makes the folder and writes a result's images, label maps (NIfTI) and records (JSON) into it.

    Raises:
        OutputError: the folder cannot be written.
    """
    from EchoSynthLib.images.write import write_image, write_label_map, write_record

    folder.mkdir()
    source, spacing = result.source, result.source.spacing
    write_label_map(folder / "label_map.nii.gz", source.label_map, spacing=spacing)
    if source.frame is not None and result.frame_segmentation is not None:
        write_image(folder / "frame.nii.gz", source.frame, spacing=spacing)
        write_label_map(folder / "frame_segmentation.nii.gz", result.frame_segmentation, spacing=spacing)
        for number, label_map in enumerate(result.label_maps):
            write_label_map(folder / f"variation_{number}.nii.gz", label_map, spacing=spacing)
    for number, record in enumerate(result.records):
        stem = f"synthetic_{number}"
        write_image(folder / f"{stem}.nii.gz", result.images[number], spacing=spacing, attributes=record["synthesis"])
        write_label_map(folder / f"{stem}_segmentation.nii.gz", result.segmentations[number], spacing=spacing)
        write_record(folder / f"{stem}.json", {**record, "dice": result.scores[number]})
