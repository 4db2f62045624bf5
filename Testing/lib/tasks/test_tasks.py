"""The tasks: what a declaration allows."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from any_task import sound_arguments
from hypothesis import given
from hypothesis import strategies as st

from EchoSynthLib import tasks
from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError
from EchoSynthLib.tasks import (
    Context,
    Parameter,
    Task,
    Train,
    all_tasks,
    find_task,
    load_tasks,
    parameter,
    parameters_of,
    task_summaries,
)


@dataclass(frozen=True, kw_only=True)
class Beat(Task):
    name = "beat"
    summary = "Beats."

    image: Path = parameter(main=True, help="of a heart")
    rate: float = parameter(60.0, minimum=20, maximum=300, unit="1/min", help="beats a minute")
    beats: int = parameter(8, minimum=1, maximum=1000, help="how many")
    steps: int | None = parameter(None, minimum=1, help="of the integrator")
    rhythm: str = parameter("sinus", choices=("sinus", "AF"), help="regular or not")
    paced: bool = parameter(False, help="by a pacemaker")

    def run(self, context: Context) -> dict[str, Any]:
        for beat in range(self.beats):
            context.progress(beat, self.beats)
        return {"task": self.name, "outputs": {}}


def test_texts_from_a_command_line_become_typed_values() -> None:
    task = Beat.build({"image": "a.png", "rate": "72.5", "beats": "3", "steps": "", "rhythm": "af", "paced": "yes"})
    assert task == Beat(image=Path("a.png"), rate=72.5, beats=3, steps=None, rhythm="AF", paced=True)


def test_values_from_json_are_taken_as_they_are() -> None:
    task = Beat.build({"image": "a.png", "rate": 72, "beats": 3.0, "steps": None, "paced": True})
    assert (task.rate, task.beats, task.steps, task.paced) == (72.0, 3, None, True)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("beats", 0, "a whole number from 1 to 1000"),
        ("beats", "many", "a whole number from 1 to 1000"),
        ("beats", 2.5, "a whole number from 1 to 1000"),
        ("beats", True, "a whole number"),
        ("beats", None, "a whole number"),
        ("beats", "1e400", "a whole number"),
        ("rate", math.nan, "a number from 20 to 300 1/min"),
        ("rate", "inf", "a number from 20 to 300 1/min"),
        ("rate", [60], "a number"),
        ("steps", -1, "a whole number of at least 1, or none"),
        ("rhythm", "flutter", "one of sinus, AF"),
        ("rhythm", 3, "one of sinus, AF"),
        ("paced", "perhaps", "true or false"),
        ("image", "", "a path"),
        ("image", "a\0b", "a path"),
        ("image", 3, "a path"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(name: str, value: object, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        Beat(**{"image": "a.png", name: value})
    assert f"parameter {name} was given" in str(caught.value)
    assert allowed in str(caught.value)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_whatever_is_given_is_either_within_the_limits_or_an_input_error(value: object) -> None:
    try:
        beats = Beat.build({"image": "a.png", "beats": value}).beats
    except InputError:
        return
    assert type(beats) is int
    assert 1 <= beats <= 1000


@pytest.mark.parametrize("path", ["x" * 300, "~nobody-of-that-name/x", "a\0b", "\ud800", "x/" * 3000])
def test_a_path_that_no_file_can_have_is_refused_by_name(path: str) -> None:
    with pytest.raises(InputError, match="parameter image"):
        find_task("classify-view").build({"image": path})


def test_a_number_that_no_float_holds_is_refused_by_name() -> None:
    for value in (10**400, float("nan"), float("inf")):
        with pytest.raises(InputError, match="parameter seed"):
            find_task("variations").build({"label_map": "a.png", "output": "out", "seed": value})


def test_unknown_and_missing_parameters_are_named() -> None:
    with pytest.raises(InputError, match="beat has no parameter color"):
        Beat.build({"image": "a.png", "color": "red"})
    with pytest.raises(InputError, match=r"beat needs image \(of a heart\)"):
        Beat.build({})


def test_a_task_says_what_it_takes_as_json() -> None:
    for task in (*all_tasks(), Beat):
        told = json.loads(json.dumps(task.describe()))
        assert {item["name"] for item in told["parameters"]} == {field.name for field in fields(task)}  # type: ignore[arg-type]
        assert all(item["help"] for item in told["parameters"])


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_a_task_has_at_most_one_main_input_and_defaults_within_its_own_limits(task: type[Task]) -> None:
    declared = parameters_of(task)
    assert sum(item.main for item in declared) <= 1
    for item in declared:
        assert item.required or item.convert(item.default) == item.default


def test_a_cancelled_task_stops_at_its_next_step() -> None:
    seen: list[int] = []
    context = Context(lambda done, total, message: seen.append(done), cancelled=lambda: len(seen) == 3)
    with pytest.raises(Cancelled):
        Beat(image=Path("a.png")).run(context)
    assert seen == [0, 1, 2]


def test_the_parts_of_a_task_share_one_progress() -> None:
    seen: list[tuple[int, int, str]] = []
    context = Context(lambda *step: seen.append(step))
    for index in range(2):
        context.part(index, 2, f"file {index}")(1, 2, "half")
    assert seen == [(1, 4, "file 0: half"), (3, 4, "file 1: half")]


def test_an_unknown_task_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=rf"there are {', '.join(task_summaries())}\."):
        find_task("diagnose")


def test_what_is_read_of_a_tasks_file_is_what_its_class_declares() -> None:
    assert {"segment", "synthesize", "measure", "train"} <= set(task_summaries())
    assert task_summaries() == {task.name: task.summary for task in all_tasks()}
    classes = [task for task in all_tasks() if task.__module__.startswith("EchoSynthLib.tasks.")]
    assert all(getattr(tasks, task.__name__) is task for task in classes)


def test_a_module_without_tasks_is_refused() -> None:
    with pytest.raises(EchoSynthError, match="gives no tasks"):
        load_tasks("json")


def main_file(task: type[Task]) -> Parameter | None:
    """The file or folder that a task is asked about; those that make all themselves, or take a name, have none."""
    return next((item for item in parameters_of(task) if item.main and item.kind is Path), None)


@pytest.mark.parametrize("task", [task for task in all_tasks() if main_file(task)], ids=lambda task: task.name)
def test_an_input_that_is_not_there_is_named(tmp_path: Path, task: type[Task]) -> None:
    main = next(item.name for item in parameters_of(task) if item.main)
    given = sound_arguments(task, tmp_path / "sound")
    with pytest.raises(InputError, match=r"There is no .*nowhere\.png"):
        task.build({**given, main: tmp_path / "nowhere.png", "output": tmp_path / "out"}).run(Context())
    assert list(tmp_path.iterdir()) == [tmp_path / "sound"]


def test_training_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training data"):
        Train(system="segmenter", data=tmp_path / "none.npz", output=tmp_path / "out").run(Context())


def test_what_is_a_tasks_own_comes_before_what_it_shares_with_others() -> None:
    names = [item.name for item in parameters_of(find_task("synthesize"))]
    assert names[:5] == ["label_map", "output", "count", "seed", "format"]
    assert names[-2:] == ["row_spacing", "column_spacing"]


def test_what_tasks_share_is_the_same_in_all_of_them() -> None:
    synthesize, dataset = ({item.name: item for item in parameters_of(find_task(n))} for n in ("synthesize", "dataset"))
    for name in ("view", "model", "steps", "solver", "quality", "reference", "sector", "row_spacing", "column_spacing"):
        assert synthesize[name] == dataset[name]
