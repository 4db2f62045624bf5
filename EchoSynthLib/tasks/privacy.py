"""The task `privacy`: is a synthetic frame, a cine or each file of a folder too near to a known patient?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.file_tables import FileRows, TableFiles
from EchoSynthLib.tasks.common.options import IMAGES
from EchoSynthLib.tasks.common.output_places import REPLACES
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

TABLE, RECORD = "privacy.csv", "privacy.json"
FILES = TableFiles(TABLE, RECORD, ("file", "refused", "correlation", "nearest", "nearest_at"), ("correlation",))


@dataclass(frozen=True, kw_only=True)
class Privacy(Task):
    """Compares every frame with those that the shipped models learned from."""

    name = "privacy"
    summary = (
        "Tell whether a synthetic frame, a cine, or each of a folder is too near to a patient of the training data."
    )

    image: Path = parameter(main=True, help=IMAGES)
    output: Path | None = parameter(None, help=f"folder for {TABLE} and {RECORD}; {REPLACES}; none writes no files")
    model: str = parameter("reidentification", help="name of the model that knows patients, see `echosynth models`")
    strict: bool = parameter(False, help="fail where an image is refused")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table and the record where an output is given; `results` has a row for each file; see `Task.run`.

        Raises:
            InputError: there is no image that can be read, or none that is not refused and `strict`.
        """
        started = time.perf_counter()
        check_exists(self.image, "image or folder")
        return FILES.written(self.output, self.name, self.image, lambda: self._check(context, started))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """File, correlation and the patient that it is nearest to; of a folder how many are refused."""
        rows = record["results"]
        told = [
            f"{row['file']}: {'refused' if row['refused'] else 'accepted'}, {row['correlation']:.3f} "
            f"with {row['nearest']} (from {record['threshold']:.3f} on refused)"
            for row in rows
        ]
        refused = sum(row["refused"] for row in rows)
        return told if len(rows) == 1 else [*told, f"{refused} of {len(rows)} refused"]

    def _check(self, context: Context, started: float) -> dict[str, Any]:
        found = FileRows.of(self.image, self._check_file, context, "checked")
        told = found.told("model", "model_sha256", "threshold")
        return with_warnings(new_record(self.name, source=self.image, started=started) | told, found.warnings)

    def _check_file(self, path: Path, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
        from EchoSynthLib.images.read_echo import read_echo

        image = read_echo(path)
        _, record = es.check_privacy(
            image.pixels[..., *image.tissue], model=self.model, strict=self.strict, progress=progress
        )
        row = {"file": path.name} | {key: record[key] for key in ("refused", "correlation", "nearest", "nearest_at")}
        return with_warnings(row, [*image.remarks, *record.get("warnings", [])]), record
