"""How the fit learns its own errors: drawn hearts are cut as hands do it, fitted, and compared with what they are.

Nothing else of it is learned. What the pictures leave open, and what a hand that misses the apex makes smaller, shows
in how true volumes lie about fitted ones; see `errors` for what that is told from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.structures import LEFT_ATRIUM
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.cohort import read_cohort
from EchoSynthLib.progress import silent
from EchoSynthLib.reconstruction.drawn import drawn_moments
from EchoSynthLib.reconstruction.fit.errors import CUES, INSIDE, VolumeErrors
from EchoSynthLib.reconstruction.fit.pipeline import FitPipeline, chamber_volumes
from EchoSynthLib.training.card import Made, ModelCard, train_command
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.terms import NOBODYS

HEARTS = 450
"""Where neither iterations nor minutes are asked for: each is fitted at end-diastole and at end-systole."""
HELD_OUT = 3
"""One in so many hearts is not learned from but reported."""
SKILLS = (0.0, 0.5, 1.0)
"""Spreads of the hand, one heart after another: who holds the probe is not known afterwards."""
VIEWS = (FOUR_CHAMBER.name, TWO_CHAMBER.name, LONG_AXIS.name)
_BY_VIEWS = 4
"""Of so many hearts, one after another, the second half is fitted to three views, the others to two."""


def train(run: TrainingRun) -> Path:
    """Fit hearts of a folder that `echosynth cohort` made; returns the model folder it makes.

    An iteration is a heart. Of the folder only the numbers that its hearts are drawn from are read.

    Raises:
        InputError: there is no cohort in the folder.
    """
    run = run.of(HEARTS)
    cohort, count = read_cohort(run.data)
    started = time.perf_counter()
    wanted = min(count, run.iterations or count)
    pipeline, tell = FitPipeline(), run.progress or silent
    learned: list[Fitted] = []
    held_out: list[Fitted] = []
    done = 0
    for index in range(wanted):
        if run.minutes is not None and time.perf_counter() - started > 60 * run.minutes:
            break
        tell(index, wanted, f"heart {index + 1} of {wanted}")
        to = held_out if index % HELD_OUT == HELD_OUT - 1 else learned
        to.extend(fitted(cohort, index, pipeline))
        done = index + 1
    tell(wanted, wanted, "fitted")
    if not learned:
        raise InputError("No heart was fitted in that time; give more minutes, or iterations instead.")
    errors = VolumeErrors.learn(
        np.array([row.cues for row in learned]),
        {name: np.array([row.ratios[name] for row in learned]) for name in learned[0].ratios},
    )
    minutes = (time.perf_counter() - started) / 60
    figures = judged(errors, held_out)
    config = {
        "system": "reconstruction.fit",
        "side": pipeline.grid.side,
        "errors": errors.to_dict(),
        "figures": figures,
    }
    card = ModelCard(
        name=run.name,
        summary="The heart of `anatomy/heart3d` whose surfaces pass through the outlines of label maps of 4CH and 2CH, "
        "and of 3CH where there is one: chambers and walls in millimeters, volumes with their intervals, and the plane "
        "of each picture.",
        network={
            "method": "no network: nonlinear least squares, maximum a posteriori, over 37 numbers of the left heart "
            "and 6 of each plane",
            "learned": "the intervals and the expected volumes alone: by how much true volumes miss fitted ones, given "
            + ", ".join(CUES),
        },
        recipe="`EchoSynthLib/reconstruction/fit/recipe.py`: hearts are cut by hands of three skills and fitted, "
        f"half to two views and half to three; each interval holds {INSIDE:.0%} of them",
        made=Made(
            f"{done - done // HELD_OUT} drawn hearts (cohort of seed {cohort.seed}, {cohort.condition}), each at "
            "end-diastole and end-systole",
            NOBODYS,
            train_command(run.name, run.data, run.output, **run.asked),
            run.device,
            f"val split: {done // HELD_OUT} other hearts of the cohort",
        ),
        trained=f"{done} iterations of one heart in {minutes:.1f} minutes",
        figures=figures,
        measured="share of the held-out hearts' volumes within their intervals, and mean error of the fitted and the "
        "expected volumes, 1 being all of it; by hand are those that a hand of routine cut",
        limits="Right ventricle, right atrium and aorta are shown by no label map of CAMUS: they are what hearts with "
        "such a left heart mostly have. Intervals are those of drawn hearts; a probe held farther off than theirs, a "
        "shape that no drawn heart has, or a wrong label map is not in them.",
    )
    return write_model_folder(run.output / run.name, config, card, lambda part: None)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A drawn heart at one moment, fitted.

    Attributes:
        skill: of the hand that cut it.
        cues: (len(CUES),) of the fit.
        ratios: logarithms of true over fitted volumes, by chamber.
    """

    skill: float
    cues: NDArray[np.float64]
    ratios: Mapping[str, float]


def fitted(cohort: Cohort, index: int, pipeline: FitPipeline) -> Iterator[Fitted]:
    """A heart at both moments; a moment at which a hand missed the cavity in any view is left out."""
    skill = SKILLS[index // HELD_OUT % len(SKILLS)]
    looked_at = Cohort(**(asdict(cohort) | {"skill": skill, "frames": 2}))
    views = VIEWS if index % _BY_VIEWS >= _BY_VIEWS // 2 else VIEWS[:2]
    # Half as an observer traces them, half as they are: whose label maps will come is not known.
    traced = [moment for moment in (0, 1) if (index + moment) % 2 == 0]
    for seen in drawn_moments(looked_at, index, VIEWS, traced):
        maps = {view: seen.label_maps[view] for view in views}
        found = pipeline.fit(maps, seen.spacing)
        volumes, truth = chamber_volumes(Heart(found.parameters)), chamber_volumes(seen.heart, seen.phase)
        told = pipeline.cues(found, maps, seen.spacing, volumes[LEFT_ATRIUM.name])
        yield Fitted(skill, told, {name: float(np.log(truth[name] / volumes[name])) for name in volumes})


def judged(errors: VolumeErrors, hearts: Sequence[Fitted]) -> dict[str, float]:
    """Of hearts not learned from: how many lie in their intervals, and how far off volumes are; NaN of none."""
    told = [errors.at(heart.cues) for heart in hearts]
    figures = {}
    for name in errors.chambers:
        inside = [
            low <= h.ratios[name] <= high for h, t in zip(hearts, told, strict=True) for _, low, high in [t[name]]
        ]
        figures[f"hearts within the interval, {name}"] = _mean(inside)
    for name in errors.chambers:
        off = np.array([[-h.ratios[name], t[name][0] - h.ratios[name]] for h, t in zip(hearts, told, strict=True)])
        off = np.abs(np.exp(off.reshape(-1, 2)) - 1)
        hand = np.array([heart.skill == max(SKILLS) for heart in hearts], bool)
        for called, values in ((name, off), (f"{name}, by hand", off[hand])):
            figures[f"volume error, {called}"] = _mean(values[:, 0])
            figures[f"expected volume's error, {called}"] = _mean(values[:, 1])
    return figures


def _mean(values: Sequence[bool] | NDArray[np.float64]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
