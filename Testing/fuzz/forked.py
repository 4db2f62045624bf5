"""A command in a process of its own, forked so that it costs no start of Python, and ended at a moment that is chosen.

For POSIX alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Steps that Python's audit events tell of; a kill falls between two of them.
_STEPS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.scandir", "os.listdir", "os.utime", "os.chmod"}


@dataclass(frozen=True)
class Ending:
    """When and how a process is ended, or disturbed.

    Attributes:
        number: the signal.
        step: at this step in the folder, counted from 0; None for a moment instead.
        seconds: after so long.
        instead: what happens at the step in place of the signal.
    """

    number: int
    step: int | None = None
    seconds: float | None = None
    instead: Callable[[], None] | None = None


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status, or minus the signal; what it said; its steps in the folder; its time."""

    status: int
    said: str
    steps: int
    seconds: float


def run_forked(body: Callable[[], int], folder: Path, ending: Ending | None = None, limit: float = 120.0) -> Ended:
    """Runs `body` in a forked process; steps are those in `folder` and below, or beside it."""
    reading, writing = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _be_the_child(body, str(folder), ending, reading, writing)
    os.close(writing)
    said, seconds = _listen(reading, pid, ending, started, limit)
    _, status = os.waitpid(pid, 0)
    text = said.decode(errors="replace")
    before, told, steps = text.rpartition("\nsteps ")
    return Ended(os.waitstatus_to_exitcode(status), before if told else text, int(steps) if told else 0, seconds)


def _listen(reading: int, pid: int, ending: Ending | None, started: float, limit: float) -> tuple[bytes, float]:
    said = b""
    signal_at = None if ending is None or ending.seconds is None else started + ending.seconds
    while True:
        now = time.monotonic()
        if signal_at is not None and now >= signal_at and ending is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, ending.number)
            signal_at = None
        if now > started + limit:
            os.kill(pid, signal.SIGKILL)
            said += b"\nHANGS"
        wait = max(0.0, (signal_at or started + limit) - now) if now <= started + limit else None
        ready, _, _ = select.select([reading], [], [], wait)
        if ready:
            data = os.read(reading, 1 << 16)
            if not data:
                os.close(reading)
                return said, time.monotonic() - started
            said += data


def _be_the_child(body: Callable[[], int], folder: str, ending: Ending | None, reading: int, writing: int) -> None:
    status = 70
    try:
        os.close(reading)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        sys.stdout = open(1, "w", closefd=False, encoding="utf-8", errors="replace")  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False, encoding="utf-8", errors="replace", buffering=1)  # noqa: SIM115
        steps = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal steps
            if event in _STEPS and any(folder in str(argument) for argument in arguments[:2]):
                steps += 1
                if ending is not None and ending.step == steps - 1:
                    if ending.instead is not None:
                        ending.instead()
                    else:
                        os.kill(os.getpid(), ending.number)

        sys.addaudithook(count)
        status = body()
        sys.stdout.flush()
        os.write(1, f"\nsteps {steps}".encode())
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)
