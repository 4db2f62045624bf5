"""The task `cine-dataset`: cines of hearts that nobody has, with label maps of every frame, to train networks on."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from EchoSynthLib.anatomy.heart3d.cohort import MIXED, Cohort
from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.anatomy.views import BIPLANE, view_names
from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images.datasets.echonet import VIDEOS, write_tables
from EchoSynthLib.images.datasets.nnunet import description
from EchoSynthLib.parallel import check_places, run_items
from EchoSynthLib.progress import clock
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.synthesis.animation import FRAME_RATES, FRAMES
from EchoSynthLib.tasks.common.growing_folder import claim, write_content
from EchoSynthLib.tasks.common.options import (
    cluster_parameter,
    seed_parameter,
    skill_parameter,
    views_asked,
    workers_parameter,
)
from EchoSynthLib.tasks.common.output_places import check_writable, output_folder
from EchoSynthLib.tasks.common.results import RECORD, write_records
from EchoSynthLib.tasks.parts.asked_fractions import FORMS, AskedFractions
from EchoSynthLib.tasks.parts.cine_items import RECORDS, CineSettings, make_cines, record_of, video_of
from EchoSynthLib.tasks.task import Context, Task, parameter

CINES, DESCRIPTION = "cines.json", "dataset.json"
_CHUNK = 1
_SPARE = 1.1  # of the space that is asked for: files of some hearts are larger than those of others


@dataclass(frozen=True, kw_only=True)
class CineDataset(Task):
    """Draws hearts and lets them beat.

    When it is cancelled, what it has made stays: the next run with the same output folder goes on from there.
    """

    name = "cine-dataset"
    summary = "Make a data set of beating hearts that nobody has: cines with ejection fractions and all label maps."

    output: Path = parameter(help="folder for the set; what is there of the same set is not made again")
    count: int = parameter(10, minimum=1, maximum=1_000_000, unit="hearts", help="how many, each in all views")
    ef: str = parameter("uniform:10-90", help=f"ejection fraction in percent: {FORMS}")
    views: str = parameter(
        ",".join(view.name for view in BIPLANE), help=f"with commas between: {', '.join(view_names('synthesis'))}"
    )
    frames: int = parameter(192, minimum=FRAMES[0], maximum=FRAMES[1], unit="frames", help="of a cine")
    fps: float = parameter(32.0, minimum=FRAME_RATES[0], maximum=FRAME_RATES[1], unit="1/s", help="frames per second")
    side: int = parameter(112, minimum=64, maximum=512, unit="pixels", help="of the square frames")
    condition: str = parameter(MIXED, choices=(MIXED, *CONDITIONS), help="of the hearts")
    skill: float = skill_parameter()
    privacy_threshold: float | None = parameter(
        None,
        minimum=0.0,
        maximum=1.0,
        help="correlation with a patient whom the models learned from, from which on a heart is replaced by another; "
        "none takes the model's own, see `echosynth privacy`",
    )
    seed: int = seed_parameter("a cine depends on it, on the heart's number and on the view alone")
    dataset_name: str = parameter("EchoSynth", help="name of nnU-Net's folder in the set, letters and digits")
    workers: int = workers_parameter("that draw; the cines are the same with any number")
    cluster: str | None = cluster_parameter()

    def run(self, context: Context) -> dict[str, Any]:
        """Makes what is missing, and writes the tables and record.json; see `Task.run`."""
        started = time.perf_counter()
        check_places(self.workers, self.cluster)
        settings = self._settings()
        folder = check_writable(output_folder(self.output))
        claim(folder, CINES, settings.to_dict(), "a set of cines")
        missing = [index for index in range(self.count) if not (folder / record_of(index)).is_file()]
        with closing(self._made(settings, missing, folder, context)) as made:
            for files in made:
                for name, content in files.items():
                    write_content(folder / name, content)
        context.progress(self.count, self.count, "tables")
        told = [json.loads((folder / record_of(index)).read_text(encoding="utf-8")) for index in range(self.count)]
        cines = [cine for heart in told for cine in heart["cines"]]
        names = [cine["name"] for cine in cines]
        tables = write_tables(folder, (video_of(cine) for cine in cines))
        about = json.dumps(description(self.dataset_name, len(names), names), indent=2) + "\n"
        write_content(folder / settings.layout / DESCRIPTION, about.encode())
        record = new_record(self.name, synthetic=True) | settings.to_dict()
        record |= {"count": self.count, "cines": len(cines), "made_now": len(missing)}
        record |= {"refused": [reason for heart in told for reason in heart["refused"]]}
        missed = [cine["name"] for cine in cines if cine["reached"] is False]
        fractions = [cine["ejection_fraction"]["labels"] for cine in cines]
        record |= {"ejection_fractions": [min(fractions), max(fractions)], "closest": _closest(cines)}
        record |= {"not_reached": missed, "seconds": seconds_since(started)}
        record |= {"outputs": {"videos": VIDEOS, **tables, "nnunet": settings.layout, "records": RECORDS}}
        return write_records(folder, RECORD, folder, with_warnings(record, _doubts(missed)))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How many cines, how many hearts were drawn in vain, and how near a cine comes to a known patient."""
        before = record["count"] - record["made_now"]
        rest = f", {before} of the hearts made before" if before else ""
        refused = f"; {len(record['refused'])} hearts were refused and replaced" if record["refused"] else ""
        near = record["closest"]
        closest = f"{near['name']}, {near['correlation']:.3f} with {near['nearest']}"
        return [
            f"{record['cines']} cines of {record['count']} hearts{rest}{refused}",
            f"most like a patient: {closest} (from {near['threshold']:.3f} on refused)",
        ]

    def _settings(self) -> CineSettings:
        views = tuple(views_asked(self.views, "synthesis"))
        if not (self.dataset_name.isascii() and self.dataset_name.isalnum()):
            raise InputError(f"A data set's name consists of letters and digits; given was {self.dataset_name!r}.")
        cohort = Cohort(self.seed, self.condition, self.skill, self.side)
        layout = f"Dataset001_{self.dataset_name}"
        return CineSettings(
            cohort, AskedFractions.of(self.ef), views, self.frames, self.fps, layout, self.privacy_threshold
        )

    def _made(
        self, settings: CineSettings, missing: list[int], folder: Path, context: Context
    ) -> Generator[dict[str, bytes], None, None]:
        """The files of each heart. What the first one takes tells what all take: space is asked for, time is told."""
        done = self.count - len(missing)
        if not missing:
            return
        started = time.perf_counter()
        first = make_cines(settings, missing[0], context.part(done, self.count, f"heart {missing[0]}"))
        size, seconds = sum(map(len, first.values())), time.perf_counter() - started
        yield first
        rest = missing[1:]
        _check_space(folder, size, len(rest))
        told = f"about {size * len(rest) / 1e6:.0f} MB and {clock(seconds * len(rest) / self.workers)} for the rest"
        context.progress(done + 1, self.count, told)
        yield from self._rest(settings, rest, done + 1, context)

    def _rest(self, settings: CineSettings, rest: list[int], done: int, context: Context) -> Iterator[dict[str, bytes]]:
        if self.workers == 1 and self.cluster is None:
            for number, index in enumerate(rest):
                yield make_cines(settings, index, context.part(done + number, self.count, f"heart {index}"))
            return

        def progress(index: int, _: int, message: str) -> None:
            context.progress(done + index, self.count, message or f"{done + index} of {self.count} hearts")

        yield from run_items(
            partial(make_cines, settings),
            rest,
            workers=self.workers,
            cluster=self.cluster,
            chunk=_CHUNK,
            progress=progress,
        )


def _check_space(folder: Path, size: int, hearts: int) -> None:
    """OutputError where the files of so many hearts, of a size in bytes each, find no room."""
    free, wanted = shutil.disk_usage(folder).free, _SPARE * size * hearts
    if wanted > free:
        raise OutputError(
            f"The files of {hearts} more hearts take about {wanted / 1e9:.3g} GB, and where {folder} lies "
            f"{free / 1e9:.3g} GB are free; ask for fewer hearts, or choose another output. What is made stays."
        )


def _closest(cines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cine that is most like a patient whom the models learned from, with what is told of that."""
    cine = max(cines, key=lambda cine: float(cine["privacy"]["correlation"]))
    told = ("correlation", "threshold", "nearest", "nearest_at")
    return {"name": cine["name"], **{key: cine["privacy"][key] for key in told}}


def _doubts(missed: list[str]) -> list[str]:
    if not missed:
        return []
    more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
    return [f"{missed[0]}{more}: not the ejection fraction asked for, but the nearest that the heart takes"]
