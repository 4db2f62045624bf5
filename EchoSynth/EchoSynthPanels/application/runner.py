"""Runs one job at a time from a timer, so that the window stays alive."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job, Report
from EchoSynthLib.errors import Cancelled, EchoSynthError
from EchoSynthLib.progress import clock
from EchoSynthPanels.application.signal import Signal

TURN_SECONDS = 0.015
"""A job's share of each turn of the event loop."""
PROGRESS_MS = 1000
"""Between two pictures of progress: where Slicer's views are drawn without a graphics card, each paints the whole
window anew, which takes some 50 ms of all cores, and the worker needs them."""


class JobRunner:
    """Drives a job to its end.

    Attributes:
        changed: tells its listeners that a job began or ended.
        progressed: tells them that it has got further, or that the log has grown; at most once in `PROGRESS_MS`.
        owner: who started the job that runs, '' where none does.
        message, done, total: of the running job, or what came of the last one.
        failed: whether the last job failed.
        log: lines of all jobs, oldest first.
    """

    def __init__(self, interval_ms: int = 10) -> None:
        self.changed, self.progressed = Signal(), Signal()
        self.owner = self.message = ""
        self.done = self.total = 0
        self.failed = False
        self.log: list[str] = []
        self._job: Job[Any] | None = None
        self._on_done: Callable[[Any], None] = _nothing
        self._error: Exception | None = None
        self._stepping = self._cancel_after_step = False
        self._cancellable = True
        self._started = 0.0
        self._kept = ""
        self._timer = qt.QTimer()
        self._timer.setInterval(interval_ms)
        self._timer.connect("timeout()", self._turn)
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PROGRESS_MS)
        self._pause.connect("timeout()", self._tell_progress)

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._job is not None

    @property
    def cancellable(self) -> bool:
        """Whether a job runs that may be cancelled."""
        return self.busy and self._cancellable

    @property
    def seconds(self) -> float:
        """For how long the running job has run, 0 where none does."""
        return time.monotonic() - self._started if self.busy else 0.0

    @property
    def remaining(self) -> str:
        """The time that the running job still needs, as far as it can be told."""
        if not 0 < self.done < self.total or self.seconds < 1:
            return ""
        return clock(self.seconds * (self.total - self.done) / self.done)

    def start(
        self, owner: str, job: Job[Any], on_done: Callable[[Any], None] | None = None, *, cancellable: bool = True
    ) -> None:
        """Begins a job; `on_done` gets its result. What must not stop half-way, as an installation, is not cancellable.

        Raises:
            EchoSynthError: another job runs.
        """
        if self.busy:
            raise EchoSynthError(_("Another task is running; wait for it, or cancel it first."))
        self._job, self.owner, self._on_done = job, owner, on_done or _nothing
        self._cancellable = cancellable
        self.message, self.done, self.total, self.failed = _("Starting..."), 0, 0, False
        self._kept = ""
        self._started = time.monotonic()
        self._timer.start()
        self.changed()

    def cancel(self) -> None:
        """Ends the running job at once; the worker stops behind the scenes, and nothing of it enters the scene."""
        if not self.cancellable:
            return
        if self._stepping:
            self._cancel_after_step = True
        else:
            self._end(_cancelled(self._kept))

    def run(self, owner: str, job: Job[Any]) -> Any:
        """Runs a job to its end while the application's event loop turns; gives its result.

        Raises:
            EchoSynthError: another job runs; and what the job raises.
        """
        results: list[Any] = []
        self.start(owner, job, results.append)
        while self._job is job:
            qt.QCoreApplication.processEvents(qt.QEventLoop.AllEvents, 10)
        if not results:
            raise self._error or _cancelled()
        return results[0]

    def say(self, line: str) -> None:
        """Adds a line to the log."""
        self.log.append(line)
        self._progress_soon()

    def _tell_progress(self) -> None:
        self.progressed()

    def _progress_soon(self) -> None:
        if not self._pause.isActive():
            self._pause.start()

    def _turn(self) -> None:
        # A step may itself let the event loop turn, as one that installs a package does.
        if self._stepping or self._job is None:
            return
        try:
            report = self._drive(self._job)
        except StopIteration as end:
            self._end(None, end.value)
        except Exception as error:
            self._end(error)
        else:
            if self._cancel_after_step:
                self._end(_cancelled(report.kept))
            else:
                self._show(report)

    def _drive(self, job: Job[Any]) -> Report:
        """Drives a job for its share of a turn, or until it waits."""
        until = time.perf_counter() + TURN_SECONDS
        self._stepping = True
        try:
            while True:
                report = next(job)
                if report.waiting or time.perf_counter() > until:
                    return report
        finally:
            self._stepping = False

    def _show(self, report: Report) -> None:
        self._kept = report.kept
        if (report.done, report.total, report.message) == (self.done, self.total, self.message):
            return
        self.done, self.total = report.done, report.total
        self.message = report.message or self.message
        self._progress_soon()

    def _end(self, error: Exception | None, result: Any = None) -> None:
        self._timer.stop()
        self._pause.stop()
        self._cancel_after_step = False
        job, owner, on_done = self._job, self.owner, self._on_done
        self._job, self.owner, self._error = None, "", error
        if job is not None:
            job.close()
        seconds = time.monotonic() - self._started
        self.done = self.total = 0
        self.failed = error is not None and not isinstance(error, Cancelled)
        if error is None:
            self.message = _("Done in {seconds:.1f} s.").format(seconds=seconds)
        else:
            self.message = str(error).strip().split("\n")[0]
        self.log.append(f"{owner}: {self.message if error is None else error}")
        if self.failed:
            self.log.append(_trace_of(error))
            logging.error(f"EchoSynth, {owner}: {error}")
        if error is None:
            self._deliver(owner, on_done, result)
        self.changed()

    def _deliver(self, owner: str, on_done: Callable[[Any], None], result: Any) -> None:
        try:
            on_done(result)
        except Exception as error:
            self.failed, self.message = True, str(error).strip().split("\n")[0]
            self.log.append(f"{owner}: {_trace_of(error)}")
            logging.error(f"EchoSynth, {owner}: {error}")


def _cancelled(kept: str = "") -> Cancelled:
    return Cancelled(_("Cancelled; {kept}.").format(kept=kept or _("nothing was changed")))


def _trace_of(error: Any) -> str:
    return getattr(error, "worker_traceback", "") or "".join(traceback.format_exception(error))


def _nothing(result: Any) -> None:
    """What is done with a result that nobody asked for."""
