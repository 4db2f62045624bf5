"""Results appear complete or not at all."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import FrameType

import pytest

from EchoSynthLib import outputs
from EchoSynthLib.errors import Cancelled, InputError, OutputError
from EchoSynthLib.outputs import OutputFolder

AS_ROOT = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")


def write_and_end(folder: Path, text: str, error: Exception | None = None) -> None:
    with OutputFolder(folder) as hidden:
        for name in "ab":
            (hidden / name).write_text(text)
        if error is not None:
            raise error


def test_nothing_is_seen_of_results_until_they_are_complete(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "a" / "b") as hidden:
        (hidden / "x.txt").write_text("x")
        assert [path.name for path in (tmp_path / "a" / "b").iterdir() if not path.name.startswith(".")] == []
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["x.txt"]


def test_a_cancelled_task_leaves_not_even_the_folders_it_made(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write_and_end(tmp_path / "a" / "b", "new", Cancelled("stop"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", range(1, 9))
def test_an_interrupt_while_the_folder_is_made_leaves_nothing(tmp_path: Path, line: int) -> None:
    entering = OutputFolder.__enter__.__code__
    lines_left = line

    def interrupt(frame: FrameType, event: str, argument: object) -> object:
        nonlocal lines_left
        if frame.f_code is not entering:
            return None
        if event == "line":
            lines_left -= 1
            if lines_left == 0:
                raise KeyboardInterrupt
        return interrupt

    sys.settrace(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), OutputFolder(tmp_path / "new" / "out"):
            pass
    finally:
        sys.settrace(None)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_task_leaves_earlier_results_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(InputError):
        write_and_end(tmp_path, "new", InputError("no"))
    assert (tmp_path / "a").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_results_of_the_same_name_are_replaced_folders_too(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with OutputFolder(tmp_path) as hidden:
            (hidden / "folder").mkdir()
            (hidden / "folder" / "x.txt").write_text(text)
    assert (tmp_path / "folder" / "x.txt").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_if_one_result_cannot_be_moved_all_are_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        (tmp_path / name).write_text("old")
    replace = os.replace

    def fails_once(source: Path, target: Path) -> None:
        if Path(target) == tmp_path / "b" and Path(source).read_text() == "new":
            raise OSError(errno.EACCES, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_once)
    with pytest.raises(OutputError, match="Permission denied"):
        write_and_end(tmp_path, "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old", "b": "old"}


def test_a_full_disk_is_an_output_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="make room"), OutputFolder(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_cannot_be_read_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), OutputFolder(tmp_path / "out"):
        (tmp_path / "missing.png").read_bytes()


def test_a_file_in_the_place_of_the_folder_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file"), OutputFolder(tmp_path / "file"):
        pass
    assert (tmp_path / "file").read_text() == "x"


@AS_ROOT
def test_a_folder_that_may_not_be_written_is_an_output_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"), OutputFolder(tmp_path / "out"):
        pass


def test_what_an_ended_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    left = tmp_path / f"{outputs._PREFIX}999999999-abc"
    living = tmp_path / f"{outputs._PREFIX}{os.getppid()}-abc"
    for folder in (left, living):
        folder.mkdir()
    with OutputFolder(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [living.name]


def test_sweeping_after_a_killed_process_takes_the_folder_that_was_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "out" / f"{outputs._PREFIX}42-new-abc").mkdir(parents=True)
    outputs.sweep(tmp_path / "out", 42)
    assert list(tmp_path.iterdir()) == []
