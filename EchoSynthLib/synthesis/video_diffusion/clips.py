"""Cines as a cascade sees them: a square, so many frames of a beat or of some seconds, and their ejection fraction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.between_frames import at_times
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.grid import to_grid
from EchoSynthLib.images.read import read_image

HELD_OUT = 10
"""One cine in so many is not learned from but reported."""
WANTED = (
    "A folder of cines with their records is expected, as `echosynth animate FRAMES --output FOLDER` writes it: beside "
    "each cine NAME_record.json with `outputs`: {`cine`: its file}, `ejection_fraction`: {`labels`: percent}, "
    "`frame_time_ms`, `heart_rate` and `end_diastole`"
)


@dataclass(frozen=True, eq=False)
class Clips:
    """What cascades are trained on.

    Attributes:
        pixels: (N, T, side, side) uint8.
        ejection_fraction: (N,) float32, 0 to 1.
        names: of the files.
        derived: whether a patient's image is in one of them.
    """

    pixels: NDArray[np.uint8]
    ejection_fraction: NDArray[np.float32]
    names: list[str]
    derived: bool

    def __len__(self) -> int:
        return len(self.pixels)

    def part(self, held_out: bool) -> Clips:
        """One in `HELD_OUT`, or the others."""
        chosen = [i for i in range(len(self)) if (i % HELD_OUT == 0) == held_out]
        names = [self.names[i] for i in chosen]
        return Clips(self.pixels[chosen], self.ejection_fraction[chosen], names, self.derived)


def records_in(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The cines of a folder and of those in it, in the order of their names, with their records; all else is left.

    Raises:
        InputError: there is none, or a record is not whole.
    """
    found = 0
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. {WANTED}.")
    for path in sorted(folder.rglob("*_record.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"The record {path} cannot be read ({error}). {WANTED}.") from error
        cine = record.get("outputs", {}).get("cine") if isinstance(record, dict) else None
        if isinstance(cine, str):
            found += 1
            yield path.with_name(Path(cine).name), record
    if not found:
        raise InputError(f"There are no cines in {folder}. {WANTED}.")


def sum_of_clips(folder: Path) -> str:
    """SHA-256, in hexadecimal, of all cines of a folder and of what their records say of the beat."""
    told = ("ejection_fraction", "frame_time_ms", "heart_rate", "end_diastole")
    return sha256_of_json(
        [
            [path.relative_to(folder).as_posix(), sha256_of_file(path), [record.get(one) for one in told]]
            for path, record in records_in(folder)
        ]
    )


def read_clips(folder: Path, side: int, frames: int, seconds: float | None) -> Clips:
    """The cines of a folder; see `WANTED`.

    Args:
        folder: that holds them.
        side: of the square that each frame is stretched onto.
        frames: T.
        seconds: that they last, black after the cine's end; None for one beat from its end-diastole on.

    Raises:
        InputError: there are none, a cine is missing, or a record does not tell what is needed.
    """
    pixels, fractions, names, derived = [], [], [], False
    for path, record in records_in(folder):
        cine = read_image(path)
        if not isinstance(cine, EchoCine):
            raise InputError(f"{path} is one frame; a cine was expected. {WANTED}.")
        try:
            fraction = float(record["ejection_fraction"]["labels"]) / 100
            times = _times(record, frames, seconds)
        except (LookupError, TypeError, ValueError) as error:
            raise InputError(f"The record of {path} does not tell its beat ({error!r}). {WANTED}.") from error
        small = np.stack([to_grid(frame, (side, side)) for frame in cine.pixels])
        pixels.append(np.rint(at_times(small, times, endless=False)).clip(0, 255).astype(np.uint8))
        fractions.append(fraction)
        names.append(path.relative_to(folder).as_posix())
        derived = derived or "patient" in str(record.get("origin", "patient"))
    return Clips(np.stack(pixels), np.array(fractions, np.float32), names, derived)


def _times(record: Mapping[str, Any], frames: int, seconds: float | None) -> NDArray[np.float64]:
    """Of a clip's frames, in frames of the cine."""
    frame_ms = float(record["frame_time_ms"])
    if seconds is not None:
        return np.arange(frames, dtype=np.float64) * (1000 * seconds / frames / frame_ms)
    beat = 60_000 / float(record["heart_rate"]) / frame_ms
    return int(record["end_diastole"]) + np.arange(frames, dtype=np.float64) * (beat / frames)
