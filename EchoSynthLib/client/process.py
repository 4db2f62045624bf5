"""One life of the worker process, as its caller sees it. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from EchoSynthLib import outputs
from EchoSynthLib.client.handle import Handle, WorkerDied, cancelled
from EchoSynthLib.errors import InputError
from EchoSynthLib.processes import kill_tree, own_group
from EchoSynthLib.types import Progress

_LINES_OF_LOG = 200
_LINES_IN_ERROR = 12
_SECONDS_TO_EXIT = 1.0


Move = Callable[[Handle, str, dict[str, Any]], None]
"""Hands a task that a dead worker had not begun to a new one."""


class WorkerProcess:
    """One life of the worker."""

    def __init__(self, command: list[str], environment: dict[str, str], grace: float, move: Move) -> None:
        self._grace = grace
        self._move = move
        self._ready = False
        self._handles: dict[int, tuple[Handle, str, dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._log: deque[str] = deque(maxlen=_LINES_OF_LOG)
        self._closing = False
        self._killed = False
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        try:
            self._popen = subprocess.Popen(command, env=environment, **pipes, **own_group())
        except OSError as error:
            raise WorkerDied(
                f"EchoSynth's worker cannot be started with {command[0]} ({error.strerror or error})."
            ) from error
        self.pid = self._popen.pid
        self._ended = False
        self._log_reader = threading.Thread(target=self._read_log, name="EchoSynth log", daemon=True)
        self._log_reader.start()
        threading.Thread(target=self._read_replies, name="EchoSynth replies", daemon=True).start()

    @property
    def runs(self) -> bool:
        """Whether the worker can still be given a task."""
        return not self._ended and self._popen.poll() is None

    def submit(self, identity: int, task: str, parameters: dict[str, Any], progress: Progress | None) -> Handle:
        """Hands a task over; returns at once. Errors as in `take_over`."""
        handle = Handle(identity, progress, self.cancel)
        self.take_over(handle, task, parameters)
        return handle

    def take_over(self, handle: Handle, task: str, parameters: dict[str, Any]) -> None:
        """Hands over the task of a handle that exists.

        Raises:
            InputError: a parameter is nothing that can be sent.
        """
        data = _request(handle.identity, task, parameters)
        with self._lock:
            self._handles[handle.identity] = (handle, task, parameters)
            ended = self._ended
        if ended:
            self._abandon()
        self._send(data)

    def cancel(self, handle: Handle) -> None:
        """Asks the worker to stop a task, and ends the worker if that has not happened after the grace time."""
        self._send(json.dumps({"cancel": handle.identity}))
        timer = threading.Timer(self._grace, self._kill_unless_finished, [handle])
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        """Closes the worker's stdin, which ends it; after the grace time it is ended with all it started."""
        self._closing = True
        with contextlib.suppress(OSError, ValueError), self._writing:
            self._popen.stdin.close()  # type: ignore[union-attr]
        try:
            self._popen.wait(self._grace)
        except subprocess.TimeoutExpired:
            kill_tree(self._popen)
            self._popen.wait()

    def log_tail(self, lines: int = _LINES_OF_LOG) -> str:
        """The last lines of the worker's log."""
        return "\n".join(list(self._log)[-lines:])

    def _send(self, line: str) -> None:
        # A worker that has just died is noticed by the thread that reads its replies.
        with contextlib.suppress(OSError, ValueError), self._writing:
            self._popen.stdin.write(line.encode("ascii") + b"\n")  # type: ignore[union-attr]
            self._popen.stdin.flush()  # type: ignore[union-attr]

    def _kill_unless_finished(self, handle: Handle) -> None:
        if not handle.finished and self.runs:
            self._killed = True
            kill_tree(self._popen)

    def _read_replies(self) -> None:
        for line in self._popen.stdout or ():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._take(json.loads(line))
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(_SECONDS_TO_EXIT)
        # Also what it started and left behind.
        kill_tree(self._popen)
        self._popen.wait()
        self._log_reader.join(1.0)
        self._close_pipes()
        self._abandon()

    def _close_pipes(self) -> None:
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            with contextlib.suppress(OSError, ValueError), self._writing:
                pipe.close()  # type: ignore[union-attr]

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "ready":
            self.pid, self._ready = event["pid"], True
            return
        with self._lock:
            handle, _, _ = self._handles.get(event.get("id", 0), (None, None, None))
            if event["event"] in ("result", "error", "cancelled"):
                self._handles.pop(event["id"], None)
        if handle is not None:
            handle.take(event)

    def _read_log(self) -> None:
        for line in self._popen.stderr or ():
            self._log.append(line.decode("utf-8", errors="replace").rstrip())

    def _abandon(self) -> None:
        with self._lock:
            self._ended = True
            left, self._handles = list(self._handles.values()), {}
        for handle, task, parameters in left:
            if self._may_move(handle):
                self._move(handle, task, parameters)
                continue
            self._sweep(parameters.get("output"))
            handle.finish(error=cancelled() if handle.cancel_requested or self._closing else self._died())

    def _may_move(self, handle: Handle) -> bool:
        # Once only, and only from a worker that had come up: one that cannot start must not be started for ever.
        stopped = handle.cancel_requested or self._closing
        # A task may have begun between the decision to end the worker for the one before it and the worker's end.
        innocent = self._killed or not handle.started
        return self._ready and innocent and not (handle.moved or stopped)

    def _sweep(self, output: Any) -> None:
        with contextlib.suppress(OSError, TypeError, ValueError):
            for folder in (Path(output), Path(output).parent):
                outputs.sweep(folder)

    def _died(self) -> WorkerDied:
        log = self.log_tail(_LINES_IN_ERROR) or "(its log is empty)"
        return WorkerDied(
            f"EchoSynth's worker ended in the middle of a task (exit code {self._popen.returncode}); "
            f"it is started anew at the next one. The last lines of its log:\n{log}"
        )


def _request(identity: int, task: str, parameters: dict[str, Any]) -> str:
    try:
        return json.dumps({"id": identity, "task": task, "parameters": parameters}, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"A parameter of {task} cannot be sent to the worker ({error}); "
            "parameters are numbers, texts, paths, true, false and none."
        ) from error


def _plain(value: Any) -> Any:
    """A path as text, a number of NumPy as a plain one."""
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if callable(getattr(value, "item", None)):
        return value.item()
    raise TypeError(f"{type(value).__name__} {value!r:.60}")
