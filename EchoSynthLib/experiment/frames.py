"""The real frames of an experiment: train frames to learn from, val frames to be judged on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.fit import default_sector, fit_sector
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import CamusArrays, load_camus_npz

FEWEST_VAL_FRAMES = 2


@dataclass(frozen=True)
class Frames:
    """A CAMUS .npz and which of its rows are for what.

    Attributes:
        path: of the file.
        sums: SHA-256 of the file and of the index beside it.
        arrays: all frames.
        train, val: row numbers of the two splits.
    """

    path: Path
    sums: tuple[str, str]
    arrays: CamusArrays
    train: NDArray[np.intp]
    val: NDArray[np.intp]

    def evenly(self, count: int | None) -> NDArray[np.intp]:
        """`count` train rows, evenly spread over all; all where it is None."""
        if count is None:
            return self.train
        if count > len(self.train):
            raise InputError(f"{count} train frames were asked for; {self.path} has {len(self.train)}.")
        return self.train[np.linspace(0, len(self.train) - 1, count).round().astype(np.intp)]

    def patients(self, rows: NDArray[np.intp]) -> int:
        """How many patients these frames show."""
        return len(np.unique(self.arrays.patient[rows]))


def load_frames(path: Path) -> Frames:
    """The frames of a CAMUS .npz with index.csv beside it.

    Raises:
        InputError: the file cannot be read, a split is missing, or a patient is in both.
    """
    arrays = load_camus_npz(path)
    train, val = (np.flatnonzero(arrays.split == split) for split in ("train", "val"))
    if not len(train) or len(val) < FEWEST_VAL_FRAMES:
        raise InputError(
            f"{path} has {len(train)} rows of the split train and {len(val)} of val; an experiment learns from train "
            f"and is judged on val, so both are needed (of val {FEWEST_VAL_FRAMES} at least)."
        )
    both = np.intersect1d(arrays.patient[train], arrays.patient[val])
    if len(both):
        raise InputError(f"{path} has patients in both splits, such as {both[0]}; split by patient.")
    sums = sha256_of_file(path), sha256_of_file(path.with_name("index.csv"))
    return Frames(path, sums, arrays, train, val)


def sector_of(image: NDArray[np.uint8], label_map: NDArray[np.uint8]) -> Sector:
    """The sector seen in a real frame; a typical one around its structures where none is seen."""
    try:
        return fit_sector(image)
    except InputError:
        return default_sector(image.shape, label_map)
