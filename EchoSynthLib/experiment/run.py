"""Make all stages of an experiment, and write what they found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from EchoSynthLib.experiment.frames import load_frames
from EchoSynthLib.experiment.gallery import save_gallery
from EchoSynthLib.experiment.plan import Experiment
from EchoSynthLib.experiment.plots import save_plots
from EchoSynthLib.experiment.report import report
from EchoSynthLib.experiment.results import collect
from EchoSynthLib.experiment.settings import ExperimentSettings
from EchoSynthLib.images.write import write_record
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.types import Progress

REPORT, RESULTS = "report.md", "results.json"


def run(settings: ExperimentSettings, part: Callable[[int, int, str], Progress]) -> dict[str, Any]:
    """Makes each stage that is not made yet; returns the names of the files that tell of them.

    report.md, results.json and the pictures are written anew after each network that was judged, so that a long
    experiment can be read while it runs. What is made stays when the experiment is cancelled; the next run goes on
    from there.

    Args:
        settings: what to do.
        part: part(index, count, title) gives the progress function of one stage.

    Raises:
        InputError: the data, a model or a parameter cannot be used.
        Cancelled: progress says so.
    """
    experiment = Experiment(settings, load_frames(settings.data))
    stages = experiment.stages()
    for index, stage in enumerate(stages):
        made_before = stage.is_made
        stage.ensure(part(index, len(stages), stage.title))
        if stage.kind == "judged" and not made_before:
            write_results(experiment)
    return {"report": REPORT, "results": RESULTS, "plots": write_results(experiment)}


def write_results(experiment: Experiment) -> list[str]:
    """Writes report, results and pictures into the output folder, all or none; returns the pictures' names."""
    results = collect(experiment)
    with OutputFolder(experiment.settings.output) as hidden:
        plots = save_plots(results, hidden) + save_gallery(experiment, hidden)
        pictures = "\n".join(f"![{name}]({name})" for name in plots)
        (hidden / REPORT).write_text(f"{report(results)}\n{pictures}\n", encoding="utf-8")
        write_record(hidden / RESULTS, results)
    return plots
