"""The report of an experiment: each figure stands in the row and the column that it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES
from EchoSynthLib.evaluation.speckle import SPECKLE_STATISTICS
from EchoSynthLib.experiment.report import report

ABOUT = {
    "date": "2026-01-02",
    "echosynth_version": "1.2.3",
    "machine": "an abacus",
    "stages": 9,
    "stages_made": 7,
    "data": "camus.npz",
    "data_sha256": "0123456789abcdef",
    "train_frames": 40,
    "train_patients": 10,
    "val_frames": 8,
    "val_patients": 2,
    "synthetic_images": 200,
    "variations": 5,
    "frames_varied": 40,
    "segmenter_minutes": 3.0,
    "device": "cpu",
    "seed": 7,
}


def interval(mean: float) -> dict[str, Any]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "std": 0.02, "frames": 8}


def network(trained_on: str, model: str | None, dice: float, difference: float | None) -> dict[str, Any]:
    return {
        "trained_on": trained_on,
        "model": model,
        "real_frames": 0 if trained_on == "synthetic" else 40,
        "synthetic_frames": 200 if model else 0,
        "minutes": 3.0,
        "iterations": 99,
        "dice": {name: interval(dice) for name in STRUCTURE_CODES},
        "difference": {} if difference is None else {name: interval(difference) for name in STRUCTURE_CODES},
        "view": {**interval(0.95), "subsets": {"mean": 0.95, "median": 0.94, "std": 0.01}},
    }


def looked(frechet: float) -> dict[str, Any]:
    statistics = dict.fromkeys(SPECKLE_STATISTICS, 0.5)
    return {
        "images": 100,
        "frechet": frechet,
        "kernel": 0.002,
        "speckle": {"LV cavity": statistics},
        "speckle, largest deviation": 0.1,
    }


def generator(model: str, frechet: float, **told: Any) -> dict[str, Any]:
    trained = {"preset": None, "minutes": None, "iterations": None, "device": None, "data": None, "trained_here": False}
    cost = {"parameters": 2_000_000, "multiply_accumulates": 171.1e9, "seconds": 0.25, "network_evaluations": 20}
    return {"model": model, **trained, **told, "solver": "heun", "steps": 10, **cost, **looked(frechet)}


RESULTS: dict[str, Any] = {
    "about": ABOUT,
    "generators": [
        generator("one", 0.11, preset="small", minutes=24.0, iterations=1434, device="cpu", data="hearts"),
        generator("other", 0.22),
    ],
    "networks": [
        network("real", None, 0.93, None),
        network("synthetic", "one", 0.91, -0.02),
        network("synthetic", "other", 0.90, -0.03),
        network("real + synthetic", "one", 0.935, 0.005),
    ],
    "samplers": [generator("one", 0.33)],
    "real train frames": [{"frames": 100, **looked(0.05)}],
}


def section(text: str, title: str) -> list[dict[str, str]]:
    """The rows of the first table below a heading."""
    lines = text.split(f"## {title}", 1)[1].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[start:] if line.startswith("|")]
    end = next((n for n, line in enumerate(lines[start:]) if not line.startswith("|")), len(lines))
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:end]]


@pytest.fixture(scope="module")
def text() -> str:
    return report(RESULTS)


def test_every_network_stands_beside_the_generator_that_it_learned_from(text: str) -> None:
    rows = section(text, "All")
    assert [(row["trained on"], row["model"], row["Frechet"]) for row in rows] == [
        ("real", "-", "0.05"),
        ("synthetic", "one", "0.11"),
        ("synthetic", "other", "0.22"),
        ("real + synthetic", "one", "0.11"),
    ]
    assert rows[1]["Dice LV cavity, %"] == "91.00 (90.00 to 92.00)"
    assert rows[1]["frames real + synthetic"] == "0 + 200"
    assert rows[1]["solver"] == "heun, 10 steps"
    assert (rows[1]["evaluations"], rows[1]["GMAC/image"], rows[1]["paper's SDM / this"]) == ("20", "171.1", "10,000")
    assert rows[0]["GMAC/image"] == rows[0]["solver"] == rows[0]["its minutes"] == "-"


def test_how_a_generator_was_trained_is_told_as_far_as_it_is_known(text: str) -> None:
    one, other = section(text, "Generators")
    assert list(one.values()) == ["one", "small", "24", "1434", "cpu", "hearts", "before"]
    assert set(list(other.values())[1:-1]) == {"-"}


def test_differences_have_a_sign_and_leave_the_baseline_out(text: str) -> None:
    rows = section(text, "Difference")
    assert [row["model"] for row in rows] == ["one", "other", "one"]
    assert rows[0]["LV cavity, points"] == "-2.00 (-3.00 to -1.00)"
    assert rows[2]["LV cavity, points"] == "+0.50 (-0.50 to +1.50)"


def test_the_head_tells_how_it_was_measured(text: str) -> None:
    for told in ("40 train frames of 10 patients", "8 val frames of 2 other patients", "3 minutes each", "an abacus"):
        assert told in text
    assert "7 of 9 stages are made" in text
    assert "seed | 7" in text


def test_an_experiment_that_has_just_begun_has_a_report() -> None:
    nothing = {**RESULTS, "generators": [], "networks": [], "samplers": [], "real train frames": []}
    assert report(nothing).count("Not measured yet.") >= 3


@pytest.mark.slow
def test_plots_show_what_was_measured(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from EchoSynthLib.experiment.plots import save_plots

    names = save_plots(RESULTS, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert len(names) == 2
    assert save_plots({**RESULTS, "generators": []}, tmp_path) == []
