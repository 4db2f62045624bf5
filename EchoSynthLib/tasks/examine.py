"""The task `examine`: a folder of clips, or one of them, becomes a table: what each holds, which view it shows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthLib.outputs import OutputFolder, replacing
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.file_tables import write_table
from EchoSynthLib.tasks.common.folders import images_within, run_each, warnings_of_each
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, write_records
from EchoSynthLib.tasks.parts.examined_clip import THUMBNAIL, Row, examined, name_of
from EchoSynthLib.tasks.task import Context, Task, parameter

TABLE, RECORD, THUMBNAILS, SHEET = "examination.csv", "examination.json", "thumbnails.npy", "sheet.png"
COLUMNS = (
    "file",
    "view",
    "share",
    "trust",
    "reason",
    "frames",
    "frame_time_ms",
    "row_mm",
    "column_mm",
    "spacing_trusted",
    "failure",
)
_TILES = 6  # beside one another


@dataclass(frozen=True, kw_only=True)
class Examine(Task):
    """Looks at a few frames of each clip of an examination."""

    name = "examine"
    summary = (
        "List the clips of an examination: view, trust, frames, frame time and pixel size, with a sheet of pictures."
    )

    folder: Path = parameter(main=True, help="folder of an examination with folders within it, or one image or cine")
    output: Path | None = parameter(
        None, help=f"folder for {TABLE}, {SHEET}, {THUMBNAILS} and {RECORD}; {REPLACES}; none writes no files"
    )
    model: str | None = parameter(None, help="name of a model that tells views; none takes that of classify-view")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes table, pictures and record where an output is given; `results` has a row for each file.

        A file that cannot be used has a row with the reason, `failure`. See `Task.run`.

        Raises:
            InputError: there is no image or cine, or none that can be used.
        """
        started = time.perf_counter()
        check_exists(self.folder, "folder or image")
        if self.output is None:
            return {**self._examine(context, started)[0], "outputs": {}}
        output_folder(self.output)
        files = {"table": TABLE, "sheet": SHEET, "thumbnails": THUMBNAILS}
        check_replaceable(self.output, RECORD, files.values(), self.name, self.folder)
        with OutputFolder(self.output) as hidden:
            from EchoSynthLib.images.writers.arrays import write_array

            record, thumbnails = self._examine(context, started)
            write_table(hidden / TABLE, map(_cells, record["results"]), COLUMNS)
            _draw_sheet(hidden / SHEET, record["results"], thumbnails)
            write_array(hidden / THUMBNAILS, thumbnails)
            return write_records(hidden, RECORD, self.output, record | {"outputs": files})

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """Of each file the view with its share, trust and frames; those that could not be used are told as failures."""
        return [f"{row['file']}: {_told(row)}" for row in record["results"] if "failure" not in row]

    def _examine(self, context: Context, started: float) -> tuple[dict[str, Any], np.ndarray]:
        """The record, and a thumbnail for each row, (N, 96, 128) uint8, black where a file could not be used."""
        top = self.folder if self.folder.is_dir() else self.folder.parent
        context.progress(0, 1, "looking for clips")
        paths = images_within(self.folder) if self.folder.is_dir() else [self.folder]
        files = {path.relative_to(top).as_posix(): path for path in paths}

        def one(file: str, progress: Any) -> tuple[str, Row, np.ndarray]:
            return file, *examined(files[file], self.model, progress)

        failures: list[dict[str, str]] = []
        if self.folder.is_dir():
            done, failures = run_each(list(files), str, one, context, self.folder, "examined")
        else:
            with naming(self.folder):
                done = [one(file, context.progress) for file in files]
        found = {file: (row, picture) for file, row, picture in done}
        failed = {each["file"]: {"failure": each["message"]} for each in failures}
        black = np.zeros(THUMBNAIL, np.uint8)
        rows = [
            {"file": file, "name": name_of(path), **(found[file][0] if file in found else failed[file])}
            for file, path in files.items()
        ]
        record = new_record(self.name, source=self.folder, started=started) | {"results": rows, "failures": failures}
        warnings = warnings_of_each(rows) if self.folder.is_dir() else rows[0].get("warnings", [])
        pictures = [found[file][1] if file in found else black for file in files]
        return with_warnings(record, warnings), np.stack(pictures)


def _told(row: Mapping[str, Any]) -> str:
    if "failure" in row:
        return "not usable"
    trust = "" if row["trust"] is None else f", trust {row['trust']:.2f}"
    frames = f"{row['frames']} {'frame' if row['frames'] == 1 else 'frames'}"
    return f"{row['view']} ({100 * _share(row):.1f} %){trust}, {frames}"


def _share(row: Mapping[str, Any]) -> float:
    """Of the likeliest view, which the row's view is unless it is unknown."""
    return float(max(row["view_probabilities"].values()))


def _cells(row: Row) -> dict[str, Any]:
    if "failure" in row:
        return row
    row_mm, column_mm = row["spacing_mm"] or ("", "")
    trust = "" if row["trust"] is None else f"{row['trust']:.4f}"
    told = {"share": f"{_share(row):.4f}", "trust": trust, "reason": "; ".join(row["trust_reasons"])}
    return row | told | {"row_mm": row_mm, "column_mm": column_mm}


def _draw_sheet(path: Path, rows: Sequence[Row], thumbnails: np.ndarray) -> None:
    """A picture of every clip, below it its number, what it is called without the patient's name, and its view."""
    from EchoSynthLib.images.picture_sheet import Section, Tile, draw_sheet, gray

    tiles = [
        Tile(gray(picture), f"{number} {row['name'][:14]}: {_told(row)}".replace(" :", ":"))
        for number, (row, picture) in enumerate(zip(rows, thumbnails, strict=True), 1)
    ]
    lines = [tiles[start : start + _TILES] for start in range(0, len(tiles), _TILES)]
    with replacing(path) as partial:
        draw_sheet([Section(f"{len(tiles)} {'clip' if len(tiles) == 1 else 'clips'}", lines)]).save(partial)
