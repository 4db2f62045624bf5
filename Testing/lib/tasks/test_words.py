"""What every task answers to what it cannot use: one line that names it, with the exit code of its kind."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from any_task import command, paths_in, sound_arguments
from task_files import write_heart

from EchoSynthLib import zoo
from EchoSynthLib.cli import main
from EchoSynthLib.tasks import Task, all_tasks, parameters_of

every_task = pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)


class Answer:
    """What a command gave back."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: object) -> None:
        try:
            self.code = main([str(word) for word in words])
        except SystemExit as leaving:
            self.code = int(leaving.code or 0)
        self.told = capsys.readouterr().err
        assert "Traceback" not in self.told
        assert "unexpected" not in self.told

    def is_one_line(self, code: int, *parts: object) -> bool:
        told = [str(part) in self.told for part in parts]
        assert (self.code, self.told.count("\n"), all(told)) == (code, 1, True), self.told
        return True


def make(path: Path, what: str) -> Path:
    """Something that is no input of any task."""
    match what:
        case "an empty file":
            path.touch()
        case "an empty folder":
            path.mkdir()
        case "a folder of folders":
            (path / "within" / "within").mkdir(parents=True)
        case "a damaged file":
            path = path.with_suffix(".png")
            path.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        case "a text":
            path = path.with_suffix(".txt")
            path.write_text("Dear colleague,")
        case "a pipe":
            if not hasattr(os, "mkfifo"):
                pytest.skip("this system has no pipes with names")
            os.mkfifo(path)
        case "a link to itself":
            path.symlink_to(path.name)
        case "a link to nothing":
            path.symlink_to("gone")
    return path


@every_task
@pytest.mark.parametrize(
    "what",
    [
        "nothing",
        "an empty file",
        "an empty folder",
        "a folder of folders",
        "a damaged file",
        "a text",
        "a pipe",
        "a link to itself",
        "a link to nothing",
    ],
)
def test_an_input_of_no_use_is_named_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: type[Task], what: str
) -> None:
    given = sound_arguments(task, tmp_path / "sound")
    wrong = make(tmp_path / "wrong", what)
    for item in paths_in(task):
        answer = Answer(capsys, *command(task, given | {item.name: wrong}, tmp_path / "out"))
        assert answer.is_one_line(2, wrong.name)
        assert not (tmp_path / "out").exists()


@every_task
def test_a_number_that_is_none_or_is_out_of_range_is_named_with_what_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: type[Task]
) -> None:
    given = sound_arguments(task, tmp_path / "sound")
    for item in parameters_of(task):
        if item.kind not in (int, float):
            continue
        below = str((item.minimum or 0) - 1)
        for value in ("0,5", "nan", "inf", "1e999", "9" * 30, "two", below):
            words = command(task, given, tmp_path / "out")
            answer = Answer(capsys, *words, f"--{item.name.replace('_', '-')}={value}")
            assert answer.is_one_line(2, f"The parameter {item.name} was given", item.allowed)
            assert ("with a point" in answer.told) == (value == "0,5" and item.kind is float)


@every_task
def test_a_choice_that_is_none_is_answered_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: type[Task]
) -> None:
    given = sound_arguments(task, tmp_path / "sound")
    for item in (item for item in parameters_of(task) if item.choices):
        words = command(task, given | {item.name: "sideways"}, tmp_path / "out")
        assert Answer(capsys, *words).is_one_line(2, "sideways", ", ".join(item.choices))


@every_task
def test_what_a_task_needs_and_was_not_given_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: type[Task]
) -> None:
    needed = [item for item in parameters_of(task) if item.required]
    names = [item.name.upper() if item.main else f"--{item.name.replace('_', '-')}" for item in needed]
    assert Answer(capsys, task.name).is_one_line(2, f"echosynth {task.name}", *names)
    words = command(task, sound_arguments(task, tmp_path / "sound"), tmp_path / "out")
    assert Answer(capsys, *words, "--nonsense").is_one_line(2, "--nonsense")
    assert Answer(capsys, *words, "--output").is_one_line(2, "--output")


