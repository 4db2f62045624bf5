"""Workers of a Dask cluster (the optional package `distributed`, https://distributed.dask.org)."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import EchoSynthLib
from EchoSynthLib.errors import EchoSynthError, InputError, needs
from EchoSynthLib.parallel.child import run_chunk

# What a local cluster spends on watching itself shows in the speed of a small machine: its workers' stacks sampled a
# hundred times a second, event loops timed fifty times a second. And Dask has freed arrays given back to the system at
# once, whose pages then have to be made anew for the next: a sixth of the time that drawing takes.
LOCAL_SETTINGS = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}
SECONDS_TO_CONNECT = 15
SECONDS_BETWEEN_COUNTS = 1.0
ADDRESSES = "tcp://HOST:8786, the path of a scheduler.json, or local:2 for two processes on this machine"


class DaskPool:
    """The workers of a Dask cluster, as many as it has at any time; see `Pool`.

    The scheduler hands the items of a worker that is gone to another, and gives up on items at which several workers
    have ended (Dask's `distributed.scheduler.allowed-failures`).
    """

    def __init__(self, address: str) -> None:
        with needs("cluster", "A cluster"):
            import distributed
        self._killed_worker = distributed.KilledWorker
        self._address = address
        self._counted, self._count = -SECONDS_BETWEEN_COUNTS, 0
        with ExitStack() as opened:
            self._client = opened.enter_context(_connect(distributed, address, opened))
            self._executor = self._client.get_executor(pure=False)
            self._opened = opened.pop_all()

    def capacity(self) -> int:
        """See `Pool.capacity`."""
        if time.monotonic() - self._counted >= SECONDS_BETWEEN_COUNTS:
            self._count = self._count_threads()
            self._counted = time.monotonic()
        return self._count

    def submit(self, function: Callable[[Any], Any], items: list[Any]) -> Future[list[Any]]:
        """See `Pool.submit`."""
        return self._executor.submit(run_chunk, EchoSynthLib.__version__, function, items)

    def result(self, made: Future[list[Any]]) -> list[Any]:
        """See `Pool.result`."""
        try:
            return made.result()
        except self._killed_worker as error:
            raise EchoSynthError(
                f"Several workers of the cluster {self._address} ended in the middle of the same items; "
                f"memory may be short: give each more. ({error})"
            ) from error
        except CancelledError as error:
            raise self._lost() from error

    def close(self) -> None:
        """See `Pool.close`; a cluster that was there before stays, and its workers finish the chunk they are at."""
        self._executor.shutdown(wait=False)
        self._opened.close()

    def _count_threads(self) -> int:
        if self._client.status != "running":
            raise self._lost()
        try:
            return sum(self._client.nthreads().values())
        except OSError as error:
            raise self._lost() from error

    def _lost(self) -> EchoSynthError:
        return EchoSynthError(f"The connection to the cluster {self._address} was lost; start it anew, and try again.")


def _connect(distributed: Any, address: str, opened: ExitStack) -> Any:
    """A client of the cluster; what has to be closed after it is put into `opened`."""
    options = {"timeout": SECONDS_TO_CONNECT, "set_as_default": False}
    if address.startswith("local:"):
        return distributed.Client(_local_cluster(distributed, address, opened), **options)
    if address.endswith(".json") and not Path(address).is_file():
        raise InputError(f"There is no file {address} of a scheduler; it writes one with --scheduler-file.")
    try:
        if address.endswith(".json"):
            return distributed.Client(scheduler_file=address, **options)
        return distributed.Client(address, **options)
    except ValueError as error:
        raise InputError(f"The cluster {address!r} is no address ({error}); give {ADDRESSES}.") from error
    except OSError as error:
        raise EchoSynthError(
            f"No Dask scheduler answers at {address} within {SECONDS_TO_CONNECT} s; is it running, and reached from "
            f"here? The cluster is {ADDRESSES}."
        ) from error


def _local_cluster(distributed: Any, address: str, opened: ExitStack) -> Any:
    import dask

    number = re.fullmatch(r"local:([1-9][0-9]{0,2})", address)
    if number is None:
        raise InputError(f"The cluster {address!r} says no number of processes; give for example local:2.")
    folder = tempfile.TemporaryDirectory(prefix="echosynth-cluster-", ignore_cleanup_errors=True)
    opened.enter_context(dask.config.set(LOCAL_SETTINGS | {"temporary-directory": opened.enter_context(folder)}))
    handed_on = dask.config.get("distributed.nanny.pre-spawn-environ")
    _keep_environment([*handed_on, "PYTHONHASHSEED"], opened)
    return opened.enter_context(
        distributed.LocalCluster(
            n_workers=int(number[1]),
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.ERROR,
        )
    )


def _keep_environment(names: Iterable[str], opened: ExitStack) -> None:
    """Undoes, once `opened` is closed, what Dask sets in its parent's environment to hand it on to its workers."""
    before = {name: os.environ.get(name) for name in names}

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    opened.callback(restore)
