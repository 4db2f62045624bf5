"""What a user may not read or write: told as that, by every task, with the exit code of inputs and of outputs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from any_task import command, paths_in, sound_arguments
from task_files import write_echo, write_heart
from unprivileged import needs_closed_files, run_without_rights

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import check_readable, files_in
from EchoSynthLib.images.read import read_image
from EchoSynthLib.tasks import Task, all_tasks

ROOT = Path(__file__).resolve().parents[3]


def echosynth(*arguments: object) -> tuple[int, str]:
    """Exit code and stderr of a command to which closed files are closed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = run_without_rights([sys.executable, "-m", "EchoSynthLib", *map(str, arguments)], env=environment)
    return done.returncode, done.stderr


@needs_closed_files
@pytest.mark.slow
@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
@pytest.mark.parametrize("what", ["a closed folder", "a file in a closed folder", "a closed file"])
def test_an_input_that_may_not_be_read_is_exit_code_2(tmp_path: Path, task: type[Task], what: str) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    file = write_heart((tmp_path if what == "a closed file" else closed) / "a.nii.gz")
    file.chmod(0o000)
    closed.chmod(0o000)
    given = sound_arguments(task, tmp_path / "sound")
    for item in paths_in(task):
        wrong = given | {item.name: closed if what == "a closed folder" else file}
        code, told = echosynth(*command(task, wrong, tmp_path / "out"))
        assert (code, told.count("\n")) == (2, 1), told
        assert f"{wrong[item.name]} cannot be read: permission denied" in told
    assert not (tmp_path / "out").exists()


@needs_closed_files
@pytest.mark.slow
@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
@pytest.mark.parametrize("mode", [0o000, 0o555])
def test_an_output_that_may_not_be_written_is_exit_code_4(tmp_path: Path, task: type[Task], mode: int) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=mode)
    given = sound_arguments(task, tmp_path / "sound")
    for output in (closed, closed / "new"):
        code, told = echosynth(*command(task, given, output))
        assert (code, told.count("\n")) == (4, 1), told
        assert "cannot be written: permission denied" in told.lower()


@needs_closed_files
def test_one_closed_file_of_a_folder_is_named_and_costs_the_others_nothing(tmp_path: Path) -> None:
    write_echo(tmp_path / "in" / "a.png")
    for name in ("b.png", "1.2.840.7"):
        (tmp_path / "in" / name).write_bytes(b"closed")
        (tmp_path / "in" / name).chmod(0o000)
    code, told = echosynth("classify-view", tmp_path / "in", "--quiet")
    assert code == 1
    # The noise of a.png is not trusted, of which a warning tells.
    failed = [line for line in told.splitlines() if "warning" not in line]
    assert [line.split(": ")[1] for line in failed] == ["1.2.840.7", "b.png"]
    assert told.count("cannot be read: permission denied") == 2


@needs_closed_files
def test_records_that_may_not_be_read_are_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_echo(tmp_path / "in" / "images" / "a.png")
    write_heart(tmp_path / "in" / "labels" / "a.png")
    (tmp_path / "in" / "records").mkdir(mode=0o000)
    code, told = echosynth("collect", tmp_path / "in", "--output", tmp_path / "out")
    assert (code, told.count("\n")) == (2, 1)
    assert "records cannot be read: permission denied" in told


@needs_closed_files
def test_a_model_folder_that_may_not_be_read_is_no_broken_model(tmp_path: Path) -> None:
    (tmp_path / "my-model").mkdir(mode=0o000)
    code, told = echosynth("models", "import", tmp_path / "my-model")
    assert (code, told.count("\n")) == (2, 1)
    assert "my-model cannot be read: permission denied" in told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("name", ["pipe", "pipe.png", "pipe.nii.gz", "pipe.dcm", "pipe.avi"])
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="is a pipe and may have no end"):
        read_image(tmp_path / name)
    with pytest.raises(InputError, match="is a pipe"):
        check_readable(tmp_path / name, "missing")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_device_is_refused() -> None:
    with pytest.raises(InputError, match="is a device and may have no end"):
        read_image("/dev/zero")


def test_a_link_that_leads_nowhere_or_to_itself_is_told_as_that_and_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "lost.png").symlink_to("gone.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert [path.name for path in files_in(tmp_path)] == ["loop.png", "lost.png"]
    with pytest.raises(InputError, match=r"is a link to gone\.png, which is not there"):
        read_image(tmp_path / "lost.png")
    with pytest.raises(InputError, match="cannot be read: too many levels of symbolic links"):
        read_image(tmp_path / "loop.png")


def test_standard_input_is_not_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="Nothing is read from standard input"):
        read_image("-")


def test_a_name_that_no_file_can_have_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: file name too long"):
        read_image(tmp_path / f"{'a' * 300}.png")
