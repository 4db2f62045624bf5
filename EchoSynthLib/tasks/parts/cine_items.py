"""The cines of one heart of a set: made where the task runs or by any worker, and packed as the bytes of files."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import EchoSynthLib as es
from EchoSynthLib.anatomy.chords import traced
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut, cut
from EchoSynthLib.anatomy.heart3d.probe import Examination
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.echonet import SPLITS, SUFFIX, VIDEOS, EchoNetVideo
from EchoSynthLib.progress import part, silent
from EchoSynthLib.records import new_record, stamp_of
from EchoSynthLib.tasks.parts.asked_fractions import AskedFractions
from EchoSynthLib.types import Progress, Record

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, Geometry

RECORDS = "records"
SHARES = (0.744, 0.128, 0.128)
"""Of the splits, as in EchoNet-Dynamic: 7465, 1288 and 1277 of 10,030 cines."""
HEARTS_TRIED = 20
"""One after the other where one cannot be made to beat."""
_NEXT_HEART = 10**9  # more hearts than a set can have, so that one that stands in for another is nobody else's


@dataclass(frozen=True)
class CineSettings:
    """What all cines of a set share.

    Attributes:
        cohort: the hearts; its rows are the side of a frame.
        fractions: that they are asked for.
        views: of each heart.
        frames: of a cine.
        frame_rate: frames per second.
        layout: the folder of nnU-Net within the set's.
        threshold: correlation with a known patient from which a heart is refused; None takes the model's own.
    """

    cohort: Cohort
    fractions: AskedFractions
    views: tuple[str, ...]
    frames: int
    frame_rate: float
    layout: str
    threshold: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """What the files depend on, as JSON-able values."""
        cohort = {name: value for name, value in asdict(self.cohort).items() if name not in ("frames", "rows")}
        about = {"views": list(self.views), "frames": self.frames, "fps": self.frame_rate, "side": self.cohort.rows}
        return {
            **cohort,
            **self.fractions.to_dict(),
            **about,
            "layout": self.layout,
            "privacy_threshold": self.threshold,
        }

    def split(self, index: int) -> str:
        """That of a heart: all its cines are in one, and it depends on the seed and the number alone."""
        chance = np.random.default_rng((self.cohort.seed, index, *b"split")).random()
        return SPLITS[int(np.searchsorted(np.cumsum(SHARES)[:-1], chance, side="right"))]


def record_of(index: int) -> str:
    """The file of a heart that is written last: what has it is whole."""
    return f"{RECORDS}/heart{index:05d}.json"


def make_cines(settings: CineSettings, index: int, progress: Progress | None = None) -> dict[str, bytes]:
    """The files of a heart, by their names in the set's folder; the record last.

    A heart that cannot be made to beat, or that is too near to a patient whom the models learned from, is replaced by
    another one, and the record says why.

    Raises:
        InputError: `HEARTS_TRIED` hearts, one after the other, are of no use.
    """
    refused: list[str] = []
    while len(refused) < HEARTS_TRIED:
        try:
            return _cines(settings, index, refused, progress or silent)
        except InputError as error:
            refused.append(str(error))
    raise InputError(f"Heart {index} and {HEARTS_TRIED - 1} in its place are of no use; the last: {refused[-1]}")


def video_of(told: Mapping[str, Any]) -> EchoNetVideo:
    """What the tables tell of a cine, of what its heart's record does."""
    tracings = {int(frame): np.array(lines) for frame, lines in told["tracings"].items()}
    volumes, fraction = told["volumes_ml"], told["ejection_fraction"]["labels"]
    side, frames = told["side"], told["frames"]
    return EchoNetVideo(
        told["name"],
        fraction,
        volumes["ESV"],
        volumes["EDV"],
        (side, side),
        told["fps"],
        frames,
        told["split"],
        tracings,
    )


