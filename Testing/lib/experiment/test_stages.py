"""Stages are made once, whole or not at all, and go on where they were interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from EchoSynthLib.errors import Cancelled
from EchoSynthLib.experiment.stages import Stage, Workplace


def quiet(done: int, total: int, message: str = "") -> None:
    """Progress that nobody watches."""


def stage(root: Path, make: Callable[[Workplace], None], **inputs: Any) -> Stage:
    return Stage(root, "number", "writing a number", inputs, make)


def test_a_stage_is_made_once(tmp_path: Path) -> None:
    made = []

    def make(work: Workplace) -> None:
        made.append(1)
        (work.result / "number.txt").write_text("7")

    for _ in range(2):
        folder = stage(tmp_path, make, seed=1).ensure(quiet)
        assert (folder / "number.txt").read_text() == "7"
    assert len(made) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name]


def test_another_input_is_another_stage_and_the_order_of_inputs_is_none(tmp_path: Path) -> None:
    first, swapped = stage(tmp_path, print, a=1, b=2.5), stage(tmp_path, print, b=2.5, a=1)
    assert first.folder == swapped.folder
    others = {stage(tmp_path, print, a=1, b=b).key for b in (2.5, 2.0, None, "2.5", [2.5])}
    assert len(others) == 5


def test_what_was_interrupted_is_not_there_and_goes_on_from_its_scratch(tmp_path: Path) -> None:
    def make(work: Workplace) -> None:
        (work.result / "number.txt").write_text("half")
        steps = work.scratch / "steps.txt"
        before = steps.read_text() if steps.exists() else ""
        steps.write_text(before + "x")
        if not before:
            raise Cancelled("enough")
        (work.result / "number.txt").write_text(steps.read_text())

    interrupted = stage(tmp_path, make, seed=1)
    with pytest.raises(Cancelled):
        interrupted.ensure(quiet)
    assert not interrupted.is_made
    assert not interrupted.folder.exists()
    assert (interrupted.ensure(quiet) / "number.txt").read_text() == "xx"
    assert [path.name for path in tmp_path.iterdir()] == [interrupted.folder.name]


def test_two_runs_make_a_stage_once(tmp_path: Path) -> None:
    waiting, told = threading.Event(), []

    def make(work: Workplace) -> None:
        assert waiting.wait(timeout=30)
        (work.result / "number.txt").write_text("7")

    def watch(done: int, total: int, message: str = "") -> None:
        told.append(message)
        if message:
            waiting.set()

    def never(work: Workplace) -> None:
        raise AssertionError("made twice")

    with ThreadPoolExecutor() as pool:
        first = pool.submit(stage(tmp_path, make, seed=1).ensure, quiet)
        while not list(tmp_path.glob("unfinished/*/")):
            time.sleep(0.01)
        folder = stage(tmp_path, never, seed=1).ensure(watch)
        assert first.result() == folder
    assert "another run is making it" in told
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_folder_without_its_record_is_made_anew(tmp_path: Path) -> None:
    def make(work: Workplace) -> None:
        (work.result / "number.txt").write_text("7")

    damaged = stage(tmp_path, make, seed=1)
    damaged.folder.mkdir()
    (damaged.folder / "number.txt").write_text("half")
    assert not damaged.is_made
    assert (damaged.ensure(quiet) / "number.txt").read_text() == "7"


def test_its_record_tells_what_it_was_made_from(tmp_path: Path) -> None:
    made = stage(tmp_path, lambda work: None, seed=1, minutes=2.5)
    made.ensure(quiet)
    record = made.record()
    assert record["inputs"] == {"seed": 1, "minutes": 2.5}
    assert {"echosynth_version", "machine", "date", "key"} <= record.keys()
