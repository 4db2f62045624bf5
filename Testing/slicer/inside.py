"""Runs inner tests inside Slicer and writes a line as each begins and ends; started by `slicer_run.py`.

The environment variable ECHOSYNTH_INNER holds the orders as JSON: "tests" (names as `inner_tests` gives them),
"results" (file for the lines), "faults" (file for Python's last words) and "until" (the time, as time.time() gives it,
at which it says where it hangs).
"""

from __future__ import annotations

import faulthandler
import importlib
import itertools
import json
import os
import sys
import threading
import time
import traceback
import unittest
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import slicer  # noqa: E402

from pictures import picture  # noqa: E402
from waiting import open_dialogs, spin  # noqa: E402

_LEVELS = {"Warning", "Error", "Critical", "Fatal"}
_OF_THE_WORKER = {"torch", "monai", "diffusers", "onnxruntime"}
"""Packages that the worker alone may load: in Slicer's own process they cost seconds and a gigabyte."""


class Complaints:
    """What goes wrong without reaching the test: errors in slots, timers, observers and threads; Slicer's error log."""

    def __init__(self) -> None:
        self._errors: list[str] = []
        self._log = slicer.app.errorLogModel()
        self._seen = self._log.logEntryCount()
        sys.excepthook = self._note
        threading.excepthook = lambda args: self._note(args.exc_type, args.exc_value, args.exc_traceback)
        sys.unraisablehook = lambda args: self._note(args.exc_type, args.exc_value, args.exc_traceback)
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None) -> None:
        """Notes who loads a package of the worker; finds nothing itself."""
        if name in _OF_THE_WORKER:
            self._errors.append(f"{name} is loaded in Slicer's process:\n{''.join(traceback.format_stack())}")

    def _note(self, kind, error, trace) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        self._errors.append(text)
        print(text, file=sys.stderr)

    def take_errors(self) -> list[str]:
        """The Python errors since the last call."""
        errors, self._errors = self._errors, []
        return errors

    def take_log(self) -> list[str]:
        """The entries of Slicer's error log since the last call, from warnings upwards."""
        rows = range(self._seen, self._log.logEntryCount())
        self._seen = self._log.logEntryCount()
        # columns: time, thread, level, origin, message
        entries = ([self._log.data(self._log.index(row, column)) for column in (2, 3, 4)] for row in rows)
        return [f"{level} ({origin}): {message}" for level, origin, message in entries if level in _LEVELS]


class Reporter(unittest.TestResult):
    """Writes each test's beginning and end."""

    def __init__(self, results: Path) -> None:
        super().__init__()
        self._lines = results.open("a", encoding="utf-8")
        self._complaints = Complaints()
        self.told: set[str] = set()
        self._ended = ("passed", "")

    def startTest(self, test) -> None:  # noqa: N802
        super().startTest(test)
        self._ended = ("passed", "")
        self._picture = ""
        self._python = warnings.catch_warnings(record=True)
        self._warned = self._python.__enter__()
        warnings.simplefilter("default")
        self.write({"started": test.inner})
        self._began = time.monotonic()

    def addSkip(self, test, reason) -> None:  # noqa: N802
        if hasattr(test, "inner"):
            self._ended = ("skipped", reason)
        else:  # a whole class
            self.class_failure = ("skipped", reason)

    def addFailure(self, test, error) -> None:  # noqa: N802
        self.addError(test, error)

    def addSubTest(self, test, subtest, error) -> None:  # noqa: N802
        if error is not None:
            self.addError(test, error)

    def addError(self, test, error) -> None:  # noqa: N802
        said = _told(*error)
        if not hasattr(test, "inner"):  # setUpClass or setUpModule
            self.class_failure = ("failed", said)
            return
        self._fail(test, said)

    def _fail(self, test, said: str) -> None:
        before = f"{self._ended[1]}\n" if self._ended[0] == "failed" else ""
        self._ended = ("failed", before + said)
        self._picture = self._picture or str(picture(f"failed-{test.inner.replace('/', '-')}"))

    def stopTest(self, test) -> None:  # noqa: N802
        spin()  # what the test has set going and is due belongs to it, and so does what goes wrong as its scene closes
        slicer.mrmlScene.Clear(0)
        _leave_views()
        spin()
        for error in self._complaints.take_errors():
            self._fail(test, f"Outside the test's own lines, in a slot, a timer, an observer or a thread:\n{error}")
        for dialog in open_dialogs():
            self._fail(test, f"left open: {dialog.className()} '{dialog.windowTitle}'")
            dialog.close()
        self._python.__exit__(None, None, None)
        said = [str(warning.message) for warning in self._warned]
        self.end(test.inner, *self._ended, time.monotonic() - self._began, [*self._complaints.take_log(), *said])
        super().stopTest(test)

    def end(
        self, name: str, outcome: str, details: str, seconds=0.0, complaints=(), picture: str | None = None
    ) -> None:
        """Writes how a test ended."""
        shown = getattr(self, "_picture", "") if picture is None else picture
        ended = {"name": name, "outcome": outcome, "seconds": round(seconds, 3), "details": details}
        self.write({"ended": {**ended, "warnings": list(complaints), "picture": shown}})
        self.told.add(name)

    def write(self, line: dict) -> None:
        self._lines.write(json.dumps(line) + "\n")
        self._lines.flush()