def _cines(settings: CineSettings, index: int, refused: list[str], progress: Progress) -> dict[str, bytes]:
    from EchoSynthLib.images.frame import EchoCine, Geometry

    cohort = settings.cohort
    drawn = index + len(refused) * _NEXT_HEART
    asked = settings.fractions.percent(cohort, index)
    files: dict[str, bytes] = {}
    cines: list[Record] = []
    for number, view in enumerate(settings.views):
        name = f"heart{index:05d}_{view}"
        told = part(progress, number, len(settings.views), name)
        frame, cine, label_maps, record = _beating(settings, drawn, view, asked, told)
        attributes = stamp_of(record)
        like = EchoCine(cine, frame.spacing, frame_time_ms=1000 / settings.frame_rate)
        place = Geometry.flat(frame.spacing)
        files[f"{VIDEOS}/{name}{SUFFIX}"] = _packed(SUFFIX, cine, like, attributes)
        files[f"{settings.layout}/imagesTr/{name}_0000.nii.gz"] = _packed(".nii.gz", cine, place, attributes)
        files[f"{settings.layout}/labelsTr/{name}.nii.gz"] = _packed(".nii.gz", label_maps, place, {}, labels=True)
        ends = {int(record[end]): label_maps[record[end]] for end in ("end_systole", "end_diastole")}
        about = {"name": name, "split": settings.split(index), "side": cohort.rows, "fps": settings.frame_rate}
        lines = {frame: traced(labels, like.spacing).round(4).tolist() for frame, labels in ends.items()}
        cines.append({**record, **about, "tracings": lines})
    heart = {"heart": index, "drawn_as": drawn, **asdict(cohort.heart(drawn).parameters)}
    record = {"heart": heart, "refused": refused, "cines": cines, "files": list(files)}
    return files | {record_of(index): (json.dumps(record, indent=1) + "\n").encode()}


def _beating(
    settings: CineSettings, index: int, view: str, asked: float, progress: Progress
) -> tuple[Cut, np.ndarray, np.ndarray, Record]:
    """The cut, cine and label maps (T, side, side), and what the record says of them."""
    cohort = settings.cohort
    frame = square_cut(cohort, index, view)
    labels = frame.traced(cohort.tracing(index, view))
    seed = int(np.random.SeedSequence((cohort.seed_of(index), *b"cine", *view.encode())).generate_state(1)[0] >> 1)
    images, drawn = es.synthesize(labels, seed=seed, view=view, sector=frame.sector, spacing=frame.spacing)
    cine, label_maps, record = es.animate(
        images[0],
        labels,
        ejection_fraction=asked,
        view=view,
        frames=settings.frames,
        heart_rate=frame.heart.parameters.heart_rate,
        frame_rate=settings.frame_rate,
        seed=seed,
        spacing=frame.spacing,
        synthetic_image=True,
        progress=progress,
    )
    # How long it took is no property of a cine: what is made again is the same.
    del record["seconds"]
    generator = {"generator": drawn["model"], "generator_sha256": drawn["model_sha256"]}
    about = new_record("cine-dataset", synthetic=True) | generator | {"privacy": _private(cine, settings.threshold)}
    return frame, cine, label_maps, record | about


def _private(cine: np.ndarray, threshold: float | None) -> Record:
    """How near the cine comes to a patient whom the models learned from.

    Raises:
        InputError: too near.
    """
    _, record = es.check_privacy(cine, threshold=threshold, strict=True)
    return {key: record[key] for key in ("correlation", "threshold", "nearest", "nearest_at", "model", "model_sha256")}


def square_cut(cohort: Cohort, index: int, view: str) -> Cut:
    """A heart at end-diastole in a square picture of the cohort's rows, which the sector fills in one direction."""
    heart = cohort.heart(index)
    framing = Examination(cohort.seed_of(index), 0, cohort.skill).frame(heart, view)
    width = 2 * framing.depth_mm * math.sin(math.radians(framing.opening_angle_deg / 2))
    step = max(framing.depth_mm, width) / (cohort.rows - 1)
    return cut(heart, framing, shape=(cohort.rows, cohort.rows), spacing=(step, step))


def _packed(
    suffix: str, pixels: np.ndarray, like: EchoCine | Geometry, attributes: Mapping[str, Any], labels: bool = False
) -> bytes:
    from EchoSynthLib.images.write import write_image, write_label_map

    with tempfile.TemporaryDirectory() as folder:
        write = write_label_map if labels else write_image
        return write(Path(folder, f"cine{suffix}"), pixels, like, attributes=attributes).read_bytes()
