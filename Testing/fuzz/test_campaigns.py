"""A short round of each campaign, from fixed seeds; `make fuzz` runs them from new ones for as long as you like."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
POSIX = pytest.mark.skipif(os.name != "posix", reason="processes are forked and killed as on POSIX")


def run(name: str, count: int, seed: int = 1) -> None:
    # A process of its own: campaigns fork, which one with threads, as a test run has, should not.
    command = [sys.executable, str(RUN), name, "--count", str(count), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@POSIX
def test_the_output_layer_loses_nothing_at_any_kill() -> None:
    run("output-kills", 25)


def test_a_worker_answers_what_no_client_would_send() -> None:
    run("worker-protocol", 2)


@POSIX
def test_damaged_files_are_read_or_refused_in_words() -> None:
    run("readers", 40)


@pytest.mark.slow
@POSIX
def test_commands_with_odd_options_and_files_end_in_words() -> None:
    run("odd-commands", 25)


@pytest.mark.slow
@POSIX
def test_a_full_disk_or_a_lost_folder_is_told_in_words_and_loses_nothing() -> None:
    run("troubles", 15)


@pytest.mark.slow
@POSIX
def test_killed_commands_lose_nothing() -> None:
    run("kills", 25)


@pytest.mark.slow
@POSIX
def test_killed_workers_and_clients_lose_nothing() -> None:
    run("worker-kills", 12)


@POSIX
def test_a_fault_is_counted_and_can_be_repeated(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import campaign, run\n"
        "class Odd(campaign.Campaign):\n"
        "    def case(self, seed):\n"
        "        if seed % 2:\n"
        "            raise campaign.Fault('odd')\n"
        "        return campaign.RIGHT\n"
        "run.campaign = lambda name: Odd()\n"
        "sys.exit(run.main(['kills', '--count', '4', '--seed', '10']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(RUN.parent)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "4 tried" in done.stdout
    assert "2 faults" in done.stdout
    assert "--seed 11 --count 1" in done.stdout
