"""Functions of one item that worker processes import."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import numpy as np

from EchoSynthLib.errors import InputError


def square(number: int) -> int:
    return number * number


def own_process(number: int) -> int:
    time.sleep(0.01)
    return os.getpid()


def threads(number: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS")


def slowest_first(number: int) -> int:
    time.sleep(0.2 if number == 0 else 0)
    return number


def large(number: int) -> np.ndarray:
    return np.full((1000, 1000), number, np.uint8)


def refuse_three(number: int) -> int:
    if number == 3:
        raise InputError("Three is not allowed.")
    return number


def end_process(number: int) -> int:
    os._exit(9)


def unsendable(number: int) -> object:
    return lambda: number


def note_and_wait(folder: str, seconds: float, number: int) -> tuple[int, float]:
    """Leaves a file that says which process is at the item, and draws a number that the item alone decides."""
    (Path(folder) / f"{number:03d}-{os.getpid()}").touch()
    time.sleep(seconds)
    return number, float(np.random.default_rng(number).random())


def noting(folder: Path, seconds: float = 0.05) -> partial[tuple[int, float]]:
    return partial(note_and_wait, str(folder), seconds)
