"""Work items in threads, whose steps are told where they were begun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event

Tick = Callable[[], None]


def side_by_side(items: Sequence[Callable[[Tick], None]], at_once: int, told: Tick) -> None:
    """Runs items, several at once, and calls `told`, in the caller's thread, for each step that one of them ticks.

    One at a time, they run in the caller's thread. Where `told` raises, because the caller has had enough, each item
    ends with its next step.

    Raises:
        What an item, or `told`, raises.
    """
    if at_once == 1 or len(items) == 1:
        for item in items:
            item(told)
        return
    steps: SimpleQueue[BaseException | bool] = SimpleQueue()
    enough = Event()

    def tick() -> None:
        if enough.is_set():
            raise _EnoughError
        steps.put(False)

    def run(item: Callable[[Tick], None]) -> None:
        try:
            item(tick)
            steps.put(True)
        except BaseException as error:
            steps.put(error)

    executor = ThreadPoolExecutor(min(at_once, len(items)), thread_name_prefix="synthesize")
    try:
        for item in items:
            executor.submit(run, item)
        left = len(items)
        while left:
            step = steps.get()
            if isinstance(step, BaseException):
                raise step
            if step:
                left -= 1
            else:
                told()
    finally:
        enough.set()
        executor.shutdown(cancel_futures=True)


class _EnoughError(Exception):
    """Ends an item whose result nobody waits for."""
