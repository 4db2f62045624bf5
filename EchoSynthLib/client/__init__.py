"""The worker's caller, for a panel or any program. Standard library only, so that it runs inside 3D Slicer as it is.

    with Client() as client:
        record = client.run("segment", {"image": "echo.png", "output": "results"})

A panel must not wait: it submits, and asks from a timer.

    handle = client.submit("synthesize", {...}, progress=show)
    if handle.poll():                # never waits; calls `show` with what has come in since
        record = handle.result()     # or raises what went wrong
    handle.cancel()                  # asks the task to stop; ends the worker if it does not
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from EchoSynthLib.client.handle import Handle, TaskFailed, WorkerDied
from EchoSynthLib.client.process import WorkerProcess
from EchoSynthLib.types import Progress

__all__ = ["Client", "Handle", "Progress", "TaskFailed", "WorkerDied"]

# What makes a Python look for its library, or its start-up code, where another Python keeps its own.
_FOREIGN = (
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONEXECUTABLE",
    "PYTHONINSPECT",
    "PYTHONPLATLIBDIR",
    "__PYVENV_LAUNCHER__",
)

# -P and this, rather than -m: the folder one happens to stand in has no say in what runs.
_START = (
    "import runpy, sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "runpy.run_module('EchoSynthLib.worker', run_name='__main__', alter_sys=True)"
)


class Client:
    """Runs tasks in one worker process, which is started at the first call and again after it died.

    Args:
        python: the interpreter that has EchoSynth's requirements; the one that runs now by default.
        tasks: modules whose tasks are added to EchoSynth's, see `EchoSynthLib.tasks`.
        environment: the worker's whole environment. By default it is this process's, less what would mislead another
            Python: PYTHONHOME and its like, and PYTHONPATH if `python` is another one. In Slicer:
            `slicer.util.startupEnvironment()`.
        grace: seconds between the request to cancel and the end of the process, should it not have stopped by then.
    """

    def __init__(
        self,
        python: str | os.PathLike[str] | None = None,
        *,
        tasks: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        grace: float = 5.0,
    ) -> None:
        self._python = os.fspath(python or sys.executable)
        self._tasks = tuple(tasks)
        self._environment = environment
        self._grace = grace
        self._lock = threading.RLock()
        self._process: WorkerProcess | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The running worker's process number; None where none runs."""
        return self._process.pid if self._process is not None and self._process.runs else None

    @property
    def log(self) -> str:
        """The last lines that the worker wrote to its log."""
        return self._process.log_tail() if self._process is not None else ""

    def start(self) -> None:
        """Starts the worker, if none runs, so that the first task need not wait for it.

        Raises:
            WorkerDied: the worker cannot be started.
        """
        with self._lock:
            self._running()

    def submit(self, task: str, parameters: Mapping[str, Any], progress: Progress | None = None) -> Handle:
        """Hands a task to the worker and returns at once. `progress` is called from poll() and wait(), on their thread.

        Raises:
            InputError: a parameter is nothing that can be sent to another process.
            WorkerDied: the worker cannot be started.
        """
        with self._lock:
            self._count += 1
            return self._running().submit(self._count, task, dict(parameters), progress)

    def _running(self) -> WorkerProcess:
        if self._process is None or not self._process.runs:
            command, environment = self._command(), self._clean_environment()
            self._process = WorkerProcess(command, environment, self._grace, self._move)
        return self._process

    def _move(self, handle: Handle, task: str, parameters: dict[str, Any]) -> None:
        with self._lock:
            try:
                process = self._running()
            except WorkerDied as error:
                handle.finish(error=error)
                return
            handle.move(process.cancel)
            process.take_over(handle, task, parameters)

    def run(self, task: str, parameters: Mapping[str, Any], progress: Progress | None = None) -> dict[str, Any]:
        """Runs a task and waits for its record; an exception in `progress`, or Ctrl-C, cancels it.

        Raises:
            What `Handle.result` raises.
        """
        handle = self.submit(task, parameters, progress)
        try:
            handle.wait()
        except BaseException:
            handle.cancel()
            raise
        return handle.result()

    def close(self) -> None:
        """Ends the worker, and with it what still runs. A later call starts a new one."""
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None

    def _command(self) -> list[str]:
        root = str(Path(__file__).resolve().parents[2])
        added = [argument for module in self._tasks for argument in ("--tasks", module)]
        return [self._python, "-P", "-c", _START, root, *added]

    def _clean_environment(self) -> dict[str, str]:
        if self._environment is not None:
            environment = dict(self._environment)
        else:
            same = os.path.realpath(self._python) == os.path.realpath(sys.executable)
            foreign = _FOREIGN if same else (*_FOREIGN, "PYTHONPATH")
            environment = {key: value for key, value in os.environ.items() if key not in foreign}
        # Its matrices are small: threads of OpenBLAS wait for one another, which takes a fit of a heart three times the
        # processor time.
        return {"OPENBLAS_NUM_THREADS": "1", **environment, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"}
