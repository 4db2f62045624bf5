"""Jobs as generators: running a task in the worker, and a folder that lasts as long as the job."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from EchoSynthLib.client import Client
from EchoSynthLib.errors import EchoSynthError, InputError
from EchoSynthLib.outputs.trouble import output_error

_THREAD_SECONDS = 0.01

Result = TypeVar("Result")
First = TypeVar("First")
Second = TypeVar("Second")


@dataclass(frozen=True)
class Report:
    """How far a job is.

    Attributes:
        done, total: steps; total 0 where the number is not known.
        message: what is being done.
        waiting: whether the job has nothing to do until the worker says more.
        kept: what stays of a job that is cancelled now, '' where nothing does.
    """

    done: int = 0
    total: int = 0
    message: str = ""
    waiting: bool = False
    kept: str = ""


Job = Generator[Report, None, Result]


def in_worker(client: Client, task: str, parameters: Mapping[str, Any]) -> Job[dict[str, Any]]:
    """Runs a task in the worker; gives its record. Closed early, it cancels the task.

    Raises:
        What `EchoSynthLib.client.Handle.result` raises.
    """
    latest = Report(waiting=True)

    def keep(done: int, total: int, message: str) -> None:
        nonlocal latest
        latest = Report(done, total, message, waiting=True)

    handle = client.submit(task, parameters, progress=keep)
    try:
        while not handle.poll():
            yield latest
    finally:
        handle.cancel()
    return handle.result()


def in_thread(function: Callable[[], Result], message: str) -> Job[Result]:
    """Calls a function of numbers alone beside the window; closed early, it lets it end and forgets what came of it.

    Raises:
        What the function raises.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(function)
        while not future.done():
            # Slicer's event loop keeps Python's lock; the thread gets on while it is waited for.
            wait([future], timeout=_THREAD_SECONDS)
            yield Report(message=message)
        return future.result()


def finish(job: Job[Result], idle: Callable[[Report], None]) -> Result:
    """Drives a job to its end; `idle` is called after each step, to wait and to keep a window alive."""
    try:
        while True:
            idle(next(job))
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        job.close()


def meanwhile(waiting: Job[First], working: Job[Second]) -> Job[tuple[First, Second]]:
    """Begins a job, does another one while the first waits for the worker, and ends the first; both results.

    Raises:
        What either raises; the other is then closed.
    """
    with closing(waiting), closing(working):
        ended: list[First] = []
        try:
            while not (report := next(waiting)).waiting:
                yield report
        except StopIteration as end:
            ended.append(end.value)
        done = yield from working
        return (ended[0] if ended else (yield from waiting)), done


def while_there(job: Job[Result], *nodes: Any) -> Job[Result]:
    """A job that ends as soon as a node that it works on is removed from its scene; None among the nodes is no node.

    Raises:
        InputError: one was removed; and what the job raises.
    """
    names = {node: node.GetName() for node in nodes if node is not None}

    def still_there(report: Report) -> Report:
        for node, name in names.items():
            if node.GetScene() is None:
                raise InputError(f"'{name}' was removed from the scene meanwhile, so nothing was added.")
        return report

    return (yield from each_report(job, still_there))


def each_report(job: Job[Result], changed: Callable[[Report], Report]) -> Job[Result]:
    """A job whose reports are passed on as a function makes others of them; what that raises ends the job."""
    with closing(job):
        while True:
            try:
                report = next(job)
            except StopIteration as end:
                result: Result = end.value
                return result
            yield changed(report)


def saying(job: Job[Result], message: str) -> Job[Result]:
    """A job that tells one thing all the while."""
    return each_report(job, lambda report: replace(report, message=message))


@contextmanager
def working_folder(**names: str) -> Iterator[Path]:
    """A folder for the files that travel between Slicer and the worker; gone when the job is.

    Args:
        names: of a file without its suffix the node that it was written from; errors name that.

    Raises:
        OutputError: it cannot be made, or the disk is full, or it was removed meanwhile.
    """
    try:
        # The worker may still be leaving a cancelled task's files behind.
        with tempfile.TemporaryDirectory(prefix="echosynth-", ignore_cleanup_errors=True) as folder:
            try:
                yield Path(folder)
            except EchoSynthError as error:
                error.args = (_named(str(error), Path(folder), names),)
                raise
    except OSError as error:
        if isinstance(error, EchoSynthError) and error.__cause__ is None:
            raise
        error = error.__cause__ if isinstance(error.__cause__, OSError) else error
        place = Path(tempfile.tempdir or os.environ.get("TMPDIR", "the temporary folder"))
        advice = "Nothing was changed. Slicer's temporary files go elsewhere where the variable TMPDIR says so."
        raise output_error(place, error, advice) from error


def _named(message: str, folder: Path, names: Mapping[str, str]) -> str:
    for file, name in names.items():
        message = message.replace(str(folder / f"{file}.npy"), f"'{name}'")
    return message


def sector_text(record: Mapping[str, Any]) -> str:
    """The ultrasound sector of a record, as the tasks take it again."""
    return json.dumps(record["sector"])
