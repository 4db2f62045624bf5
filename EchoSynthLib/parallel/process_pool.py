"""Workers that are processes on this machine."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from EchoSynthLib.errors import Cancelled, EchoSynthError
from EchoSynthLib.parallel.child import serve
from EchoSynthLib.runtime import usable_cores

# Processes that may end at the same items before these are held to be the reason.
TRIES = 3


class ProcessPool:
    """Processes, each with a thread here that hands it one chunk after another; see `Pool`.

    A process that has ended is replaced by a new one, which is handed the same chunk. Processes start when there is
    something to do, and none outlives this one, however it ends.

    `concurrent.futures.ProcessPoolExecutor` does none of it: it loses all chunks with one process, cannot end a process
    in the middle of a chunk before Python 3.14, and its processes stay when this one is killed.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="EchoSynth parallel")
        self._of_thread = threading.local()
        self._processes: set[_Process] = set()
        self._lock = threading.Lock()
        self._closing = False

    def capacity(self) -> int:
        """See `Pool.capacity`."""
        return self._workers

    def submit(self, function: Callable[[Any], Any], items: list[Any]) -> Future[list[Any]]:
        """See `Pool.submit`."""
        return self._threads.submit(self._run, function, items)

    def result(self, made: Future[list[Any]]) -> list[Any]:
        """See `Pool.result`."""
        return made.result()

    def close(self) -> None:
        """See `Pool.close`."""
        with self._lock:
            self._closing = True
            self._threads.shutdown(wait=False, cancel_futures=True)
            for process in self._processes:
                process.kill()
        self._threads.shutdown()
        # Only now does no thread listen at a connection any more.
        for process in self._processes:
            process.close()
        self._processes.clear()

    def _run(self, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        ended: int | None = None
        for _ in range(TRIES):
            process = self._process_of_thread()
            try:
                results, error = process.call(function, items)
            except (EOFError, OSError):
                ended = process.kill()
                self._forget(process)
                continue
            if error is not None:
                raise error
            return results
        raise EchoSynthError(
            f"{TRIES} worker processes ended in the middle of the same items, the last with exit code {ended}. Where "
            "memory is short, take fewer workers; a script that starts workers needs `if __name__ == '__main__':`."
        )

    def _forget(self, process: _Process) -> None:
        self._of_thread.process = None
        with self._lock:
            if not self._closing:
                self._processes.discard(process)
                process.close()

    def _process_of_thread(self) -> _Process:
        process: _Process | None = getattr(self._of_thread, "process", None)
        if process is None:
            with self._lock:
                if self._closing:
                    raise Cancelled("The workers were ended.")
                process = self._of_thread.process = _Process(max(1, usable_cores() // self._workers))
                self._processes.add(process)
        return process


class _Process:
    """One worker process, whose networks may use `threads` threads."""

    def __init__(self, threads: int) -> None:
        # A forked child would inherit locks that threads of this process hold.
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other, threads), name="EchoSynth parallel", daemon=True)
        self._process.start()
        # Only the child may hold its end, for its death is noticed by that end's being closed.
        other.close()

    def call(self, function: Callable[[Any], Any], items: list[Any]) -> tuple[list[Any], Exception | None]:
        """What `serve` answers; EOFError or OSError where the process has ended."""
        self._connection.send((function, items))
        return self._connection.recv()

    def kill(self) -> int | None:
        """Ends the process at once, if it runs; its exit code."""
        self._process.kill()
        self._process.join()
        return self._process.exitcode

    def close(self) -> None:
        """Gives back what a process that has ended still holds of this one: its connection and its handle."""
        self._connection.close()
        self._process.close()
