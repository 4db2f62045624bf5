"""The task `classify-view`: which view does an echo frame, a cine or each file of a folder show?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.anatomy import views as anatomy
from EchoSynthLib.images.clip_names import doubt_of_named_view
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.file_tables import FileRows, TableFiles
from EchoSynthLib.tasks.common.options import IMAGES, Strictness
from EchoSynthLib.tasks.common.output_places import REPLACES
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.common.shown import blank_frames
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

TABLE, RECORD = "views.csv", "views.json"
VIEWS = tuple(view.name for view in anatomy.VIEWS)
COLUMNS = ("file", "frames", "view", "trust", *VIEWS)
FILES = TableFiles(TABLE, RECORD, COLUMNS, ("trust", *VIEWS))


@dataclass(frozen=True, kw_only=True)
class ClassifyView(Strictness, Task):
    """Tells the view of an image, of a cine from the mean over its frames, or of every image of a folder."""

    name = "classify-view"
    summary = "Tell which view an echo frame, a cine, or each of a folder shows, and how far to trust it."

    image: Path = parameter(main=True, help=IMAGES)
    output: Path | None = parameter(None, help=f"folder for {TABLE} and {RECORD}; {REPLACES}; none writes no files")
    model: str = parameter("views", help="name of a model that tells views: views knows all, a segmenter 2CH and 4CH")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table and the record where an output is given; `results` has a row for each file; see `Task.run`.

        Raises:
            InputError: there is no image that can be read, or none is trusted and `strict`.
        """
        started = time.perf_counter()
        check_exists(self.image, "image or folder")
        return FILES.written(self.output, self.name, self.image, lambda: self._classify(context, started))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """File and view, with the mean share of that view, and how far to trust it."""
        return [_told(row) for row in record["results"]]

    def _classify(self, context: Context, started: float) -> dict[str, Any]:
        found = FileRows.of(self.image, self._classify_file, context, "read")
        record = new_record(self.name, source=self.image, started=started) | found.told("model", "model_sha256")
        return with_warnings(record, found.warnings)

    def _classify_file(self, path: Path, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo

        image = read_echo(path)
        blank_frames(image)
        shares, record = es.classify_view(
            image.pixels[..., *image.tissue], model=self.model, strict=self.strict, progress=progress
        )
        row = {
            "file": path.name,
            "frames": len(image) if isinstance(image, EchoCine) else 1,
            "view": record["view"],
            "trust": record.get("trust"),
            **shares,
        }
        named = doubt_of_named_view(stem_of(path), "view classification")
        return with_warnings(row, [*named, *image.remarks, *record.get("warnings", [])]), record


def _told(row: Mapping[str, Any]) -> str:
    trust = "" if row.get("trust") is None else f", trust {row['trust']:.2f}"
    shares = {view: row[view] for view in VIEWS if view in row}
    likeliest = max(shares, key=lambda view: shares[view])
    seen = "" if likeliest == row["view"] else f"likeliest {likeliest}, "
    return f"{row['file']}: {row['view']} ({seen}{100 * shares[likeliest]:.1f} %{trust})"
