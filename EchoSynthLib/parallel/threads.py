"""Items in threads of this process: networks and numpy let go of the interpreter while they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

from EchoSynthLib.runtime import usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")
Tick = Callable[[], None]


def on_each_core(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What a function gives for each item, in their order; a core to each item, so its networks take one thread.

    That takes three quarters of the time of networks that use all cores for one item after the other, in batches or
    not. Closed early, it begins no other item, and what has begun takes some milliseconds to end.
    """
    executor = ThreadPoolExecutor(usable_cores(), thread_name_prefix="core")
    try:
        yield from executor.map(function, items)
    finally:
        executor.shutdown(cancel_futures=True)


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

    executor = ThreadPoolExecutor(min(at_once, len(items)), thread_name_prefix="item")
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
