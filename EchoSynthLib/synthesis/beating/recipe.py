"""How the distribution of motion is learned from pairs of real frames (torch)."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.progress import part
from EchoSynthLib.synthesis.beating.adherence import CINES, line_of
from EchoSynthLib.synthesis.beating.amplitude import Course
from EchoSynthLib.synthesis.beating.distribution import MODES, learned
from EchoSynthLib.synthesis.beating.export import export
from EchoSynthLib.synthesis.beating.field import integrated, moved_labels
from EchoSynthLib.synthesis.beating.generator import MotionGenerator, Sight
from EchoSynthLib.synthesis.beating.loops import HEARTS, drawn_loops
from EchoSynthLib.synthesis.beating.network import MotionNetwork
from EchoSynthLib.synthesis.beating.pairs import Pairs, lessons, read_pairs, registered
from EchoSynthLib.synthesis.beating.pipeline import BeatingPipeline
from EchoSynthLib.synthesis.beating.systole import look_of
from EchoSynthLib.synthesis.beating.velocities import STEPS, velocities_of
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.training.beam_data import load_beam_data
from EchoSynthLib.training.card import Made, ModelCard, train_command
from EchoSynthLib.training.derived import derived, sum_of_data
from EchoSynthLib.training.export import TorchNetwork
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.terms import terms_of

STRUCTURES = {"LV": (CamusCode.LV_CAVITY,), "myocardium": (CamusCode.MYOCARDIUM,), "LA": (CamusCode.LEFT_ATRIUM,)}
STAGES = ((0, 40), (40, 20), (60, 5), (65, 10), (75, 5), (80, 20))
"""Begin and width, in percent of the run: registered, made velocities, looked at, drawn, systole, seen."""
REVISION = 1
"""Raised when the code registers pairs otherwise."""


def train(run: TrainingRun, *, registrar: str, generator: str, segmenter: str) -> Path:
    """Learn from the train split of a CAMUS `.npz`, report the val split; returns the model folder it makes.

    An iteration is a step of the optimization that makes velocities of displacements, of all pairs at once.

    Args:
        run: what every recipe is asked for.
        registrar: name of the model by which frames are registered.
        generator: name of the model that draws a frame where there is a label map alone, and speckle.
        segmenter: name of the model by which the ejection fraction is seen that cines have.
    """
    run = run.of(STEPS)
    started = time.perf_counter()
    pairs, pictures = read_pairs(run.data)
    told = run.progress
    stages = [told and part(told, begin, 100, width=width) for begin, width in STAGES]
    found = derived(
        run.output / "registered.npz",
        f"{sum_of_data(run.data)} {registrar} {REVISION}",
        lambda: registered(pairs, pictures, load_pipeline(registrar, threads=1), stages[0]),
    )
    steps = STEPS if run.iterations is None else run.iterations
    velocities = velocities_of(found["displacement"], found["diastole"], found["systole"], steps, stages[1])
    chosen = pairs.is_train
    loops = drawn_loops(progress=stages[3])
    network, spread = learned(
        lessons(pairs.chosen(chosen), velocities[chosen], stages[2]), pairs.patient[chosen], loops, run.seed
    )
    figures = validate(network, spread, pairs.chosen(~chosen)) if not chosen.all() else {}
    look = look_of(pairs.chosen(chosen), pictures[chosen], stages[4])
    motion = MotionGenerator(TorchNetwork(network), {"modes": network.modes.shape[0], "ratio_spread": spread})
    judge = load_pipeline(segmenter, threads=1)
    line = line_of(
        BeatingPipeline(motion, generator, look),
        lambda image: judge(image).label_map,
        pairs.chosen(chosen),
        pictures[chosen],
        seed=run.seed,
        progress=stages[5],
    )
    config = {
        "system": "synthesis.beating",
        "generator": generator,
        "modes": network.modes.shape[0],
        "ratio_spread": round(spread, 4),
        "look": look.to_config(),
        "figures": figures,
    }
    if line is not None:
        config["seen"] = line.to_config()
        figures |= {"seen: slope": line.slope, "seen: constant, points": line.constant}
    return export(network, config, _card(run, network, steps, started, figures), run.output / run.name)


def validate(network: MotionNetwork, spread: float, pairs: Pairs) -> dict[str, float]:
    """Dice of label maps of end-diastole, moved with the true ejection fraction, with those of end-systole."""
    model = MotionGenerator(TorchNetwork(network), {"modes": network.modes.shape[0], "ratio_spread": spread})
    still, moved, missed = [], [], []
    for index in range(len(pairs)):
        diastole, systole = pairs.diastole[index], pairs.systole[index]
        wish = 100 * (
            1 - disc_volume(systole, pairs.spacing_of(index)) / disc_volume(diastole, pairs.spacing_of(index))
        )
        if wish <= 0:
            continue
        made, found = end_systole(model, pairs, index, wish)
        still.append(structure_dice(diastole, systole, STRUCTURES))
        moved.append(structure_dice(made, systole, STRUCTURES))
        missed.append(abs(found - wish))
    figures = {f"{name}, not moved": np.mean([one[name] for one in still]) for name in STRUCTURES}
    figures |= {name: np.mean([one[name] for one in moved]) for name in STRUCTURES}
    return {name: float(value) for name, value in (figures | {"EF missed, points": np.mean(missed)}).items()}


def end_systole(
    model: MotionGenerator, pairs: Pairs, index: int, ejection_fraction: float
) -> tuple[NDArray[np.uint8], float]:
    """The label map of end-systole by the mean motion, and its ejection fraction in percent."""
    labels, grid = pairs.diastole[index], pairs.grid(index)
    velocity = model.velocity(Sight.of(labels, grid, str(pairs.view[index])), ejection_fraction, 0.0)
    course = Course(labels, grid, velocity)
    amount = course.amount_of(course.given * (1 - ejection_fraction / 100))
    made = moved_labels(labels, grid.displacement(integrated(np.float32(amount) * velocity)))
    return made, 100 * (1 - course.volume(amount) / course.given)


def _card(run: TrainingRun, network: MotionNetwork, steps: int, started: float, figures: dict[str, float]) -> ModelCard:
    frames = load_beam_data(run.data, run.output / "beam_data.npz")
    numbers = sum(values.numel() for values in network.buffers())
    minutes = (time.perf_counter() - started) / 60
    return ModelCard(
        name=run.name,
        summary="How the heart of a label map may move between end-diastole and end-systole: label map, view and "
        "ejection fraction in, a smooth velocity on the heart's own grid out, another one for each seed.",
        network={
            "method": f"linear-Gaussian: ridge regression on {network.basis.shape[1]} principal components of the "
            f"label map, {network.modes.shape[0]} of at most {MODES} modes of what is "
            f"left; {numbers / 1e6:.2f} M numbers",
        },
        recipe="`EchoSynthLib/synthesis/beating/recipe.py`: pairs are registered, made stationary velocities that "
        "carry label maps onto each other, and regressed on the label maps' shapes; how gray levels change in systole "
        f"is the median over the pairs, and what a segmenter sees a line through {CINES} cines of train frames",
        made=Made(
            f"{frames.part('train').summary()}; for the second mode in time {HEARTS} drawn hearts, which nobody has",
            terms_of(frames, run.data),
            train_command(run.name, run.data, run.output, **run.asked),
            run.device,
            frames.part("val").summary(),
        ),
        trained=f"{steps} iterations of all pairs in {minutes:.1f} minutes",
        figures=figures,
        measured="Dice of end-diastolic label maps with those of end-systole, as they are and moved by the mean motion "
        "of the true ejection fraction, and by how many points the ejection fraction of the discs misses it; what "
        "the segmenter sees in cines of train frames (smallest and largest area^2 / length of 32 frames) is the slope "
        "times the ejection fraction of the labels plus the constant",
        limits="Apical two- and four-chamber views of adults. The right heart moves as far as the structures of the "
        "left one tell; what lies far from the left heart stays. Hearts whose walls move against one another, or whose "
        "ventricles are paced, are not among those it was learned from.",
    )
