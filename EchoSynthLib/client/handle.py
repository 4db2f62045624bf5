"""A task that was handed to the worker: its progress, its end, and what it ended with. Standard library only."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from EchoSynthLib import errors
from EchoSynthLib.types import Progress


class WorkerDied(errors.EchoSynthError):
    """The worker could not be started, or ended before the task did; the message has the last lines of its log."""


class TaskFailed(errors.EchoSynthError):
    """A task failed in a way that it had not foreseen; `worker_traceback` says where."""


class Handle:
    """A task that was submitted."""

    def __init__(self, identity: int, progress: Progress | None, ask_to_stop: Callable[[Handle], None]) -> None:
        self._progress = progress
        self._ask_to_stop = ask_to_stop
        self._events: queue.SimpleQueue[tuple[int, int, str]] = queue.SimpleQueue()
        self._finished = threading.Event()
        self._record: dict[str, Any] | None = None
        self._error: errors.EchoSynthError | None = None
        self.identity = identity
        self.cancel_requested = False
        self.started = False
        self.moved = False

    @property
    def finished(self) -> bool:
        """Whether the task has ended."""
        return self._finished.is_set()

    def poll(self) -> bool:
        """Whether the task has ended; hands the progress that came in since to the progress function. Never waits."""
        # A host that holds Python's lock while it is idle, as Slicer does, lets the reading threads run only now.
        time.sleep(0.001)
        finished = self._finished.is_set()
        self._hand_over_progress()
        return finished

    def result(self) -> dict[str, Any]:
        """The record of the ended task.

        Raises:
            InputError, ModelError, OutputError, TaskFailed: the task failed.
            Cancelled: it was cancelled.
            WorkerDied: the worker ended before it.
            RuntimeError: it has not ended yet.
        """
        if not self._finished.is_set():
            raise RuntimeError("The task has not ended yet; ask result() once poll() is true, or wait().")
        if self._error is not None:
            raise self._error
        assert self._record is not None
        return self._record

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until the task has ended, at most so long; hands over progress meanwhile; whether it has ended."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._finished.wait(0.05):
            self._hand_over_progress()
            if until is not None and time.monotonic() >= until:
                return False
        self._hand_over_progress()
        return True

    def cancel(self) -> None:
        """Asks the task to stop at its next step; after the client's grace time the worker is ended. Never waits."""
        if not self._finished.is_set() and not self.cancel_requested:
            self.cancel_requested = True
            self._ask_to_stop(self)

    def _hand_over_progress(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                step = self._events.get_nowait()
                if self._progress is not None:
                    self._progress(*step)

    def move(self, ask_to_stop: Callable[[Handle], None]) -> None:
        """Lets another worker be asked to stop: this one died before it began the task."""
        self.moved = True
        self._ask_to_stop = ask_to_stop

    def take(self, event: Mapping[str, Any]) -> None:
        """What the worker said about this task."""
        match event["event"]:
            case "started":
                self.started = True
            case "progress":
                self._events.put((event["done"], event["total"], event["message"]))
            case "result":
                self.finish(record=event["record"])
            case "error":
                self.finish(error=_error(event))
            case "cancelled":
                self.finish(error=cancelled())

    def finish(self, record: dict[str, Any] | None = None, error: errors.EchoSynthError | None = None) -> None:
        """Ends the task with its record or an error; the first end is the one that counts."""
        if not self._finished.is_set():
            self._record, self._error = record, error
            self._finished.set()


def _error(event: Mapping[str, Any]) -> errors.EchoSynthError:
    kind = getattr(errors, event["kind"], None)
    known = isinstance(kind, type) and issubclass(kind, errors.EchoSynthError)
    error: errors.EchoSynthError = (kind if known else TaskFailed)(event["message"])  # type: ignore[misc]
    error.worker_traceback = event["traceback"]  # type: ignore[attr-defined]
    return error


def cancelled() -> errors.Cancelled:
    """The error of a task that was cancelled."""
    return errors.Cancelled("The task was cancelled; nothing was changed.")
