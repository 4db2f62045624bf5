"""The long-lived process that runs tasks: `python -m EchoSynthLib.worker [--tasks MODULE]`.

It speaks JSON lines on stdin and stdout.

Requests:  {"id": 1, "task": "segment", "parameters": {...}}    {"cancel": 1}    {"ping": anything}
Replies:   {"event": "ready", "pid", "version"} once; then
           {"id", "event": "started"}
           {"id", "event": "progress", "done", "total", "message"}
           {"id", "event": "result", "record"}
           {"id", "event": "error", "kind", "message", "traceback"}
           {"id", "event": "cancelled"}
           {"event": "pong", "ping"}

Tasks run one after another, in the order of their requests, on the main thread; requests are read on a second thread,
so that a cancel reaches the running task. Arrays travel as .npy files that parameters and records name. What libraries
print goes to stderr, the log. The worker ends when its stdin closes or its parent is gone, a few seconds after at most.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Sequence
from typing import IO, Any

import EchoSynthLib
from EchoSynthLib import outputs
from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError
from EchoSynthLib.processes import end_own_session
from EchoSynthLib.tasks import Context, all_tasks, find_task, load_tasks, load_tasks_of_environment
from EchoSynthLib.tasks.common.output_places import in_words

SECONDS_TO_END = 3.0


class Worker:
    """Runs the requests of one caller."""

    def __init__(self, requests: Iterable[bytes], replies: IO[bytes]) -> None:
        self._lines = requests
        self._replies = replies
        self._reply_lock = threading.Lock()
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._cancelled: set[Any] = set()
        self._pending: set[Any] = set()
        self._ending = threading.Event()
        self._parent = os.getppid()

    def serve(self) -> None:
        """Runs requests until there will be no more."""
        self._reply({"event": "ready", "pid": os.getpid(), "version": EchoSynthLib.__version__})
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        threading.Thread(target=self._watch_parent, name="parent", daemon=True).start()
        with contextlib.suppress(Exception):  # which a task that cannot be imported tells once it is asked for
            all_tasks()
        while (request := self._queue.get()) is not None:
            self._run(request)

    def _run(self, request: dict[str, Any]) -> None:
        identity = request["id"]
        context = Context(
            progress=lambda done, total, message: self._reply(
                {"id": identity, "event": "progress", "done": done, "total": total, "message": message}
            ),
            cancelled=lambda: identity in self._cancelled or self._ending.is_set(),
        )
        try:
            if context.cancelled():
                raise Cancelled("The task was cancelled before it began.")
            self._reply({"id": identity, "event": "started"})
            with in_words(request["parameters"].get("output")):
                record = find_task(request["task"]).build(request["parameters"]).run(context)
            self._reply({"id": identity, "event": "result", "record": record})
        except Cancelled:
            self._reply({"id": identity, "event": "cancelled"})
        except (Exception, SystemExit) as error:  # whatever a task does, the worker lives on and says what it was
            self._reply_error(identity, error)
        finally:
            self._pending.discard(identity)
            self._cancelled.discard(identity)

    def _read(self) -> None:
        for line in self._lines:
            if line.strip():
                try:
                    self._accept(line)
                except Exception as error:
                    self._reply_error(None, error)
        self._end()

    def _accept(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"A request is one line of JSON, not {line[:120]!r} ({error}).") from error
        if not isinstance(request, dict) or not request.keys() & {"task", "cancel", "ping"}:
            raise InputError(
                f"A request is an object with id, task and parameters, or with cancel or ping; not {line[:120]!r}."
            )
        if "ping" in request:
            self._reply({"event": "pong", "ping": request["ping"]})
        elif "cancel" in request:
            self._cancel(request["cancel"])
        else:
            self._enqueue(request)

    def _cancel(self, identity: Any) -> None:
        if not isinstance(identity, int | str):
            raise InputError(f"A cancel names the id of a request, a number or a text; given was {identity!r:.120}.")
        # A cancel that crosses the result on its way finds nothing to cancel.
        if identity in self._pending:
            self._cancelled.add(identity)

    def _enqueue(self, request: dict[str, Any]) -> None:
        identity = request.get("id")
        parameters = request.setdefault("parameters", {})
        if not isinstance(identity, int | str) or identity in self._pending:
            raise InputError(f"A request needs an id of its own, a number or a text; given was {identity!r:.120}.")
        if not isinstance(request["task"], str) or not isinstance(parameters, dict):
            self._reply_error(identity, InputError("A request's task is a text and its parameters an object."))
            return
        self._pending.add(identity)
        self._queue.put(request)

    def _reply(self, message: dict[str, Any]) -> None:
        data = json.dumps(message, default=_plain).encode("ascii") + b"\n"
        try:
            with self._reply_lock:
                self._replies.write(data)
                self._replies.flush()
        except (OSError, ValueError):  # nobody listens any more
            self._end()

    def _reply_error(self, identity: Any, error: BaseException) -> None:
        known = isinstance(error, EchoSynthError)
        kind = _kind(error)
        text = str(error) if known else f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        if not known:
            sys.stderr.write(trace)
        self._reply({"id": identity, "event": "error", "kind": kind, "message": text, "traceback": trace})

    def _watch_parent(self) -> None:
        # Its death closes stdin, unless another child of it holds the pipe open; on Windows getppid never changes.
        while os.getppid() == self._parent:
            time.sleep(1.0)
        self._end()

    def _end(self) -> None:
        if self._ending.is_set():
            return
        self._ending.set()
        self._queue.put(None)
        timer = threading.Timer(SECONDS_TO_END, _end_in_the_middle)
        timer.daemon = True
        timer.start()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves stdin and stdout until stdin closes; see this file's head for the protocol."""
    parser = argparse.ArgumentParser(
        prog="python -m EchoSynthLib.worker", description="Runs tasks for another process."
    )
    parser.add_argument("--tasks", action="append", default=[], metavar="MODULE", help="a module whose TASKS are added")
    chosen = parser.parse_args(arguments)
    requests, replies = _take_over_streams()
    try:
        load_tasks_of_environment()
        for module in chosen.tasks:
            load_tasks(module)
    except EchoSynthError as error:
        sys.exit(f"EchoSynth's worker cannot start: {error}")
    Worker(requests, replies).serve()
    # Leaves without the interpreter's farewell, which would wait for the thread that reads stdin.
    _end_at_once()


def _take_over_streams() -> tuple[IO[bytes], IO[bytes]]:
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, replies


def _kind(error: BaseException) -> str:
    for kind in type(error).__mro__:
        if kind.__module__ == "EchoSynthLib.errors":
            return kind.__name__
    return type(error).__name__


def _plain(value: Any) -> Any:
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        return value.item()
    with contextlib.suppress(AttributeError):
        return value.tolist()
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def _end_in_the_middle() -> None:
    outputs.discard_all()
    end_own_session()
    _end_at_once()


def _end_at_once() -> None:
    outputs.discard_all()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
