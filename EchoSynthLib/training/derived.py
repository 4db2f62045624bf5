"""What is derived from training data once and kept in a file, with the sum of all that it was made from."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.errors import InputError
from EchoSynthLib.outputs import replacing

Arrays = dict[str, NDArray]


def sum_of_data(data: Path) -> str:
    """SHA-256, in hexadecimal, of training data: of the CAMUS `.npz` and of the `index.csv` beside it.

    Raises:
        InputError: one of them is missing or cannot be read.
    """
    sums = []
    for path in (data, data.with_name("index.csv")):
        try:
            sums.append(sha256_of_file(path))
        except OSError as error:
            raise InputError(
                f"There are no training data at {data}: {path.name} cannot be read ({error.strerror or error}); give "
                "the path of a CAMUS .npz file with index.csv beside it."
            ) from error
    return sha256_of_json(sums)


def derived(cache: Path, origin: str, make: Callable[[], Mapping[str, NDArray]]) -> Arrays:
    """The arrays in the `.npz` file `cache` if they were made from `origin`; else they are made, and kept there.

    Args:
        cache: the file; its folder is made.
        origin: all that the arrays depend on: the sum of the data, sizes, and a number that changes with the code.
        make: makes them.
    """
    kept = _read(cache, origin)
    if kept is None:
        made = make()
        cache.parent.mkdir(parents=True, exist_ok=True)
        with replacing(cache) as part:
            np.savez(part, allow_pickle=False, origin=np.array(origin), **made)
        return dict(made)
    return kept


def _read(cache: Path, origin: str) -> Arrays | None:
    try:
        with np.load(cache, allow_pickle=False) as saved:
            if "origin" not in saved or str(saved["origin"]) != origin:
                return None
            return {name: saved[name] for name in saved if name != "origin"}
    except (OSError, ValueError, zipfile.BadZipFile):  # missing, damaged, or no such file at all: made anew
        return None
