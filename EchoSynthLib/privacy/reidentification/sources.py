"""What is learned from: frames of hearts at both ends of their beats, of CAMUS or of a folder of cines (numpy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import CamusArrays, load_camus_npz
from EchoSynthLib.images.datasets.echonet import EchoNetVideo, read_echonet, sum_of_videos
from EchoSynthLib.privacy.reidentification.judge import Frames
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.terms import CAMUS, terms_of_cines


@dataclass(frozen=True)
class Source:
    """Data to learn from.

    Attributes:
        known: frames of the split train.
        others: of other hearts, of the split val.
        told: what the first are, in a line.
        terms: citation and terms.
        sum: SHA-256 of the data.
    """

    known: Frames
    others: Frames
    told: str
    terms: str
    sum: str


def source_of(data: Path) -> Source:
    """Of a CAMUS `.npz`, or of a folder in EchoNet-Dynamic's layout.

    Raises:
        InputError: the data cannot be read, or lack one of both splits.
    """
    found = _of_cines(data) if data.is_dir() else _of_camus(data)
    if not len(found.known.image) or not len(found.others.image):
        raise InputError(f"{data} needs frames of both splits, train to learn from and val to set the threshold.")
    return found


def frames_of(arrays: CamusArrays, chosen: NDArray[np.bool_]) -> Frames:
    """The chosen frames with the hearts that they show."""
    part = arrays.select(chosen)
    hearts = [f"{patient} {view}" for patient, view in zip(part.patient, part.view, strict=True)]
    return Frames(part.image, part.name.tolist(), hearts, part.phase.tolist())


def ends_of(videos: Sequence[EchoNetVideo]) -> Frames:
    """Of each cine the frames at both ends of its beat; where nobody traced them, its first and the one in its middle.

    Cines that are too short, or whose frames are of another size than the first one's, are left out.
    """
    images, names, hearts = [], [], []
    for video in videos:
        ends = video.ends or (0, video.frames // 2)
        if ends[0] == ends[1] or video.shape != videos[0].shape:
            continue
        images.append(video.cine().pixels[list(ends)])
        names += [f"{video.name} frame {end}" for end in ends]
        hearts += [video.name, video.name]
    pixels = np.concatenate(images) if images else np.zeros((0, 1, 1), np.uint8)
    return Frames(pixels, names, hearts, ["ED", "ES"] * len(images))


def _of_camus(data: Path) -> Source:
    arrays = load_camus_npz(data)
    known, others = (frames_of(arrays, arrays.split == split) for split in ("train", "val"))
    hearts = len(set(known.heart))
    told = f"CAMUS, split train: {hearts} hearts, a patient in one view each, {len(known.image)} frames"
    return Source(known, others, told, CAMUS, sum_of_data(data))


def _of_cines(folder: Path) -> Source:
    videos = read_echonet(folder)
    known, others = (ends_of([one for one in videos if one.split == split]) for split in ("train", "val"))
    told = f"split TRAIN of a folder of cines: {len(set(known.heart))} cines, {len(known.image)} frames"
    return Source(known, others, told, terms_of_cines(folder), sum_of_videos(videos))
