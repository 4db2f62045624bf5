"""Jobs as generators: running a task in the worker, and a folder that lasts as long as the job."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from EchoSynthLib.client import Client

Result = TypeVar("Result")


@dataclass(frozen=True)
class Report:
    """How far a job is.

    Attributes:
        done, total: steps; total 0 where the number is not known.
        message: what is being done.
        waiting: whether the job has nothing to do until the worker says more.
    """

    done: int = 0
    total: int = 0
    message: str = ""
    waiting: bool = False


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


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder for the files that travel between Slicer and the worker; gone when the job is."""
    # The worker may still be leaving a cancelled task's files behind.
    with tempfile.TemporaryDirectory(prefix="echosynth-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sector_text(record: Mapping[str, Any]) -> str:
    """The ultrasound sector of a record, as the tasks take it again."""
    return json.dumps(record["sector"])
