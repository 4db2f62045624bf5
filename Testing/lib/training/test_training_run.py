"""What a recipe is asked for, and how its stages share it."""

from __future__ import annotations

from pathlib import Path

import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.training.run import TrainingRun

RUN = TrainingRun(Path("camus.npz"), Path("runs"), iterations=1000, minutes=60, seed=3)


def test_without_a_budget_a_recipe_takes_its_own_iterations() -> None:
    asked = TrainingRun(Path("camus.npz"), Path("runs"))
    assert asked.of(8000).budget == {"iterations": 8000, "minutes": None}
    assert RUN.of(8000) == RUN
    assert TrainingRun(Path("camus.npz"), Path("runs"), minutes=5).of(8000).budget == {"iterations": None, "minutes": 5}
    with pytest.raises(InputError, match="give iterations, or minutes"):
        asked.of(None)


def test_stages_share_budget_and_progress() -> None:
    told: list[float] = []
    run = TrainingRun(
        Path("camus.npz"), Path("runs"), 1000, 60, seed=3, progress=lambda done, total, _: told.append(done / total)
    )
    first, second = run.stage(Path("runs/structure"), 0, 0.7), run.stage(Path("runs/speckle"), 0.7, 1)
    assert (first.iterations, second.iterations) == (700, 300)
    assert (first.minutes, second.minutes) == (pytest.approx(42), pytest.approx(18))
    assert (second.output, second.data, second.seed) == (Path("runs/speckle"), run.data, 3)
    for stage in (first, second):
        assert stage.progress
        stage.progress(0, 10, "")
        stage.progress(10, 10, "")
    assert told == pytest.approx([0, 0.7, 0.7, 1])


def test_a_card_tells_what_was_asked_for() -> None:
    assert RUN.asked == {"iterations": 1000, "minutes": 60, "seed": 3, "device": "cpu"}
