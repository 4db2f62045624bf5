"""How the fit learns its own errors: drawn hearts are cut as hands do it, fitted, and compared with what they are.

Nothing else of it is learned. What the pictures leave open, and what a hand that misses the apex makes smaller, shows
in how true volumes lie about fitted ones; the range that nine hearts of ten lie in goes with each fitted volume.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.progress import silent
from EchoSynthLib.reconstruction.cohort_folder import read_cohort
from EchoSynthLib.reconstruction.fit.pipeline import FitPipeline, chamber_volumes
from EchoSynthLib.training.card import Made, ModelCard, train_command
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.terms import NOBODYS

HEARTS = 120
"""Where neither iterations nor minutes are asked for: each is fitted at end-diastole and at end-systole."""
HELD_OUT = 3
"""One in so many hearts is not learned from but reported."""
INSIDE = 0.90
"""Share of the hearts that lie within an interval."""
SKILLS = (0.0, 0.5, 1.0)
"""Spreads of the hand, one heart after another: who holds the probe is not known afterwards."""
VIEWS = (FOUR_CHAMBER.name, TWO_CHAMBER.name)


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
    learned: list[dict[str, float]] = []
    held_out: list[dict[str, float]] = []
    done = 0
    for index in range(wanted):
        if run.minutes is not None and time.perf_counter() - started > 60 * run.minutes:
            break
        tell(index, wanted, f"heart {index + 1} of {wanted}")
        to = held_out if index % HELD_OUT == HELD_OUT - 1 else learned
        to.extend(ratios(cohort, index, pipeline))
        done = index + 1
    tell(wanted, wanted, "fitted")
    errors = intervals(learned)
    minutes = (time.perf_counter() - started) / 60
    figures = {f"hearts within the interval, {name}": covered(held_out, name, errors[name]) for name in errors}
    figures |= {
        f"volume error, {name}": float(np.mean([abs(1 / np.exp(row[name]) - 1) for row in held_out])) for name in errors
    }
    config = {"system": "reconstruction.fit", "side": pipeline.grid.side, "errors": errors, "figures": figures}
    card = ModelCard(
        name=run.name,
        summary="The heart of `anatomy/heart3d` whose surfaces pass through the outlines of label maps of 4CH and 2CH, "
        "and of 3CH where there is one: chambers and walls in millimeters, volumes with their intervals, and the plane "
        "of each picture.",
        network={
            "method": "no network: nonlinear least squares, maximum a posteriori, over 37 numbers of the left heart "
            "and 6 of each plane",
            "learned": "the intervals alone: by how much true volumes miss fitted ones",
        },
        recipe="`EchoSynthLib/reconstruction/fit/recipe.py`: hearts are cut by hands of three skills and fitted; each "
        f"interval holds {INSIDE:.0%} of them",
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
        measured="share of the held-out hearts' volumes within their intervals, and mean error of the volumes, 1 being "
        "all of it",
        limits="Right ventricle, right atrium and aorta are shown by no label map of CAMUS: they are what hearts with "
        "such a left heart mostly have. Intervals are those of drawn hearts; a probe held farther off than theirs, a "
        "shape that no drawn heart has, or a wrong label map is not in them.",
    )
    return write_model_folder(run.output / run.name, config, card, lambda part: None)


def ratios(cohort: Cohort, index: int, pipeline: FitPipeline) -> Iterator[dict[str, float]]:
    """Logarithms of true over fitted volumes by chamber, of a heart at both moments."""
    looked_at = Cohort(**(asdict(cohort) | {"skill": SKILLS[index // HELD_OUT % len(SKILLS)], "frames": 2}))
    heart = looked_at.heart(index)
    cuts = {view: looked_at.cuts(index, view) for view in VIEWS}
    for moment, phase in enumerate(looked_at.phases(heart)):
        frames = {view: of_view[moment] for view, of_view in cuts.items()}
        # Half as an observer traces them, half as they are: whose label maps will come is not known.
        traced = (index + moment) % 2 == 0
        maps = {
            view: frame.traced(looked_at.tracing(index, view)) if traced else frame.label_map
            for view, frame in frames.items()
        }
        if all((label_map == CamusCode.LV_CAVITY).any() for label_map in maps.values()):
            fitted = pipeline.fit(maps, {view: frame.spacing for view, frame in frames.items()})
            found, truth = chamber_volumes(Heart(fitted.parameters)), chamber_volumes(heart, phase)
            yield {name: float(np.log(truth[name] / found[name])) for name in found}


def intervals(rows: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """By chamber the (low, high) that `INSIDE` of the rows lie between, as many below as above."""
    outside = (1 - INSIDE) / 2
    found = {}
    for name in rows[0]:
        low, high = np.quantile([row[name] for row in rows], [outside, 1 - outside], method="weibull")
        found[name] = (round(float(low), 4), round(float(high), 4))
    return found


def covered(rows: Sequence[Mapping[str, float]], name: str, interval: tuple[float, float]) -> float:
    """Share of the rows within an interval; NaN where there are none."""
    inside = [interval[0] <= row[name] <= interval[1] for row in rows]
    return float(np.mean(inside)) if inside else float("nan")
