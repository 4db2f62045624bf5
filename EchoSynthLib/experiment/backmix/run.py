"""Both experiments in one: draw the frames, train and judge the arms, write the report and its picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.experiment.backmix import arms, frames, picture, report
from EchoSynthLib.experiment.backmix.arms import BACKMIX, PLAIN, REAL_ARMS, TAG_ARMS, WEIGHTED, Arm
from EchoSynthLib.experiment.backmix.overlays import real_overlays
from EchoSynthLib.experiment.labeled_screens import real_views
from EchoSynthLib.experiment.stages import Stage, Workplace, read_json
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, joined, load_labeled_frames
from EchoSynthLib.images.screens import KINDS, TAG_SIZE, layout
from EchoSynthLib.images.write import write_record
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.types import Progress

REPORT, RESULTS = "report.md", "results.json"
SIDE = 64
HEARTS = {"train": 250, "val": 30, "test": 60}
"""Of the drawn cohort in each split; each gives eight frames."""
ITERATIONS = 300
TAGGED, TAG_FREE, REAL = "tagged", "tag-free", "real"
FRAMES = "frames.npz"


@dataclass(frozen=True)
class BackMixSettings:
    """What a user decides.

    Attributes:
        data: CAMUS .npz with index.csv beside it: the real frames.
        output: folder for report, results, picture and stages.
        overlays: folder with pictures of screens of one laboratory, which the real train frames wear; None for an
            imitation of one.
        iterations: of each classifier.
        hearts: of the drawn cohort in each split.
        seed: of everything random.
        device: that torch knows.
    """

    data: Path
    output: Path
    overlays: Path | None = None
    iterations: int = ITERATIONS
    hearts: tuple[tuple[str, int], ...] = tuple(HEARTS.items())
    seed: int = 0
    device: str = "cpu"


class BackMixExperiment:
    """Its stages: a source of screens, frames under overlays, and of each arm a judged classifier."""

    def __init__(self, settings: BackMixSettings) -> None:
        self.settings = settings
        self.root = settings.output / "stages"
        seed = settings.seed
        drawn = {"revision": 1, "hearts": dict(settings.hearts), "side": SIDE, "seed": seed}
        worn = _sum_of_folder(settings.overlays) if settings.overlays is not None else None
        real = {"revision": 1, "data": sha256_of_file(settings.data), "overlays": worn, "side": SIDE, "seed": seed}
        self.drawn = Stage(self.root, "frames-drawn", "drawing hearts", drawn, self._draw)
        tags = {"revision": 1, "frames": self.drawn.key, "right": frames.TAG_RIGHT, "size": TAG_SIZE}
        self.tags = Stage(self.root, "frames-tagged", "writing tags", tags, self._tag)
        self.real = Stage(self.root, "frames-real", "laying overlays over real frames", real, self._lay_over)

    def frames_of(self, which: str) -> Path:
        """The file of labeled frames of one of TAGGED, TAG_FREE, REAL; its stage has to be made."""
        stages = {REAL: self.real, TAGGED: self.tags, TAG_FREE: self.drawn}
        return stages[which].folder / f"{which}.npz"

    def trained(self, which: str, arm: Arm) -> Stage:
        """The stage of a judged classifier; that of its frames has to be made."""
        file = self.frames_of(which)
        how = (self.settings.iterations, self.settings.device, self.settings.seed)
        return Stage(
            self.root, "classifier", f"training on {which} frames: {arm.name}", arms.inputs(arm, file, *how),
            partial(arms.make, arm, file, *how),
        )  # fmt: skip

    def plan(self) -> list[tuple[str, Arm]]:
        """All arms, those that answer the most first."""
        first = [(TAG_FREE, PLAIN), *((TAGGED, arm) for arm in (PLAIN, BACKMIX, WEIGHTED))]
        rest = [(REAL, arm) for arm in REAL_ARMS] + [(TAGGED, arm) for arm in TAG_ARMS]
        return list(dict.fromkeys(first + rest))

    def _draw(self, work: Workplace) -> None:
        settings = self.settings
        drawn = frames.drawn_views(dict(settings.hearts), SIDE, settings.seed, work.progress)
        drawn.save(work.result / f"{TAG_FREE}.npz")

    def _tag(self, work: Workplace) -> None:
        free = load_labeled_frames(self.frames_of(TAG_FREE))
        rights = {"train": frames.TAG_RIGHT, "val": frames.TAG_RIGHT, "test": 1 / len(free.classes)}
        parts = [frames.tagged(free, split, split, right, self.settings.seed) for split, right in rights.items()]
        parts.append(frames.without(free, "test", "test without tags"))
        joined(parts, free.site).save(work.result / f"{TAGGED}.npz")

    def _lay_over(self, work: Workplace) -> None:
        settings = self.settings
        real = real_views(settings.data, SIDE, settings.seed, work.progress)
        worn = overlays_of(settings)
        parts = [
            frames.worn(real, split, split, worn, frames.OVERLAY_OF_CLASS, settings.seed) for split in ("train", "val")
        ]
        parts.append(frames.elsewhere(real, "val", "test", settings.seed))
        joined(parts, real.site).save(work.result / f"{REAL}.npz")

    def results(self) -> dict[str, Any]:
        """Of all that is made so far."""
        judged: dict[str, dict[str, Any]] = {TAG_FREE: {}, TAGGED: {}, REAL: {}}
        for which, arm in self.plan():
            if (stage := self.trained(which, arm)).is_made:
                seconds = stage.record()["seconds_of_last_run"]
                judged[which][arm.name] = {**read_json(stage.folder / arms.RESULT), "seconds": seconds}
        settings = self.settings
        about = {
            "iterations": settings.iterations,
            "hearts": dict(settings.hearts),
            "side": SIDE,
            "seed": settings.seed,
            "overlays": "of real screens" if settings.overlays is not None else "imitated",
            "frames": {which: _counts(load_labeled_frames(self.frames_of(which))) for which in judged},
        }
        return {"about": about, "judged": judged}


def overlays_of(settings: BackMixSettings) -> list[Any]:
    """What the train frames of the real experiment wear."""
    import numpy as np

    if settings.overlays is not None:
        return real_overlays(settings.overlays, SIDE)
    kind = next(iter(KINDS))
    return [layout(kind, SIDE, np.random.default_rng((settings.seed, i, *b"lab"))) for i in range(12)]


def run(settings: BackMixSettings, part: Callable[[int, int, str], Progress]) -> dict[str, Any]:
    """Makes what is not made yet; the names of the files that tell of it. See `experiment.run.run` for `part`."""
    experiment = BackMixExperiment(settings)
    plan = experiment.plan()
    sources = (experiment.drawn, experiment.tags, experiment.real)
    count = len(plan) + len(sources)
    for index, stage in enumerate(sources):
        stage.ensure(part(index, count, stage.title))
    for index, (which, arm) in enumerate(plan):
        stage = experiment.trained(which, arm)
        made_before = stage.is_made
        stage.ensure(part(index + len(sources), count, stage.title))
        if not made_before:
            write_results(experiment)
    return {"report": REPORT, "results": RESULTS, "plots": write_results(experiment)}


def write_results(experiment: BackMixExperiment) -> list[str]:
    """Writes report, results and picture; returns the picture's name."""
    results = experiment.results()
    with OutputFolder(experiment.settings.output) as hidden:
        plots = picture.save(experiment, results, hidden)
        shown = "\n".join(f"![{name}]({name})" for name in plots)
        (hidden / REPORT).write_text(f"{report.report(results)}\n{shown}\n", encoding="utf-8")
        write_record(hidden / RESULTS, results)
    return plots


def _counts(found: LabeledFrames) -> dict[str, int]:
    return {split: int((found.split == split).sum()) for split in dict.fromkeys(found.split.tolist())}


def _sum_of_folder(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of_file(path) for path in sorted(folder.iterdir()) if path.is_file()}
