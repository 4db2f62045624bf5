"""The task `experiment`: what generators are worth, measured on real frames."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import needs
from EchoSynthLib.experiment.settings import PRESETS, TRAINED, ExperimentSettings, parse_solvers
from EchoSynthLib.records import new_record
from EchoSynthLib.tasks.common.options import seed_parameter
from EchoSynthLib.tasks.common.output_places import check_writable
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import Context, Task, parameter

_SHORTEST, _LONGEST = 0.01, 100_000


@dataclass(frozen=True, kw_only=True)
class Experiment(Task):
    """Compares generators by the segmentation that their images teach.

    When it is cancelled, what it has made stays: the next run with the same output folder goes on from there.
    """

    name = "experiment"
    summary = "Compare generators: train segmentation on their images alone, and test it on real frames."

    experiment: str = parameter(main=True, choices=("synthetic-training",), help="which experiment")
    data: Path = parameter(help="real frames: a CAMUS .npz file, with index.csv beside it")
    output: Path = parameter(help="folder for report, results, plots and stages; stages that are there are not redone")
    preset: str = parameter("small", choices=tuple(PRESETS), help="size of the generators that are trained")
    models: str = parameter(
        "beam-flow",
        help=f"generators, with commas between: {', '.join(TRAINED)} are trained; others are names of models "
        "(zoo:NAME where both are possible) or paths of model folders",
    )
    variations: int = parameter(
        5, minimum=1, maximum=1000, unit="label maps", help="of each frame; the first is the frame's own"
    )
    frames: int | None = parameter(
        None, minimum=1, maximum=1_000_000, unit="frames", help="how many train frames are varied; none takes all"
    )
    minutes: float | None = parameter(
        None, minimum=_SHORTEST, maximum=_LONGEST, unit="minutes", help="of each training; none takes the preset's"
    )
    generator_minutes: float | None = parameter(
        None, minimum=_SHORTEST, maximum=_LONGEST, unit="minutes", help="of each generator's, instead of minutes"
    )
    segmenter_minutes: float | None = parameter(
        None, minimum=_SHORTEST, maximum=_LONGEST, unit="minutes", help="of each segmentation's, instead of minutes"
    )
    solvers: str | None = parameter(
        None,
        help="also compare these on a few images: SOLVER:STEPS, with commas between, as in heun:10,dpm-solver++:10",
    )
    solver_images: int = parameter(64, minimum=2, maximum=100_000, unit="images", help="how many are a few")
    seed: int = seed_parameter("of everything random")
    device: str = parameter("cpu", help="for training and diffusion models: cpu, cuda, cuda:1, mps: what torch knows")
    workers: int = parameter(
        1, minimum=1, maximum=1000, unit="processes", help="that draw; the images are the same with any number"
    )
    cluster: str | None = parameter(
        None,
        help="instead of workers: address of a Dask scheduler (tcp://HOST:8786), its file (scheduler.json), or local:2",
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Makes the stages that are missing, and writes the report; see `Task.run`."""
        started = time.perf_counter()
        check_exists(self.data, "data")
        check_writable(self.output)
        with needs("full", "The experiment"):
            from EchoSynthLib.experiment.run import run

            written = run(self._settings(), context.part)
        folder = self.output.resolve()
        outputs = {
            "report": str(folder / written["report"]),
            "results": str(folder / written["results"]),
            "plots": [str(folder / name) for name in written["plots"]],
        }
        about = {"experiment": self.experiment, "seed": self.seed, "outputs": outputs}
        return new_record(self.name, started=started) | about

    def _settings(self) -> ExperimentSettings:
        usual = PRESETS[self.preset]
        return ExperimentSettings(
            data=self.data,
            output=self.output,
            preset=self.preset,
            models=tuple(filter(None, (name.strip() for name in self.models.split(",")))),
            variations=self.variations,
            frames=self.frames,
            generator_minutes=self.generator_minutes or self.minutes or usual.generator,
            segmenter_minutes=self.segmenter_minutes or self.minutes or usual.segmenter,
            solvers=tuple(parse_solvers(self.solvers or "")),
            solver_images=self.solver_images,
            seed=self.seed,
            device=self.device,
            workers=self.workers,
            cluster=self.cluster,
        )
