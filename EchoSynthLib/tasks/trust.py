"""The task `trust`: does an echo frame, a cine or each file of a folder show what the models that read it know?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.anatomy.views import view_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.file_tables import FileRows, TableFiles
from EchoSynthLib.tasks.common.options import IMAGES
from EchoSynthLib.tasks.common.output_places import REPLACES
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

TABLE, RECORD = "trust.csv", "trust.json"
FILES = TableFiles(TABLE, RECORD, ("file", "trust", "trusted", "view", "reason"), ("trust",))


@dataclass(frozen=True, kw_only=True)
class Trust(Task):
    """Tells how far an image, a cine, or each of a folder can be trusted to show a view that is known."""

    name = "trust"
    summary = "Tell whether an echo frame, a cine, or each of a folder shows what the models know, and why not."

    image: Path = parameter(main=True, help=IMAGES)
    output: Path | None = parameter(None, help=f"folder for {TABLE} and {RECORD}; {REPLACES}; none writes no files")
    view: str | None = parameter(
        None, help="view that is to be shown, or several with commas between; none takes the apical ones"
    )
    model: str = parameter("views", help="name of the model that judges, see `echosynth models`")
    strict: bool = parameter(False, help="fail where an image is not trusted")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table and the record where an output is given; `results` has a row for each file; see `Task.run`.

        Raises:
            InputError: there is no image that can be read, no such view, or none is trusted and `strict`.
        """
        started = time.perf_counter()
        self._views()
        check_exists(self.image, "image or folder")
        return FILES.written(self.output, self.name, self.image, lambda: self._judge(context, started))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """File, score, and the view or the reason against it."""
        return [
            f"{row['file']}: trust {row['trust']:.2f}, {row['view'] if row['trusted'] else row['reason']}"
            for row in record["results"]
        ]

    def _views(self) -> list[str] | None:
        if self.view is None:
            return None
        names = [name.strip() for name in self.view.split(",") if name.strip()]
        if not names:
            raise InputError("The parameter view names a view, or several with commas between; given was none.")
        return [view_of(name).name for name in names]

    def _judge(self, context: Context, started: float) -> dict[str, Any]:
        found = FileRows.of(self.image, self._judge_file, context, "judged")
        told = found.told("model", "model_sha256", "threshold", "asked_for")
        return with_warnings(new_record(self.name, source=self.image, started=started) | told, found.warnings)

    def _judge_file(self, path: Path, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
        from EchoSynthLib.images.read_echo import read_echo

        image = read_echo(path)
        progress(0, 1, "judging")
        score, record = es.trust(
            image.pixels[..., *image.tissue], view=self._views(), model=self.model, strict=self.strict
        )
        progress(1, 1, "judged")
        row = {
            "file": path.name,
            "trust": round(score, 4),
            "trusted": score >= record["threshold"],
            "view": record["view"],
            "reason": "; ".join(record["trust_reasons"]),
        }
        return with_warnings(row, image.remarks), record
