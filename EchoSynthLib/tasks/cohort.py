"""The task `cohort`: hearts that nobody has, cut in standard views: label maps, cines and motion with exact truth."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from EchoSynthLib.anatomy.heart3d.cohort import MIXED, Cohort
from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.anatomy.views import BIPLANE, view_names
from EchoSynthLib.parallel import check_places, run_items
from EchoSynthLib.records import new_record, seconds_since
from EchoSynthLib.tasks.common.growing_folder import claim, write_content, write_table
from EchoSynthLib.tasks.common.options import (
    cluster_parameter,
    seed_parameter,
    skill_parameter,
    views_asked,
    workers_parameter,
)
from EchoSynthLib.tasks.common.output_places import check_writable, output_folder
from EchoSynthLib.tasks.common.results import RECORD, write_records
from EchoSynthLib.tasks.parts.cohort_items import (
    ANATOMY,
    ECHOES,
    NONE,
    OBSERVER,
    Cutting,
    View,
    make,
    settings_of,
)
from EchoSynthLib.tasks.task import Context, Task, parameter

HEARTS, CUTS = "hearts.csv", "cuts.csv"
ALL = "all"
_CHUNK = 4


@dataclass(frozen=True, kw_only=True)
class CohortOfHearts(Task):
    """Draws hearts and cuts them.

    When it is cancelled, what it has made stays: the next run with the same output folder goes on from there.
    """

    name = "cohort"
    summary = "Draw beating hearts and cut them in standard views: label maps, cines and motion with exact truth."

    output: Path = parameter(help="folder for tables and cuts; what is there of the same cohort is not made again")
    count: int = parameter(10, minimum=1, maximum=1_000_000, unit="hearts", help="how many")
    seed: int = seed_parameter("a heart depends on it, on the condition and on the heart's number alone")
    views: str = parameter(
        ",".join(view.name for view in BIPLANE),
        help=f"with commas between: {', '.join(view_names('heart cuts'))}; or {ALL}",
    )
    condition: str = parameter(MIXED, choices=(MIXED, *CONDITIONS), help="of the hearts")
    frames: int = parameter(
        2, minimum=2, maximum=1000, unit="frames", help="of a beat; 2 are end-diastole and end-systole"
    )
    motion: bool = parameter(True, help="whether displacements from end-diastole are written, too")
    tracing: str = parameter(
        OBSERVER,
        choices=(OBSERVER, ANATOMY),
        help="of the label maps of apical views: as those of CAMUS were drawn, with thick walls, or as the heart is",
    )
    echo: str = parameter(
        NONE,
        choices=ECHOES,
        help="images of the cuts: none, by tissue, or by the generator those of 2CH and 4CH and the others by tissue",
    )
    examinations: int = parameter(
        1, minimum=1, maximum=100, unit="days", help="on which each heart is looked at, with another hand and machine"
    )
    skill: float = skill_parameter()
    rows: int = parameter(256, minimum=32, maximum=2048, unit="pixels", help="height of a cut")
    workers: int = workers_parameter("that cut; the files are the same with any number")
    cluster: str | None = cluster_parameter()

    def run(self, context: Context) -> dict[str, Any]:
        """Cuts what is missing, and writes both tables and record.json; see `Task.run`."""
        started = time.perf_counter()
        check_places(self.workers, self.cluster)
        views = self._views()
        cutting = Cutting(
            Cohort(self.seed, self.condition, self.skill, self.rows, self.frames), self.motion, self.tracing, self.echo
        )
        folder = check_writable(output_folder(self.output))
        # Cohorts of before had no echo.
        claim(folder, COHORT, settings_of(cutting), "a cohort", before={"echo": NONE})
        items = [
            View(index, view, number)
            for index in range(self.count)
            for number in range(self.examinations)
            for view in views
        ]
        missing = [item for item in items if not (folder / item.record).is_file()]
        self._cut(cutting, missing, folder, len(items), context)
        write_table(folder / HEARTS, ({"heart": i, **cutting.cohort.numbers(i)} for i in range(self.count)))
        write_table(folder / CUTS, (_row_of_cut(folder, item) for item in items))
        about = {**settings_of(cutting), "count": self.count, "views": views, "examinations": self.examinations}
        told = {**about, "cuts": len(items), "made_now": len(missing), "seconds": seconds_since(started)}
        outputs = {"outputs": {"hearts": HEARTS, "cuts": CUTS}}
        return write_records(folder, RECORD, folder, new_record(self.name, synthetic=True) | told | outputs)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How many hearts and cuts, and how many of them were there before."""
        before = record["cuts"] - record["made_now"]
        rest = f", {before} of them made before" if before else ""
        hearts = record["count"]
        return [f"{hearts} {'heart' if hearts == 1 else 'hearts'}, {record['cuts']} views of them{rest}"]

    def _views(self) -> list[str]:
        if self.views.strip().lower() == ALL:
            return list(view_names("heart cuts"))
        return views_asked(self.views, "heart cuts", f", or {ALL}")

    def _cut(self, cutting: Cutting, missing: list[View], folder: Path, total: int, context: Context) -> None:
        done = total - len(missing)

        def progress(index: int, _: int, message: str) -> None:
            context.progress(done + index, total, message or f"{done + index} of {total} views")

        made = run_items(
            partial(make, cutting),
            missing,
            workers=self.workers,
            cluster=self.cluster,
            chunk=_CHUNK,
            progress=progress,
        )
        with closing(made) as results:
            for files in results:
                for name, content in files.items():
                    write_content(folder / name, content)
        context.progress(total, total, "tables")


COHORT = "cohort.json"
"""What the files of a cohort depend on; their number is not among it, so that a cohort can grow."""


def _row_of_cut(folder: Path, item: View) -> dict[str, Any]:
    told = json.loads((folder / item.record).read_text(encoding="utf-8"))
    row = {"heart": item.index, "view": item.name, "examination": item.examination, "stem": item.stem}
    row |= {f"{axis}_spacing_mm": step for axis, step in zip(("row", "column"), told["spacing_mm"], strict=True)}
    row |= {"depth_mm": told["depth_mm"], "opening_angle_deg": told["opening_angle_deg"]}
    row |= {f"origin_{axis}_mm": value for axis, value in zip("xyz", told["pose"]["origin_mm"], strict=True)}
    return row | told["hand"]
