"""Results appear complete or not at all, and what they replace is never lost."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import pytest
from dying import run_and_die

from EchoSynthLib.errors import Cancelled, InputError, OutputError
from EchoSynthLib.outputs import OutputFolder, moving, remove_folder, replacing, sweep
from EchoSynthLib.outputs.hidden import MAKING

AS_ROOT = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
POSIX = pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX signals")
ROOT = Path(__file__).resolve().parents[3]


def write_and_end(folder: Path, text: str, error: Exception | None = None) -> None:
    with OutputFolder(folder) as hidden:
        for name in "ab":
            (hidden / name).write_text(text)
        if error is not None:
            raise error


def texts(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


WRITES_TWO = (
    "with OutputFolder(folder) as hidden:\n"
    "    for name in 'ab':\n"
    "        (hidden / name).mkdir() if folder.joinpath(name).is_dir() else None\n"
    "        (hidden / name / 'x' if folder.joinpath(name).is_dir() else hidden / name).write_text('new')\n"
)


def dies_before(name: str) -> str:
    """Lines that end the process just before a result moves into its place, when the original has left it."""
    return (
        "rename = os.rename\n"
        f"os.rename = lambda source, target: die() if Path(target) == folder / {name!r} else rename(source, target)\n"
    )


def test_nothing_is_seen_of_results_until_they_are_complete(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "a" / "b") as hidden:
        (hidden / "x.txt").write_text("x")
        assert [path.name for path in (tmp_path / "a" / "b").iterdir() if not path.name.startswith(".")] == []
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["x.txt"]


def test_a_cancelled_task_leaves_not_even_the_folders_it_made(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        write_and_end(tmp_path / "a" / "b", "new", Cancelled("stop"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", range(1, 15))
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
            raise KeyboardInterrupt
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
    assert texts(tmp_path) == {"folder/x.txt": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("failing", range(1, 6))
@pytest.mark.parametrize("error", [OSError(errno.EACCES, "Permission denied"), KeyboardInterrupt()])
def test_if_one_result_cannot_be_moved_all_are_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, error: BaseException
) -> None:
    for name in "ab":
        (tmp_path / name).write_text("old")
    rename = os.rename
    calls = 0

    def fails_once(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise error
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails_once)
    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_and_end(tmp_path, "new")
    assert texts(tmp_path) == {"a": "old", "b": "old"}
    assert len(list(tmp_path.iterdir())) == 2


@POSIX
@pytest.mark.parametrize("kind", ["files", "folders"])
@pytest.mark.parametrize("rename", range(1, 8))
def test_what_a_killed_process_was_replacing_is_put_back_by_the_next_output(
    tmp_path: Path, rename: int, kind: str
) -> None:
    for name in "ab":
        (tmp_path / name).mkdir() if kind == "folders" else None
        (tmp_path / name / "x" if kind == "folders" else tmp_path / name).write_text("old")
    before = texts(tmp_path)
    run_and_die(
        tmp_path,
        f"calls = 0\nrename = os.rename\n"
        "def counting(*names):\n"
        "    global calls\n"
        "    calls += 1\n"
        f"    die() if calls == {rename} else rename(*names)\n"
        "os.rename = counting\n" + WRITES_TWO + "die()\n",
    )
    # Whatever happened, what was there is there, if not in its place.
    assert sorted(texts(tmp_path).values()).count("old") == 2 or rename == 7
    with OutputFolder(tmp_path) as hidden:
        (hidden / "c").write_text("later")
    after = texts(tmp_path)
    assert after.pop("c") == "later"
    # The sixth and last rename makes all of it final.
    assert after == before if rename < 7 else set(after.values()) == {"new"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


@POSIX
@pytest.mark.parametrize("rename", range(1, 6))
def test_a_process_killed_while_it_puts_originals_back_loses_none(tmp_path: Path, rename: int) -> None:
    for name in "ab":
        (tmp_path / name).write_text("old")
    run_and_die(tmp_path, dies_before("b") + WRITES_TWO)
    run_and_die(
        tmp_path,
        f"calls = 0\nreal = os.rename\n"
        "def counting(*names):\n"
        "    global calls\n"
        "    calls += 1\n"
        f"    die() if calls == {rename} else real(*names)\n"
        "os.rename = counting\nfrom EchoSynthLib.outputs import sweep\nsweep(folder)\ndie()\n",
    )
    sweep(tmp_path)
    assert texts(tmp_path) == {"a": "old", "b": "old"}
    assert len(list(tmp_path.iterdir())) == 2


@POSIX
def test_what_a_user_put_in_the_place_of_a_missing_original_stays_and_so_does_the_original(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    run_and_die(tmp_path, dies_before("a") + WRITES_TWO)
    assert not (tmp_path / "a").exists()
    (tmp_path / "a").write_text("the user's")
    sweep(tmp_path)
    found = texts(tmp_path)
    assert found.pop("a") == "the user's"
    assert list(found.values()) == ["old"]
    assert all(name.startswith("before-") for name in found)


@POSIX
def test_originals_are_put_back_even_if_the_journal_was_lost(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    run_and_die(tmp_path, dies_before("a") + WRITES_TWO)
    (journal,) = tmp_path.rglob(moving.JOURNAL)
    journal.write_bytes(b"")
    sweep(tmp_path)
    assert texts(tmp_path) == {"a": "old"}


@POSIX
def test_a_killed_process_leaves_nothing_after_the_next_not_even_the_folders_it_made(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    run_and_die(out, "with OutputFolder(folder) as hidden:\n    (hidden / 'a').write_text('half')\n    die()\n")
    assert out.is_dir()
    sweep(out)
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_a_file_that_a_killed_process_was_writing_goes_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("old")
    run_and_die(tmp_path, "with replacing(folder / 'x.txt') as partial:\n    partial.write_text('half')\n    die()\n")
    assert (tmp_path / "x.txt").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert texts(tmp_path) == {"x.txt": "old"}


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_results_move_waits_until_all_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "a").write_text("old")
    rename = os.rename

    def with_signal(source: Path, target: Path) -> None:
        rename(source, target)
        if Path(target) == tmp_path / "a":
            os.kill(os.getpid(), number)

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    monkeypatch.setattr(os, "rename", with_signal)
    try:
        with pytest.raises(KeyboardInterrupt):
            write_and_end(tmp_path, "new")
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, before)
    assert texts(tmp_path) == {"a": "new", "b": "new"}


def test_what_may_not_be_replaced_is_not_even_if_it_came_meanwhile(tmp_path: Path) -> None:
    def write() -> None:
        with OutputFolder(tmp_path, never_replaced={"images"}) as hidden:
            for name in ("a", "images"):
                (hidden / name).write_text("new")
            (tmp_path / "images").write_text("another program's")

    (tmp_path / "a").write_text("old")
    with pytest.raises(OutputError, match="images has come there meanwhile"):
        write()
    assert texts(tmp_path) == {"a": "old", "images": "another program's"}


@POSIX
def test_the_run_after_a_killed_one_finds_nothing_of_it_in_its_way(tmp_path: Path) -> None:
    from EchoSynthLib.images.datasets.layouts import new_data_set
    from EchoSynthLib.tasks.common.output_places import check_replaceable

    code = (
        dies_before("record.json") + "with OutputFolder(folder) as hidden:\n"
        "    (hidden / 'images').mkdir()\n"
        "    (hidden / 'record.json').write_text('{}')\n"
    )
    run_and_die(tmp_path, code)
    assert (tmp_path / "images").is_dir()
    assert new_data_set(tmp_path, "png", "EchoSynth").names == {"images", "labels", "records"}
    run_and_die(tmp_path, code)
    assert check_replaceable(tmp_path, "record.json", ["images"], "segment", tmp_path / "echo.png") == []


def test_a_full_disk_is_an_output_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="disk is full; make room"), OutputFolder(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_cannot_be_read_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), OutputFolder(tmp_path / "out"):
        (tmp_path / "missing.png").read_bytes()
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "out"):
        (tmp_path / "missing.png").read_bytes()


def test_an_error_names_the_users_folder_not_the_hidden_one(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        with OutputFolder(folder) as hidden, replacing(hidden / "a.txt"):
            raise OSError("287330 requested and 135040 written")

    with pytest.raises(OutputError) as caught:
        fail(tmp_path)
    assert str(tmp_path / "a.txt") in str(caught.value)
    assert MAKING not in str(caught.value)


def test_a_folder_that_is_removed_meanwhile_is_an_output_error(tmp_path: Path) -> None:
    import shutil

    def fail() -> None:
        with OutputFolder(tmp_path / "out") as hidden:
            (hidden / "a").write_text("a")
            shutil.rmtree(tmp_path / "out")

    with pytest.raises(OutputError, match="not there any more"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(OutputError, match="file"), OutputFolder(folder):
            pass
    assert (tmp_path / "file").read_text() == "x"


@AS_ROOT
def test_a_folder_that_may_not_be_written_is_an_output_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"), OutputFolder(tmp_path / "out"):
        pass


def test_a_removed_folder_is_gone_whole(tmp_path: Path) -> None:
    (tmp_path / "model" / "unet").mkdir(parents=True)
    (tmp_path / "model" / "unet" / "weights").write_text("w")
    remove_folder(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_two_threads_that_write_into_one_folder_leave_the_results_of_both(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(number: int) -> None:
        with OutputFolder(tmp_path / "out") as hidden:
            (hidden / str(number)).write_text("x")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(map(str, range(40)))
