"""Beats to learn from, of a folder of cines in EchoNet-Dynamic's layout (numpy).

What `echosynth cine-dataset` writes has label maps of all frames and their phases. Of other folders the tracings at
both ends of a beat are known, and the frames between them: these are a systole, and played back they stand for all of
the beat.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.echonet import FILE_LIST, TRACINGS, EchoNetVideo, read_echonet
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.picture_box import boxed, picture_box

FRAMES = 24
"""Of a beat, at most."""
UNKNOWN = 255
"""In place of 0 and 1 where nobody tells what is cavity."""
RECORDS = "records"
"""Folder of what `cine-dataset` tells of each heart."""
_REVISION = 1


@dataclass(frozen=True)
class Beats:
    """N beats, each from end-diastole on.

    Attributes:
        pixels: (N, F, S, S) uint8, without what lies around the picture; frames past `count` are empty.
        cavity: (N, F, S, S) uint8: 1 in the left ventricle's cavity, 0 outside, or `UNKNOWN`.
        phase: (N, F) from 0, end-diastole, to below 1.
        volume: (N, F) over that at end-diastole.
        count: (N,) frames.
        fraction: (N,) ejection fraction, from 0 to 1.
        split: (N,) 'train', 'val' or 'test'.
    """

    pixels: NDArray[np.uint8]
    cavity: NDArray[np.uint8]
    phase: NDArray[np.float64]
    volume: NDArray[np.float64]
    count: NDArray[np.int64]
    fraction: NDArray[np.float64]
    split: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.pixels)

    def select(self, splits: Sequence[str]) -> Beats:
        """Those of some splits."""
        chosen = np.isin(self.split, list(splits))
        return Beats(**{name: values[chosen] for name, values in self.arrays().items()})

    def joined(self, other: Beats) -> Beats:
        """These and others."""
        return Beats(**{name: np.concatenate([values, other.arrays()[name]]) for name, values in self.arrays().items()})

    def arrays(self) -> Mapping[str, NDArray]:
        """All of them by name."""
        return dict(vars(self))


def sum_of_cines(folder: Path) -> str:
    """SHA-256, in hexadecimal, of the tables that tell of every cine, with how beats are read.

    Raises:
        InputError: there are none.
    """
    try:
        return sha256_of_json([_REVISION, *(sha256_of_file(folder / name) for name in (FILE_LIST, TRACINGS))])
    except OSError as error:
        raise InputError(
            f"There are no cines to learn from in {folder}: {error.filename} cannot be read ({error.strerror}); give a "
            "folder that `echosynth cine-dataset` made, or one in EchoNet-Dynamic's layout."
        ) from error


def read_beats(folder: Path, side: int) -> Beats:
    """The beats of a folder's cines, `side` pixels along each side of a frame.

    A cine that shows no beat, for want of two traced frames, is passed over.

    Raises:
        InputError: see `read_echonet`; or there is no beat.
    """
    phases = _phases(folder)
    found = [beat for video in read_echonet(folder) for beat in _beat(video, folder, phases.get(video.name), side)]
    if not found:
        raise InputError(f"No cine in {folder} has tracings of both ends of a beat; those are what is learned from.")
    return Beats(*(np.stack(column) for column in zip(*found, strict=True)))


def _phases(folder: Path) -> dict[str, list[float]]:
    """Of every frame of the cines that were made by `cine-dataset`, from 0 in each beat on."""
    records = sorted((folder / RECORDS).glob("*.json"))
    told = (json.loads(path.read_text(encoding="utf-8"))["cines"] for path in records)
    return {cine["name"]: cine["phases"] for cines in told for cine in cines}


def _beat(video: EchoNetVideo, folder: Path, phases: list[float] | None, side: int) -> Iterator[tuple]:
    """The one beat of a cine, or none: its rows of `Beats`."""
    labeled = next(folder.glob(f"*/labelsTr/{video.name}.nii.gz"), None) if phases else None
    if video.ends is None:
        return
    if phases and labeled:
        frames, phase, labels = _whole(phases, read_label_map(labeled)[0])
    else:
        frames, phase, labels = _systole(video)
    fraction = video.ejection_fraction / 100
    if 0 < fraction < 1:
        yield beat_rows(video.cine().pixels[frames], labels, phase, fraction, video.split, side)


def beat_rows(
    pixels: NDArray[np.uint8],
    cavity: NDArray[np.uint8],
    phase: NDArray[np.float64],
    fraction: float,
    split: str,
    side: int,
) -> tuple:
    """What `Beats` holds of one beat of at most `FRAMES` frames; the box of its picture is stretched to a square.

    Args:
        pixels, cavity: (T, H, W), as in `Beats`.
        phase: (T,) of them.
        fraction: ejection fraction, from 0 to 1.
        split: that it is in.
        side: of what is kept of a frame, in pixels.
    """
    box = picture_box(pixels.max(axis=0))
    gray, inside = boxed(pixels, box, side), boxed(cavity, box, side, nearest=True)
    spare = FRAMES - len(pixels)
    wide = ((0, spare), (0, 0), (0, 0))
    return (
        np.pad(gray, wide),
        np.pad(inside, wide),
        np.pad(phase, (0, spare)),
        np.pad(_volumes(inside, fraction), (0, spare)),
        np.int64(len(pixels)),
        np.float64(fraction),
        np.str_(split),
    )


def _whole(
    phases: list[float], label_maps: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
    """Numbers, phases and cavities of the first beat's frames."""
    phase = np.array(phases)
    wrapped = np.flatnonzero(np.diff(phase) < 0)
    frames = _thinned(np.arange(wrapped[0] + 1 if len(wrapped) else len(phase)))
    return frames, phase[frames], (label_maps[frames] == CamusCode.LV_CAVITY).astype(np.uint8)


def _systole(video: EchoNetVideo) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
    """As `_whole`, of the frames from end-diastole to end-systole and back; cavities are known at both ends."""
    assert video.ends is not None
    full, empty = video.ends
    way = np.arange(full, empty + 1) if full < empty else np.arange(full, empty - 1, -1)
    way = way[np.unique(np.linspace(0, len(way) - 1, min(len(way), FRAMES // 2)).round().astype(int))]
    frames = np.concatenate([way, way[-2:0:-1]])
    labels = np.full((len(frames), *video.shape), UNKNOWN, np.uint8)
    for place, end in ((0, full), (len(way) - 1, empty)):
        labels[place] = video.label_map(end) == CamusCode.LV_CAVITY
    return frames, np.arange(len(frames)) / len(frames), labels


def _thinned(frames: NDArray[np.int64]) -> NDArray[np.int64]:
    return frames[np.linspace(0, len(frames) - 1, min(len(frames), FRAMES)).round().astype(int)]


def _volumes(cavity: NDArray[np.uint8], fraction: float) -> NDArray[np.float64]:
    """(F,) over that at end-diastole: a power of the area, such that the smallest leaves what is not ejected.

    Where areas are known at both ends alone, volumes lie on a straight line between them.
    """
    known = (cavity != UNKNOWN).all(axis=(1, 2))
    areas = np.where(known, (cavity == 1).sum(axis=(1, 2)), 0).astype(np.float64)
    if not known.all():
        turn = int(np.flatnonzero(known)[-1])
        way = np.abs(np.arange(len(cavity)) - turn) / max(1, turn)
        return 1 - fraction * (1 - np.minimum(way, 1))
    shares = np.clip(areas / max(1.0, areas[0]), 1e-3, 1)
    least = shares.min()
    if least > 0.999:
        return np.ones(len(cavity))
    return shares ** (np.log(1 - fraction) / np.log(least))
