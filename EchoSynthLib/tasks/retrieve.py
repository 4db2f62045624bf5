"""The task `retrieve`: which frame of a later clip, or of each clip of a folder, shows what a reference shows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.file_tables import FileRows, TableFiles
from EchoSynthLib.tasks.common.motion import frame_parameter
from EchoSynthLib.tasks.common.options import IMAGES
from EchoSynthLib.tasks.common.output_places import REPLACES
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.parts.retrieved import EARLIER, reference_of, retrieval_model
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

TABLE, RECORD = "retrieval.csv", "retrieval.json"
FILES = TableFiles(TABLE, RECORD, ("file", "score", "best", "second", "third", "frames"), ("score",))


@dataclass(frozen=True, kw_only=True)
class Retrieve(Task):
    """Scores every frame of the later clips by how likely it shows the reference's view."""

    name = "retrieve"
    summary = "Find the frame of a later clip, or of all clips of a folder, that shows the same view as an earlier one."

    image: Path = parameter(main=True, help=f"the later examination: {IMAGES}")
    reference: Path = parameter(help=EARLIER)
    frame: int | None = frame_parameter(
        "number of the reference's frame that is looked for, from 0; none looks for all of the clip", None
    )
    output: Path | None = parameter(None, help=f"folder for {TABLE} and {RECORD}; {REPLACES}; none writes no files")
    model: str = retrieval_model()

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table and the record where an output is given; `results` has a row for each clip, with `scores`
        of its frames, and `best` names file and frame of the best; see `Task.run`.

        Raises:
            InputError: the reference or every clip cannot be used.
        """
        started = time.perf_counter()
        check_exists(self.image, "clip or folder")
        return FILES.written(self.output, self.name, self.image, lambda: self._retrieve(context, started))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """Of each clip the best frames and the score of the first; of a folder, which clip."""
        rows = record["results"]
        told = [f"{row['file']}: frame {row['best']}, score {row['score']:.3f}{_next(row)}" for row in rows]
        best = record["best"]
        return told if len(rows) == 1 else [*told, f"best: frame {best['frame']} of {best['file']}"]

    def _retrieve(self, context: Context, started: float) -> dict[str, Any]:
        reference = reference_of(self.reference)

        def one(path: Path, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
            return _row(path, reference.pixels[..., *reference.tissue], self.frame, self.model, progress)

        found = FileRows.of(self.image, one, context, "searched")
        first = max(found.rows, key=lambda row: row["score"])
        record = new_record(self.name, source=self.image, started=started) | found.told("model", "model_sha256")
        about = {"reference": str(self.reference.resolve()), "reference_frame": self.frame}
        record |= about | {"best": {"file": first["file"], "frame": first["best"], "score": first["score"]}}
        return with_warnings(record, [*reference.remarks, *found.warnings])


def _row(
    path: Path, reference: Any, frame: int | None, model: str, progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    from EchoSynthLib.images.read_echo import read_echo

    clip = read_echo(path)
    best, scores, record = es.retrieve(
        reference, clip.pixels[..., *clip.tissue], frame=frame, model=model, progress=progress
    )
    others = [*record["frames"][1:], None, None]
    row = {
        "file": path.name,
        "score": round(float(scores[best]), 4),
        "best": best,
        "second": others[0],
        "third": others[1],
        "frames": len(scores),
        "scores": [round(float(score), 4) for score in scores],
    }
    return with_warnings(row, [*clip.remarks, *record.get("warnings", [])]), record


def _next(row: Mapping[str, Any]) -> str:
    others = [str(row[name]) for name in ("second", "third") if row[name] is not None]
    return f" (then {', '.join(others)})" if others else ""