@every_task
@pytest.mark.parametrize("what", ["an input itself", "a file", "below a file", "a link to itself", "too long a name"])
def test_an_output_that_cannot_be_is_named_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: type[Task], what: str
) -> None:
    given = sound_arguments(task, tmp_path / "sound")
    mine = tmp_path / "mine"
    mine.write_text("of my own")
    inputs = [value for value in given.values() if isinstance(value, Path)]
    match what:
        case "an input itself":
            if not inputs:
                pytest.skip("this task reads nothing")
            output = inputs[0]
        case "a link to itself":
            output = tmp_path / "loop"
            output.symlink_to("loop")
        case _:
            output = {"a file": mine, "below a file": mine / "out"}.get(what, tmp_path / ("long" * 75))
    if os.path.isdir(output):
        pytest.skip("into the folder of its inputs this task may write")
    before = [path.read_bytes() for path in inputs if path.is_file()]
    answer = Answer(capsys, *command(task, given, output))
    assert answer.code in ((2, 4) if what in ("an input itself", "too long a name") else (4,)), answer.told
    assert answer.is_one_line(answer.code, "too long" if what == "too long a name" else output)
    assert [path.read_bytes() for path in inputs if path.is_file()] == before
    assert mine.read_text() == "of my own"


@every_task
@pytest.mark.slow
def test_a_folder_as_output_may_have_a_dot_in_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: type[Task]
) -> None:
    if task.name in ("train", "experiment", "experts"):
        pytest.skip("takes minutes")
    if task.name == "retrieve" and not zoo.has("retrieval"):
        pytest.skip("the model retrieval is not in Resources/Models")
    output = tmp_path / "results_2024.11.28"
    words = command(task, sound_arguments(task, tmp_path / "sound"), output)
    assert Answer(capsys, *words, "--quiet").code == 0
    assert output.is_dir()


def test_what_is_wrong_with_pixels_is_said_with_the_name_of_their_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "tiny.npy", np.ones((2, 2), np.uint8))
    np.save(tmp_path / "background.npy", np.zeros((64, 64), np.uint8))
    for name in ("tiny.npy", "background.npy"):
        for task in ("segment", "contour", "classify-view", "measure", "synthesize", "variations", "dataset"):
            answer = Answer(capsys, task, tmp_path / name, "--output", tmp_path / "out")
            assert answer.is_one_line(2, name)
    np.save(tmp_path / "noise.npy", np.full((112, 120), 77, np.uint8))
    label_map = write_heart(tmp_path / "heart.png")
    options = ("--reference", tmp_path / "noise.npy", "--output", tmp_path / "out")
    assert Answer(capsys, "synthesize", label_map, *options).is_one_line(2, "noise.npy")


def test_a_file_whose_name_begins_with_a_dash_is_told_how_to_be_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_heart(tmp_path / "-v.png")
    monkeypatch.chdir(tmp_path)
    words = ["measure", "-v.png", "--output", "out"]
    monkeypatch.setattr("sys.argv", ["echosynth", *words])
    assert Answer(capsys, *words).is_one_line(2, f".{os.sep}-v.png")
    assert Answer(capsys, "measure", f".{os.sep}-v.png", "--output", "out", "--quiet").code == 0


@pytest.mark.parametrize("layout", ["nnunet", "nifti"])
def test_a_data_set_is_named_by_its_own_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str) -> None:
    options = ("--variations", 0, "--steps", 1, "--layout", layout, "--output", tmp_path / "raw")
    assert main([str(word) for word in ("dataset", write_heart(tmp_path / "heart.png"), *options)]) == 0
    root = tmp_path / "raw" / ("Dataset001_EchoSynth" if layout == "nnunet" else "")
    assert f"1 pair in {root}\n" in capsys.readouterr().out
