"""What a user decides about an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.parallel import check_places
from EchoSynthLib.systems import RECIPES

TRAINED = tuple(name for name, recipe in RECIPES.items() if recipe.system.kind == "synthesis" and recipe.system.presets)
"""Models that an experiment trains: generators of a size that it can choose."""


@dataclass(frozen=True)
class Minutes:
    """How long each generator and each segmentation network is trained where the user does not say."""

    generator: float
    segmenter: float


PRESETS = {"small": Minutes(30, 30), "paper": Minutes(10_000, 600)}
"""`small` is for two CPU cores; `paper`, with networks of the papers' sizes, for a week on a GPU for each generator."""


@dataclass(frozen=True)
class ExperimentSettings:
    """One experiment.

    Attributes:
        data: a CAMUS .npz with index.csv beside it.
        output: folder for report, results, plots, and in `stages` all that they rest on.
        preset: size of the generators that are trained, a name of `PRESETS`.
        models: the generators, see `generators.find_generators`.
        variations: label maps of each train frame, the first of them its own.
        frames: how many train frames' label maps are varied and drawn; None for all. Generators and the networks that
            learn from real frames are trained on all.
        generator_minutes, segmenter_minutes: of each training.
        solvers: (solver, steps) to compare on `solver_images` images of each model that they fit.
        seed: of everything random.
        device: cpu, cuda, ...: what torch knows; for training and diffusion models.
        workers, cluster: where label maps are varied and images drawn, see `parallel.run_items`.
    """

    data: Path
    output: Path
    preset: str
    models: tuple[str, ...]
    variations: int
    frames: int | None
    generator_minutes: float
    segmenter_minutes: float
    solvers: tuple[tuple[str, int], ...]
    solver_images: int
    seed: int
    device: str
    workers: int
    cluster: str | None

    def check(self) -> None:
        """InputError where what was asked for cannot be measured."""
        check_places(self.workers, self.cluster)
        if self.frames is not None and self.frames * self.variations < 2:
            raise InputError("One image makes no set to compare; ask for more frames or more variations.")


def parse_solvers(text: str) -> list[tuple[str, int]]:
    """`heun:10,dpm-solver++:10` as [("heun", 10), ("dpm-solver++", 10)].

    Raises:
        InputError: an entry is not SOLVER:STEPS.
    """
    found = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        solver, _, steps = entry.rpartition(":")
        if not solver or not steps.isdecimal() or int(steps) < 1:
            raise InputError(f"{entry!r} is no SOLVER:STEPS; give for example heun:10,dpm-solver++:10.")
        found.append((solver, int(steps)))
    return found
