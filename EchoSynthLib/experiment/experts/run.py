"""Four sites join one after another, by experts and by what they are compared with; tables of what each way knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.experiment.experts import frames, picture, report
from EchoSynthLib.experiment.experts.settings import PRESET, ExpertsSettings
from EchoSynthLib.experiment.experts.ways import FUSED, RESULTS, Ways
from EchoSynthLib.experiment.stages import Stage, Workplace, read_json
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames
from EchoSynthLib.images.write import write_record
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.types import Progress

REPORT = "report.md"
FINE_TUNED_CONSTANT = "fine-tune, constant head"


class ExpertsExperiment:
    """Its stages: frames of the sites, then each way to learn from them."""

    def __init__(self, settings: ExpertsSettings) -> None:
        self.settings, root = settings, settings.output / "stages"
        about = {"revision": 1, "data": sha256_of_file(settings.data), "hearts": settings.hearts, "seed": settings.seed}
        self.frames = Stage(root, "frames-sites", "drawing the sites", about, self._draw)
        self.ways = Ways(settings, self.frames, frames.ORDER)
        how = {
            "revision": 2,
            "preset": PRESET,
            "frames": self.frames.key,
            "effort": settings.effort,
            "device": settings.device,
        }
        self.experts = Stage(root, "experts", "experts join", how, self.ways.join)
        self.others = [Stage(root, "together", report.TOGETHER, how, self.ways.together)]
        for title, expanding in ((report.FINE_TUNED, True), (FINE_TUNED_CONSTANT, False)):
            make = partial(self.ways.fine_tune, expanding)
            self.others.append(Stage(root, "fine-tuned", title, how | {"expanding": expanding}, make))

    def stages(self) -> list[Stage]:
        """All, in the order in which they are made."""
        return [self.frames, self.experts, *self.others]

    def _draw(self, work: Workplace) -> None:
        settings = self.settings
        for site in frames.DRAWN:
            drawn = frames.drawn_site(site, settings.seed, settings.hearts or site.hearts, work.progress)
            drawn.save(work.result / f"{site.name}.npz")
        frames.real_site(settings.data, settings.seed, work.progress).save(work.result / f"{frames.REAL}.npz")

    def results(self) -> dict[str, Any]:
        """Of all that is made so far: each way, on each site, at the end and after each step; processor seconds."""
        ways: dict[str, Any] = {}
        after: dict[str, Any] = {}
        seconds: dict[str, float] = {}
        if self.experts.is_made:
            told = read_json(self.experts.folder / RESULTS)
            ways, seconds, after[FUSED[0]] = told["ways"], told["seconds"], told["after"]
        for stage in self.others:
            if stage.is_made:
                told = read_json(stage.folder / RESULTS)
                ways[stage.title], seconds[stage.title] = told["told"], told["seconds"]
                if "after" in told:
                    after[stage.title] = told["after"]
        counts = {name: _counts(self.ways.site(name)) for name in frames.ORDER}
        about = {"seed": self.settings.seed, "effort": self.settings.effort}
        return {"ways": ways, "after": after, "seconds": seconds, "sites": counts, **about}


def run(settings: ExpertsSettings, part: Callable[[int, int, str], Progress]) -> dict[str, Any]:
    """Makes what is not made yet; the names of the files that tell of it. See `experiment.run.run` for `part`."""
    experiment = ExpertsExperiment(settings)
    stages = experiment.stages()
    for index, stage in enumerate(stages):
        made_before = stage.is_made
        stage.ensure(part(index, len(stages), stage.title))
        if index and not made_before:
            write_results(experiment)
    return {"report": REPORT, "results": RESULTS, "plots": write_results(experiment)}


def write_results(experiment: ExpertsExperiment) -> list[str]:
    """Writes report, results and picture into the output folder; returns the picture's name."""
    results = experiment.results()
    with OutputFolder(experiment.settings.output) as hidden:
        plots = picture.save(results, hidden)
        shown = "".join(f"\n![{name}]({name})\n" for name in plots)
        (hidden / REPORT).write_text(report.report(results) + shown, encoding="utf-8")
        write_record(hidden / RESULTS, results)
    return plots


def _counts(found: LabeledFrames) -> dict[str, Any]:
    splits = {name: int((found.split == name).sum()) for name in ("train", "val")}
    return {**splits, "classes": list(found.classes)}
