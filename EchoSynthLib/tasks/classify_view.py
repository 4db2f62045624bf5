"""The task `classify-view`: does an echo frame, a cine or each file of a folder show two chambers or four?"""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.images.clip_names import doubt_of_named_view
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.outputs import OutputFolder, replacing
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.folders import images_in, left_out_of, run_each, warnings_of_each
from EchoSynthLib.tasks.common.options import IMAGES
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, write_records
from EchoSynthLib.tasks.common.shown import blank_frames
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

TABLE, RECORD = "views.csv", "views.json"
VIEWS = view_names("view classification")
COLUMNS = ("file", "frames", "view", *VIEWS)


@dataclass(frozen=True, kw_only=True)
class ClassifyView(Task):
    """Tells the apical view of an image, of a cine from the mean over its frames, or of every image of a folder."""

    name = "classify-view"
    summary = "Tell whether an echo frame, a cine, or each of a folder shows two chambers or four."

    image: Path = parameter(main=True, help=IMAGES)
    output: Path | None = parameter(None, help=f"folder for {TABLE} and {RECORD}; {REPLACES}; none writes no files")
    model: str = parameter("segmenter-synthetic", help="name of a segmenter, see `echosynth models`")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table and the record where an output is given; `results` has a row for each file; see `Task.run`.

        Raises:
            InputError: there is no image that can be read.
        """
        started = time.perf_counter()
        check_exists(self.image, "image or folder")
        if self.output is None:
            return {**self._classify(context, started), "outputs": {}}
        output_folder(self.output)
        check_replaceable(self.output, RECORD, [TABLE], self.name, self.image)
        with OutputFolder(self.output) as hidden:
            record = self._classify(context, started)
            _write_table(hidden / TABLE, record["results"])
            return write_records(hidden, RECORD, self.output, record | {"outputs": {"table": TABLE}})

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """File and view, with the mean probability of that view."""
        return [f"{row['file']}: {row['view']} ({100 * row[row['view']]:.1f} %)" for row in record["results"]]

    def _classify(self, context: Context, started: float) -> dict[str, Any]:
        failures: list[dict[str, str]] = []
        if self.image.is_dir():
            told, failures = run_each(
                images_in(self.image), lambda file: file.name, self._classify_file, context, self.image, "read"
            )
        else:
            with naming(self.image):
                told = [self._classify_file(self.image, context.progress)]
        results, (made, *_) = zip(*told, strict=True)
        if self.image.is_dir():
            warnings = [*left_out_of(self.image), *warnings_of_each(results)]
        else:
            warnings = results[0].get("warnings", [])
        by = {key: made[key] for key in ("model", "model_sha256")}
        found = {"results": list(results), "failures": failures}
        record = new_record(self.name, source=self.image, started=started) | by | found
        return with_warnings(record, warnings)

    def _classify_file(self, path: Path, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
        from EchoSynthLib.api.analysis import likelier_view, mean_views
        from EchoSynthLib.images.contrast import told_of_blank
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo

        image = read_echo(path)
        frames = [image.frame(index) for index in range(len(image))] if isinstance(image, EchoCine) else [image]
        blank = blank_frames(image)
        told: list[dict[str, float]] = []
        made: dict[str, Any] = {}
        for index, frame in enumerate(frames):
            progress(index, len(frames), f"frame {index + 1} of {len(frames)}" if len(frames) > 1 else "looking")
            if index not in blank:
                probabilities, made = es.classify_view(frame.pixels[frame.tissue], model=self.model)
                told.append(probabilities)
        progress(len(frames), len(frames), "told")
        mean = mean_views(told)
        row = {"file": path.name, "frames": len(frames), "view": likelier_view(mean), **mean}
        named = doubt_of_named_view(stem_of(path), "view classification")
        return with_warnings(row, [*named, *image.remarks, *told_of_blank(blank)]), made


def _write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        table.writeheader()
        table.writerows({**row, **{view: f"{row[view]:.4f}" for view in VIEWS}} for row in rows)
