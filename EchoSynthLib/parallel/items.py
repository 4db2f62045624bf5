"""The map itself: items are handed out in chunks, results come back in the items' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice
from typing import Any, Protocol, TypeVar

from EchoSynthLib.errors import InputError
from EchoSynthLib.progress import silent
from EchoSynthLib.types import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

# Chunks handed out for each worker: enough that none waits for a slow one, few enough that memory stays small.
CHUNKS_AHEAD = 4
SECONDS_BETWEEN_LOOKS = 0.1


class Pool(Protocol):
    """Workers that are handed chunks of items: `ProcessPool` or `DaskPool`."""

    def capacity(self) -> int:
        """How many chunks can be worked on at a time, now."""
        ...

    def submit(self, function: Callable[[Any], Any], items: list[Any]) -> Future[list[Any]]:
        """Hands a chunk over; a chunk whose worker is killed is made again."""
        ...

    def result(self, made: Future[list[Any]]) -> list[Any]:
        """The results of a chunk that is done, or the error in it."""
        ...

    def close(self) -> None:
        """Ends what was started; what is still being made is lost."""
        ...


def run_items(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int = 1,
    cluster: str | None = None,
    chunk: int = 1,
    total: int | None = None,
    progress: Progress | None = None,
) -> Generator[Result, None, None]:
    """`function` of every item, in the items' order; both are taken and given as they are needed, so any length does.

    The items of a worker that is killed are made again by another; none is lost or comes twice. A caller that may stop
    early closes the generator (`contextlib.closing`), which ends the workers.

    Args:
        function: of one item. With more than one worker it must be importable where the workers are (a `partial` of
            such a function is fine), and start no processes of its own.
        items: what multiprocessing can transport; small ones, for they travel.
        workers: processes on this machine; with 1, this process does the work itself.
        cluster: instead of `workers`: address of a Dask scheduler (`tcp://HOST:8786`), its file (`scheduler.json`), or
            `local:2` for a cluster of two processes on this machine.
        chunk: how many items travel together. More costs less transport where an item takes milliseconds.
        total: number of items, for `progress`; told by `items` where they have a length.
        progress: progress(done, total, message) several times a second; may raise `Cancelled`, which ends everything.

    Raises:
        InputError: both `workers` and `cluster` were given, or `cluster` is no address.
        EchoSynthError: no cluster is reached, or workers end again and again at the same items.
    """
    check_places(workers, cluster)
    count = len(items) if total is None and isinstance(items, Sized) else total or 0
    report = progress or silent
    if cluster is None and workers == 1:
        yield from _in_this_process(function, items, count, report)
        return
    pool = _open(workers, cluster)
    try:
        yield from _in_order(pool, function, _chunks(items, chunk), count, report)
    finally:
        pool.close()


def check_places(workers: int, cluster: str | None) -> None:
    """InputError where both are asked for, or fewer than one worker."""
    if workers < 1:
        raise InputError(f"The number of workers is at least 1; given was {workers}.")
    if cluster is not None and workers != 1:
        raise InputError(
            f"Both workers ({workers}) and a cluster ({cluster}) were given; the cluster brings workers of its own. "
            "Give one of the two."
        )


def _open(workers: int, cluster: str | None) -> Pool:
    if cluster is None:
        from EchoSynthLib.parallel.process_pool import ProcessPool

        return ProcessPool(workers)
    from EchoSynthLib.parallel.dask_pool import DaskPool

    return DaskPool(cluster)


def _in_this_process(
    function: Callable[[Item], Result], items: Iterable[Item], total: int, report: Progress
) -> Iterator[Result]:
    for index, item in enumerate(items):
        report(index, total, "")
        yield function(item)


def _in_order(
    pool: Pool, function: Callable[[Any], Any], chunks: Iterator[list[Any]], total: int, report: Progress
) -> Iterator[Any]:
    handed_out: deque[tuple[Future[list[Any]], int]] = deque()
    given_back = 0
    while True:
        room = CHUNKS_AHEAD * max(1, pool.capacity()) - len(handed_out)
        handed_out.extend((pool.submit(function, items), len(items)) for items in islice(chunks, max(0, room)))
        if not handed_out:
            return
        report(given_back + sum(size for made, size in handed_out if made.done()), total, "")
        first, size = handed_out[0]
        if not first.done():
            unfinished = [made for made, _ in handed_out if not made.done()]
            wait(unfinished, SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
            continue
        handed_out.popleft()
        yield from pool.result(first)
        given_back += size


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while together := list(islice(remaining, size)):
        yield together
