"""One Slicer process that runs many inner tests, seen from outside: started, listened to, ended with its children."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from inner_tests import Progress, Result, read_progress

TIME_LIMIT = 3600.0
"""Seconds for all inner tests together, the start of Slicer included."""

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_TAIL = 60  # lines of the log that are shown
_GRACE = 2.0  # seconds that it has for ending when asked to
_LAST_WORDS = 5.0  # seconds before the limit at which Python says where it hangs


def slicer_command(launcher: Path) -> list[str]:
    """Slicer with this repository's modules and the runner; on a virtual screen where there is none."""
    slicer = [str(launcher), "--no-splash", "--testing", "--additional-module-paths", str(_ROOT / "EchoSynth")]
    return [*_screen(), *slicer, "--python-script", str(_HERE / "inside.py")]


def _screen() -> list[str]:
    headless = os.name == "posix" and os.uname().sysname == "Linux" and not os.environ.get("DISPLAY")
    found = shutil.which("xvfb-run") if headless else None
    return [found, "-a", "-s", "-screen 0 1920x1080x24 +extension GLX"] if found else []


class SlicerRun:
    """The process and what it has said so far.

    Args:
        command: starts the process, which runs the tests that ECHOSYNTH_INNER names (see `inside.py`).
        names: inner tests to run, in this order.
        folder: for the log, the result lines and the pictures (these go to ECHOSYNTH_PICTURES, where it is set).
        time_limit: seconds after which it is killed.
    """

    def __init__(self, command: Sequence[str], names: Sequence[str], folder: Path, time_limit: float = TIME_LIMIT):
        self.log, self._faults, self._lines = (folder / name for name in ("slicer.log", "faults.txt", "results.jsonl"))
        self._limit = time_limit
        self._until = time.monotonic() + time_limit
        self._late = False
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(names, folder),
                start_new_session=True,
            )

    def _environment(self, names: Sequence[str], folder: Path) -> dict[str, str]:
        orders = {
            "tests": list(names),
            "results": str(self._lines),
            "faults": str(self._faults),
            "until": time.time() + self._limit - _LAST_WORDS,
        }
        of_pytest = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        kept = {name: value for name, value in os.environ.items() if name not in of_pytest}
        pictures = {"ECHOSYNTH_PICTURES": str(Path(kept.get("ECHOSYNTH_PICTURES") or folder / "pictures").resolve())}
        # On Linux Slicer gives its whole process the lowest priority for the sake of its background threads, and would
        # starve beside tests on the same cores.
        usual = {"LIBGL_ALWAYS_SOFTWARE": "1", "SLICER_BACKGROUND_THREAD_PRIORITY": "0"}
        return {**usual, **kept, **pictures, "ECHOSYNTH_INNER": json.dumps(orders)}

    def result(self, name: str) -> Result:
        """Waits for one inner test; where Slicer ended or was killed before, a failed result that says so."""
        while True:
            over = self._is_over()  # asked before reading: what was written until then is read
            progress = read_progress(self._lines)
            if name in progress.results:
                return progress.results[name]
            if over:
                return Result(name, "failed", 0.0, self._epitaph(name, progress))
            time.sleep(0.05)

    def _is_over(self) -> bool:
        if self._process.poll() is not None:
            return True
        self._late = time.monotonic() > self._until
        if self._late:
            self.close()
        return self._late

    def _epitaph(self, name: str, progress: Progress) -> str:
        if self._late:
            how = f"Slicer was killed after the time limit of {self._limit:g} s"
        else:
            how = f"Slicer ended {_manner(self._process.returncode)}"
        when = {None: "between two tests", name: "during this test"}.get(progress.running, f"in {progress.running}")
        return f"{how} {when}.\n{self.tail()}"

    def tail(self) -> str:
        """The log's last lines and what Python said as it crashed or hung, headed by the path of the log."""
        said = [path.read_text("utf-8", "replace").splitlines() for path in (self.log, self._faults) if path.exists()]
        return "\n".join([f"Slicer's log: {self.log}", *(line for lines in said for line in lines[-_TAIL:])])

    def close(self) -> None:
        """Ends Slicer, and its virtual screen with it; by force where they do not within a few seconds."""
        if os.name == "posix":
            self._end_group(signal.SIGTERM)
            self._end_group(signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def _end_group(self, how: signal.Signals) -> None:
        until = time.monotonic() + _GRACE
        with contextlib.suppress(ProcessLookupError):  # all of them have ended
            os.killpg(self._process.pid, how)
            while time.monotonic() < until:
                time.sleep(0.02)
                self._process.poll()
                os.killpg(self._process.pid, 0)


def _manner(code: int) -> str:
    """How a process ended, from its exit code; shells and launchers give 128 + the signal's number."""
    number = -code if code < 0 else code - 128
    known = {member.value: member.name for member in signal.Signals}
    return f"by signal {known[number]}" if number in known else f"with exit code {code}"
