"""The task `experiment`: what generators, and ways to train classifiers, are worth, measured on frames kept apart."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError, needs
from EchoSynthLib.experiment.settings import PRESETS, TRAINED, ExperimentSettings, parse_solvers
from EchoSynthLib.records import new_record
from EchoSynthLib.tasks.common.options import cluster_parameter, seed_parameter, workers_parameter
from EchoSynthLib.tasks.common.output_places import check_writable
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import Context, Task, parameter, parameters_of

_SHORTEST, _LONGEST = 0.01, 100_000
SYNTHETIC_TRAINING = "synthetic-training"
CLASSIFIERS = ("backmix", "experts")
SHARED = ("experiment", "data", "output", "seed", "device")
"""Options of all experiments."""
OPTIONS: Mapping[str, tuple[str, ...]] = {"backmix": ("overlays", "iterations"), "experts": ()}
"""Of those of classifiers; all others are of the first one."""


@dataclass(frozen=True, kw_only=True)
class Experiment(Task):
    """Compares generators by the segmentation that their images teach, or classifiers by what they look at.

    When it is cancelled, what it has made stays: the next run with the same output folder goes on from there.
    """

    name = "experiment"
    summary = "Compare generators by what their images teach, or classifiers by whether they look at the heart."

    experiment: str = parameter(main=True, choices=(SYNTHETIC_TRAINING, *CLASSIFIERS), help="which experiment")
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
    workers: int = workers_parameter("that draw; the images are the same with any number")
    cluster: str | None = cluster_parameter()

    overlays: Path | None = parameter(
        None,
        help="of backmix: folder with pictures of one laboratory's screens, whose overlays train frames wear; none "
        "imitates them",
    )
    iterations: int | None = parameter(
        None,
        minimum=1,
        maximum=1_000_000,
        unit="iterations",
        help="of each classifier, of backmix; none takes the usual number",
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Makes the stages that are missing, and writes the report; see `Task.run`.

        Raises:
            InputError: an option was given that the experiment does not have; and what its stages raise.
        """
        started = time.perf_counter()
        check_exists(self.data, "data")
        if self.overlays is not None:
            check_exists(self.overlays, "overlays")
        self._check_options()
        check_writable(self.output)
        with needs("full", "The experiment"):
            written = self._run(context)
        folder = self.output.resolve()
        outputs = {
            "report": str(folder / written["report"]),
            "results": str(folder / written["results"]),
            "plots": [str(folder / name) for name in written["plots"]],
        }
        about = {"experiment": self.experiment, "seed": self.seed, "outputs": outputs}
        return new_record(self.name, started=started) | about

    def _run(self, context: Context) -> dict[str, Any]:
        if self.experiment == SYNTHETIC_TRAINING:
            from EchoSynthLib.experiment.run import run

            return run(self._settings(), context.part)
        if self.experiment == "experts":
            from EchoSynthLib.experiment.experts.run import run as run_experts
            from EchoSynthLib.experiment.experts.settings import ExpertsSettings

            return run_experts(
                ExpertsSettings(data=self.data, output=self.output, seed=self.seed, device=self.device), context.part
            )
        return self._run_backmix(context)

    def _run_backmix(self, context: Context) -> dict[str, Any]:
        from EchoSynthLib.experiment.backmix.run import ITERATIONS, BackMixSettings, run

        settings = BackMixSettings(
            data=self.data,
            output=self.output,
            overlays=self.overlays,
            iterations=self.iterations or ITERATIONS,
            seed=self.seed,
            device=self.device,
        )
        return run(settings, context.part)

    def _check_options(self) -> None:
        """InputError where an option was given that this experiment does not have."""
        taken = {*SHARED, *OPTIONS.get(self.experiment, ())}
        others = {name for names in OPTIONS.values() for name in names}
        for option in parameters_of(type(self)):
            has = option.name in taken if self.experiment in OPTIONS else option.name not in others
            if not has and getattr(self, option.name) != option.default:
                name, given = option.name.replace("_", "-"), getattr(self, option.name)
                raise InputError(f"The experiment {self.experiment} has no {name}; leave it out (given was {given}).")

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
