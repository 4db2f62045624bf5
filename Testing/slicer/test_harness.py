"""The outer half of the harness, with small programs in Slicer's place."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from find_slicer import SlicerUnusable, find_slicer
from inner_tests import inner_tests, read_progress
from slicer_run import SlicerRun

POSIX = pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX processes and shell scripts")

CASES = """
import unittest

class Panel(unittest.TestCase):
    def setUp(self): ...
    def test_second_by_name(self): ...
    def test_a(self):
        def test_inner(): ...

class Helper:
    def work(self): ...

def test_of_no_class(): ...
"""

# Stands for Slicer: writes result lines as the real runner does.
SAY = """
import json, os, signal, sys, time
orders = json.loads(os.environ["ECHOSYNTH_INNER"])
lines = open(orders["results"], "a")
def say(**line):
    print(json.dumps(line), file=lines, flush=True)
def passed(name):
    say(started=name)
    say(ended={"name": name, "outcome": "passed", "seconds": 0.5, "details": "", "warnings": ["w"], "picture": ""})
"""

Start = Callable[..., SlicerRun]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a program in Slicer's place, with the inner tests a, b, c."""
    started = []

    def start_one(program: str, time_limit: float = 30.0) -> SlicerRun:
        started.append(SlicerRun([sys.executable, "-c", SAY + program], ["a", "b", "c"], tmp_path, time_limit))
        return started[-1]

    yield start_one
    for run in started:
        run.close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a shell script that can be run."""

    def write(text: str) -> Path:
        path = tmp_path / "script.sh"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return write


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked about does not."""
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_test_methods_of_classes_are_named_in_the_files_order(tmp_path: Path) -> None:
    (tmp_path / "case_panel.py").write_text(CASES)
    (tmp_path / "helper.py").write_text(CASES)
    folder = tmp_path.name
    assert inner_tests(tmp_path) == [
        f"{folder}/case_panel.Panel.test_second_by_name",
        f"{folder}/case_panel.Panel.test_a",
    ]


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path: Path) -> None:
    lines = tmp_path / "results.jsonl"
    lines.write_text('{"started": "a"}\n{"ended": {"name"')
    assert (read_progress(lines).running, read_progress(lines).results) == ("a", {})


def test_results_come_while_later_tests_still_run(start: Start) -> None:
    run = start("passed('a'); say(started='b'); time.sleep(60)")
    result = run.result("a")
    assert (result.outcome, result.seconds, result.warnings) == ("passed", 0.5, ("w",))


def test_a_crash_fails_the_test_that_was_running_and_those_after_it(start: Start) -> None:
    run = start("passed('a'); say(started='b'); print('last words', flush=True); os.abort()")
    assert run.result("a").outcome == "passed"
    assert run.result("b").outcome == run.result("c").outcome == "failed"
    assert "Slicer ended by signal SIGABRT during this test." in run.result("b").details
    assert "in b." in run.result("c").details


def test_the_log_and_its_place_are_told_after_a_crash(start: Start) -> None:
    details = start("print('no display', flush=True); sys.exit(3)").result("a").details
    assert "with exit code 3 between two tests" in details
    assert "no display" in details
    assert "slicer.log" in details


def test_a_test_that_slicer_never_told_about_is_failed(start: Start) -> None:
    run = start("passed('a'); passed('b')")
    assert run.result("c").outcome == "failed"


def test_only_the_given_tests_are_ordered(start: Start) -> None:
    details = start("print(orders['tests'])").result("a").details
    assert "['a', 'b', 'c']" in details


@POSIX
def test_after_the_time_limit_slicer_and_its_children_are_killed(start: Start, tmp_path: Path) -> None:
    child = tmp_path / "child"
    stubborn = f"""
import subprocess
child = subprocess.Popen(["sleep", "60"])
open({str(child)!r}, "w").write(str(child.pid))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
say(started="a")
time.sleep(60)
"""
    run = start(stubborn, time_limit=1.0)
    began = time.monotonic()
    details = run.result("a").details
    assert "killed after the time limit of 1 s during this test" in details
    assert time.monotonic() - began < 15
    assert not is_running(int(child.read_text()))


def test_python_says_where_it_hangs_before_it_is_killed(start: Start) -> None:
    hang = """
import faulthandler
faults = open(orders["faults"], "w")
faulthandler.dump_traceback_later(max(orders["until"] - time.time(), 1.0), file=faults)
def stuck_in_a_loop():
    time.sleep(60)
say(started="a")
stuck_in_a_loop()
"""
    assert "stuck_in_a_loop" in start(hang, time_limit=2.0).result("a").details


@pytest.mark.parametrize("variable", ["PYTHONPATH", "VIRTUAL_ENV"])
def test_slicers_python_is_not_given_pytests(start: Start, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "/elsewhere")
    assert "given None" in start(f"print('given', os.environ.get({variable!r}))").result("a").details


def test_pictures_go_where_they_are_wanted(start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECHOSYNTH_PICTURES", str(tmp_path / "album"))
    told = start("print(json.dumps(os.environ['ECHOSYNTH_PICTURES']))").result("a").details
    assert json.dumps(str(tmp_path / "album")) in told


@POSIX
def test_the_slicer_that_is_named_is_taken(script: Callable[[str], Path]) -> None:
    assert find_slicer(str(script("exit 0")), setup=Path("nowhere")) == script("exit 0").resolve()


def test_a_slicer_that_is_not_there_is_an_error_and_no_skip(tmp_path: Path) -> None:
    with pytest.raises(SlicerUnusable, match="give the path of Slicer's launcher"):
        find_slicer(str(tmp_path / "Slicer"))


def test_without_any_slicer_there_is_none(tmp_path: Path) -> None:
    assert find_slicer(None, setup=tmp_path / "setup.sh") is None


@POSIX
def test_the_launcher_is_the_last_line_of_the_set_up(script: Callable[[str], Path]) -> None:
    setup = script('echo "unpacking ..."; echo "$0"')
    assert find_slicer(None, setup=setup) == setup.resolve()


@POSIX
def test_a_set_up_that_fails_says_why(script: Callable[[str], Path]) -> None:
    with pytest.raises(SlicerUnusable, match="no room on the disk"):
        find_slicer(None, setup=script("echo no room on the disk >&2; exit 1"))