def _leave_views() -> None:
    """As a hand would that goes on to the next panel, over where nothing lies any more.

    Else Slicer's Data Probe goes on telling of what lay under it, in lines that panels then lack.
    """
    red = slicer.app.layoutManager().sliceWidget("Red")
    for crosshair in slicer.util.getNodesByClass("vtkMRMLCrosshairNode"):
        if red is not None:
            crosshair.SetCursorPositionXYZ([1.0, 1.0, 0.0], red.mrmlSliceNode())
        crosshair.SetCursorPositionInvalid()


def _told(kind, error, trace) -> str:
    """The traceback with the local variables, without the lines of unittest itself."""
    told = traceback.TracebackException(kind, error, trace, capture_locals=True)
    told.stack = traceback.StackSummary.from_list([s for s in told.stack if "unittest" not in Path(s.filename).parts])
    return "".join(told.format())


def run_class(reporter: Reporter, class_name: str, names: list[str]) -> None:
    """Runs tests of one class, named "folder/file.Class"; each of them gets a result, whatever happens."""
    reporter.class_failure = ("failed", "the test did not run")
    try:
        suite = unittest.TestSuite(_tests(class_name, names))
        suite.run(reporter)
    except Exception:
        reporter.class_failure = ("failed", traceback.format_exc())
    for name in names:
        if name not in reporter.told:
            reporter.end(name, *reporter.class_failure, picture="")


def _tests(class_name: str, names: list[str]) -> list[unittest.TestCase]:
    file, _, name = class_name.rpartition(".")
    folder, _, module = file.partition("/")
    sys.path.insert(0, str(HERE / folder))
    try:
        kind = getattr(importlib.import_module(module), name)
    finally:
        sys.path.pop(0)
    if not issubclass(kind, unittest.TestCase):
        raise TypeError(f"{class_name} has test methods and is no unittest.TestCase")
    tests = [kind(inner.rpartition(".")[2]) for inner in names]
    for test, inner in zip(tests, names, strict=True):
        test.inner = inner
    return tests


def main() -> None:
    """Follows the orders, then leaves Slicer."""
    orders = json.loads(os.environ["ECHOSYNTH_INNER"])
    with Path(orders["faults"]).open("w") as faults:
        faulthandler.enable(faults)
        faulthandler.dump_traceback_later(max(orders["until"] - time.time(), 1.0), file=faults)
        slicer.util.mainWindow().resize(1500, 950)
        slicer.util.mainWindow().move(0, 0)
        spin(0.2)
        reporter = Reporter(Path(orders["results"]))
        for class_name, names in itertools.groupby(orders["tests"], key=lambda name: name.rpartition(".")[0]):
            run_class(reporter, class_name, list(names))
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
    slicer.util.exit(0)


main()
