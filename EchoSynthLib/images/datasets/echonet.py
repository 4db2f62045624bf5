"""A folder in the layout of EchoNet-Dynamic (Ouyang et al., Nature 580:252-256, 2020, doi 10.1038/s41586-020-2145-8).

Videos/NAME.avi are gray cines, of 112 x 112 pixels there. FileList.csv has a row a cine: FileName, EF (percent), ESV,
EDV (ml), FrameHeight, FrameWidth, FPS, NumberOfFrames, Split (TRAIN, VAL or TEST). VolumeTracings.csv has FileName, X1,
Y1, X2, Y2, Frame: of the frames at both ends of a beat a long axis, then chords across it, see `anatomy/chords.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.chords import FEWEST_LINES, cavity_of, volume_of
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.errors import InputError
from EchoSynthLib.files import check_readable
from EchoSynthLib.images.datasets.table_rows import Row, rows_of
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.read import read_image
from EchoSynthLib.outputs import replacing
from EchoSynthLib.types import LabelMap

VIDEOS, FILE_LIST, TRACINGS = "Videos", "FileList.csv", "VolumeTracings.csv"
SPLITS = ("train", "val", "test")
SUFFIX = ".avi"
_OF_CINES = ("FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split")
_OF_LINES = ("FileName", "X1", "Y1", "X2", "Y2", "Frame")
_DIGITS = 4


@dataclass(frozen=True, eq=False)
class EchoNetVideo:
    """A cine, and what the tables tell of it.

    Attributes:
        name: of its file, without the suffix.
        ejection_fraction: percent.
        end_systolic_volume, end_diastolic_volume: of the left ventricle, in ml.
        shape: (H, W) of a frame.
        frame_rate: frames per second.
        frames: how many.
        split: 'train', 'val' or 'test'.
        tracings: (n, 4) lines of each traced frame, by its number from 0, as `anatomy.chords.traced` gives them; empty
            where nobody has traced it.
        path: of its file; where none is told, it was not read from a folder.
    """

    name: str
    ejection_fraction: float
    end_systolic_volume: float
    end_diastolic_volume: float
    shape: tuple[int, int]
    frame_rate: float
    frames: int
    split: str
    tracings: Mapping[int, NDArray[np.float64]] = field(default_factory=dict)
    path: Path | None = None

    @property
    def ends(self) -> tuple[int, int] | None:
        """Numbers of the traced frames at end-diastole and end-systole, the largest and the smallest; None of fewer."""
        if len(self.tracings) < 2:
            return None
        volumes = {frame: volume_of(lines) for frame, lines in self.tracings.items()}
        return max(volumes, key=lambda frame: volumes[frame]), min(volumes, key=lambda frame: volumes[frame])

    def label_map(self, frame: int) -> LabelMap:
        """(H, W) in CAMUS codes: the cavity that was traced in a frame; walls and atrium nobody traces there.

        Raises:
            InputError: the frame is not traced.
        """
        if frame not in self.tracings:
            told = ", ".join(map(str, sorted(self.tracings))) or "none"
            raise InputError(f"Frame {frame} of {self.name} is not traced; traced are: {told}.")
        cavity = cavity_of(self.tracings[frame], self.shape)
        return np.where(cavity, np.uint8(CamusCode.LV_CAVITY), np.uint8(CamusCode.BACKGROUND))

    def cine(self) -> EchoCine:
        """Its frames.

        Raises:
            InputError: the file is missing, damaged, or not what the tables tell.
        """
        if self.path is None:
            raise InputError(f"The cine {self.name} was not read from a folder, so that it has no file.")
        found = read_image(self.path)
        told = f"{FILE_LIST} tells {self.frames} frames of {self.shape[0]} x {self.shape[1]} pixels"
        if found.pixels.shape != (self.frames, *self.shape) or not isinstance(found, EchoCine):
            raise InputError(f"{self.path} has the shape {found.pixels.shape}, and {told}; get both from one source.")
        return found


def read_echonet(folder: str | Path) -> tuple[EchoNetVideo, ...]:
    """The cines of a folder, in the order of FileList.csv; their frames are read by `EchoNetVideo.cine`.

    A cine without tracings is one of them, and tracings of a cine that the list does not name are passed over: the
    published data have both.

    Raises:
        InputError: a table or a video is missing, or a table holds what it may not, which is told with its line.
    """
    folder = Path(folder)
    wanted = f"give one with {VIDEOS}, {FILE_LIST} and {TRACINGS}, as EchoNet-Dynamic has"
    check_readable(folder, f"There is no folder {folder}; {wanted}.")
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; {wanted}.")
    for name in (VIDEOS, FILE_LIST, TRACINGS):
        check_readable(folder / name, f"The folder {folder} has no {name}; {wanted}.")
    tracings = _read_tracings(folder / TRACINGS)
    videos: dict[str, EchoNetVideo] = {}
    for row in rows_of(folder / FILE_LIST, _OF_CINES):
        video = _video(row, folder / VIDEOS, tracings)
        if video.name in videos:
            raise row.error(f"{video.name} is there twice; a cine has one row")
        videos[video.name] = video
    if not videos:
        raise InputError(f"{folder / FILE_LIST} has no row; {wanted}.")
    return tuple(videos.values())


def sum_of_videos(videos: Iterable[EchoNetVideo]) -> str:
    """SHA-256, in hexadecimal, of the files of cines that were read from a folder, and of what its list tells."""
    files = [(one, one.path) for one in videos if one.path is not None]
    return sha256_of_json(
        [[one.name, one.split, one.ejection_fraction, one.frame_rate, sha256_of_file(path)] for one, path in files]
    )


def write_tables(folder: str | Path, videos: Iterable[EchoNetVideo]) -> dict[str, str]:
    """Writes FileList.csv and VolumeTracings.csv of cines whose files are in `folder`/Videos, each whole or not at all.

    Tracings come smallest first, as there.

    Returns:
        The names of both.

    Raises:
        InputError: two cines of one name, or one that is no file's name.
        OutputError: they could not be written.
    """
    listed, lines, names = [], [], set[str]()
    for video in videos:
        if video.name in names or Path(video.name).name != video.name or video.split not in SPLITS:
            raise InputError(
                f"A cine has a name of its own without folders, and a split of {', '.join(SPLITS)}; given was "
                f"{video.name!r} of {video.split!r}."
            )
        names.add(video.name)
        numbers = (video.ejection_fraction, video.end_systolic_volume, video.end_diastolic_volume)
        about = (*video.shape, round(video.frame_rate, _DIGITS), video.frames, video.split.upper())
        listed.append([video.name, *(round(number, _DIGITS) for number in numbers), *about])
        for frame in sorted(video.tracings, key=lambda frame: volume_of(video.tracings[frame])):
            rounded = np.round(video.tracings[frame], _DIGITS).tolist()
            lines += [[f"{video.name}{SUFFIX}", *line, frame] for line in rounded]
    _write(Path(folder, FILE_LIST), _OF_CINES, listed)
    _write(Path(folder, TRACINGS), _OF_LINES, lines)
    return {"file_list": FILE_LIST, "tracings": TRACINGS}


def _name(row: Row) -> str:
    """FileName, which has the suffix in one table and not in the other."""
    found = row.text("FileName").removesuffix(SUFFIX)
    if Path(found).name != found or "\\" in found:
        raise row.error(f"FileName is {found!r:.120}; expected was a file's name in {VIDEOS}, without folders")
    return found


def _video(row: Row, folder: Path, tracings: Mapping[str, Mapping[int, NDArray[np.float64]]]) -> EchoNetVideo:
    name, split = _name(row), row.text("Split").lower()
    if split not in SPLITS:
        raise row.error(f"Split is {split!r:.60}; expected was one of {', '.join(SPLITS).upper()}")
    path = folder / f"{name}{SUFFIX}"
    if not path.is_file():
        raise row.error(f"there is no {VIDEOS}/{path.name}; take its row out, or get the file")
    frames = row.whole("NumberOfFrames", 1)
    own = tracings.get(name, {})
    late = [frame for frame in own if frame >= frames]
    if late:
        raise row.error(f"{name} has {frames} frames, and {TRACINGS} tells of frame {late[0]}, counted from 0")
    return EchoNetVideo(
        name,
        row.number("EF", 0, 100),
        row.number("ESV", 0),
        row.number("EDV", 0),
        (row.whole("FrameHeight", 1), row.whole("FrameWidth", 1)),
        row.number("FPS", 1e-3),
        frames,
        split,
        own,
        path,
    )


def _read_tracings(path: Path) -> dict[str, dict[int, NDArray[np.float64]]]:
    found: dict[str, dict[int, list[list[float]]]] = {}
    for row in rows_of(path, _OF_LINES):
        line = [row.number(column) for column in _OF_LINES[1:5]]
        found.setdefault(_name(row), {}).setdefault(row.whole("Frame", 0), []).append(line)
    for name, frames in found.items():
        for frame, lines in frames.items():
            if len(lines) < FEWEST_LINES:
                raise InputError(
                    f"{path}: frame {frame} of {name} has {len(lines)} lines; expected were a long axis and at least "
                    f"{FEWEST_LINES - 1} chords across it, in EchoNet-Dynamic 20."
                )
    return {name: {frame: np.array(rows) for frame, rows in of.items()} for name, of in found.items()}


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
