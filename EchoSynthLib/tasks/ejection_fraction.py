"""The task `ejection-fraction`: how much does the left ventricle of a cine, or of each of a folder, eject?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.file_tables import FileRows, TableFiles
from EchoSynthLib.tasks.common.motion import CINE, frame_time_of, frame_time_parameter
from EchoSynthLib.tasks.common.options import Strictness
from EchoSynthLib.tasks.common.output_places import REPLACES
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

TABLE, RECORD = "ejection_fraction.csv", "ejection_fraction.json"
NUMBERS = ("ejection_fraction", "low", "high")
COLUMNS = ("file", "frames", "frame_time_ms", *NUMBERS, "trust")
FILES = TableFiles(TABLE, RECORD, COLUMNS, ("trust",))


@dataclass(frozen=True, kw_only=True)
class EjectionFraction(Strictness, Task):
    """Tells the ejection fraction of a cine, or of every cine of a folder, from how it looks."""

    name = "ejection-fraction"
    summary = "Tell the ejection fraction of an apical cine, or of each of a folder, by looking, without outlines."

    image: Path = parameter(main=True, help=f"{CINE}, or a folder")
    output: Path | None = parameter(None, help=f"folder for {TABLE} and {RECORD}; {REPLACES}; none writes no files")
    frame_time: float | None = frame_time_parameter()
    model: str = parameter("ejection-fraction", help="name of the model, see `echosynth models`")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table and the record where an output is given; `results` has a row for each file; see `Task.run`.

        Raises:
            InputError: there is no cine that can be read, or none is trusted and `strict`.
        """
        started = time.perf_counter()
        check_exists(self.image, "cine or folder")
        return FILES.written(self.output, self.name, self.image, lambda: self._tell(context, started))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """File, percent and its interval."""
        return [
            f"{row['file']}: {row['ejection_fraction']:.0f} % ({row['low']:.0f} to {row['high']:.0f})"
            for row in record["results"]
        ]

    def _tell(self, context: Context, started: float) -> dict[str, Any]:
        found = FileRows.of(self.image, self._tell_file, context, "read")
        record = new_record(self.name, source=self.image, started=started) | found.told("model", "model_sha256")
        return with_warnings(record, found.warnings)

    def _tell_file(self, path: Path, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo

        cine = read_echo(path)
        if not isinstance(cine, EchoCine):
            raise InputError(f"{path} is a single frame, in which nothing moves; give a cine of two frames or more.")
        progress(0, 1, "looking")
        percent, record = es.ejection_fraction(
            cine.pixels[..., *cine.tissue], frame_time_of(cine, self.frame_time), model=self.model, strict=self.strict
        )
        progress(1, 1, "told")
        low, high = record["interval"]
        row = {"file": path.name, "ejection_fraction": round(percent, 2), "low": low, "high": high}
        row |= {key: record.get(key) for key in ("frames", "frame_time_ms", "trust")}
        return with_warnings(row, [*cine.remarks, *record.get("warnings", [])]), record
