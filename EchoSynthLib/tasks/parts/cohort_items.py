"""One view of one heart of a cohort: cut where the task runs or by any worker, and packed as the bytes of its files."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.probe import Examination
from EchoSynthLib.anatomy.views import APICAL, view_of
from EchoSynthLib.records import new_record, stamp_of

if TYPE_CHECKING:
    from EchoSynthLib.anatomy.heart3d.cut import Cut
    from EchoSynthLib.images.frame import Geometry

TISSUES, LABEL_MAPS, MOTION, RECORDS = "tissues", "label_maps", "motion", "records"
"""Rooms of a cohort's folder."""
OBSERVER, ANATOMY = "observer", "anatomy"


@dataclass(frozen=True)
class View:
    """A view of a heart in an examination, which becomes files."""

    index: int
    name: str
    examination: int

    @property
    def stem(self) -> str:
        """As in heart00007_4CH; of a second examination heart00007_d2_4CH."""
        day = f"_d{self.examination + 1}" if self.examination else ""
        return f"heart{self.index:05d}{day}_{self.name}"

    @property
    def record(self) -> str:
        """The file that is written last: what has it is whole."""
        return f"{RECORDS}/{self.stem}.json"


@dataclass(frozen=True)
class Cutting:
    """What all views of a cohort share.

    Attributes:
        cohort: the hearts.
        motion: whether motion is written, too.
        tracing: whose label maps: 'observer', as CAMUS was traced, or 'anatomy'.
    """

    cohort: Cohort
    motion: bool
    tracing: str


def make(cutting: Cutting, view: View) -> dict[str, bytes]:
    """The files of a view, by their names in the cohort's folder; the record last."""
    frames = cutting.cohort.cuts(view.index, view.name, view.examination)
    stamp = stamp_of(new_record("cohort", synthetic=True) | {"seed": cutting.cohort.seed, "view": view.name})
    files = {f"{TISSUES}/{view.stem}.nii.gz": _nifti(np.stack([frame.labels for frame in frames]), frames, stamp)}
    if view_of(view.name) in APICAL:
        tracing = cutting.cohort.tracing(view.index, view.name, view.examination)
        for phase, frame in _ends(frames).items():
            label_map = frame.label_map if cutting.tracing == ANATOMY else frame.traced(tracing)
            files[f"{LABEL_MAPS}/{view.stem}_{phase}_gt.nii.gz"] = _nifti(label_map, [frame], stamp)
    if cutting.motion:
        files[f"{MOTION}/{view.stem}.npz"] = _motion(frames)
    return files | {view.record: _record(cutting, view, frames, list(files))}


def _ends(frames: list[Cut]) -> dict[str, Cut]:
    systole = frames[0].heart.end_systole
    return {"ED": frames[0], "ES": next(frame for frame in frames if frame.phase == systole)}


def _record(cutting: Cutting, view: View, frames: list[Cut], files: list[str]) -> bytes:
    cohort = cutting.cohort
    examination = Examination(cohort.seed_of(view.index), view.examination, cohort.skill)
    told = {
        "heart": view.index,
        "view": view.name,
        **frames[0].to_dict(),
        "phases": [frame.phase for frame in frames],
        **examination.to_dict(view.name),
        "files": files,
    }
    told.pop("phase")
    return (json.dumps(told, indent=1) + "\n").encode()


def _nifti(labels: np.ndarray, frames: list[Cut], stamp: Mapping[str, Any]) -> bytes:
    """A label map (H, W), or a cine (T, H, W), that lies in the heart's millimeters where it was cut."""
    from EchoSynthLib.images.write import write_label_map

    with tempfile.TemporaryDirectory() as folder:
        path = write_label_map(Path(folder, "map.nii.gz"), labels, _geometry(frames, labels.ndim), attributes=stamp)
        return path.read_bytes()


def _geometry(frames: list[Cut], dimensions: int) -> Geometry:
    from EchoSynthLib.images.frame import Geometry

    first = frames[0]
    row_mm, column_mm = first.spacing
    corner = first.pose.to_heart((-(first.shape[1] - 1) / 2 * column_mm, 0.0))
    flat = Geometry((column_mm, row_mm, 1.0), tuple(corner.tolist()), tuple(first.pose.rotation.ravel().tolist()))
    if dimensions == 2:
        return flat
    seconds = 60 / first.heart.parameters.heart_rate / len(frames)
    whole = flat.with_axis()
    return Geometry((*whole.spacing[:3], seconds), whole.origin, whole.direction)


def _motion(frames: list[Cut]) -> bytes:
    """Displacement (T, 2, H, W) in pixels from end-diastole, and how far behind the plane (T, H, W), in mm."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        displacement=np.stack([frame.displacement() for frame in frames]).astype(np.float16),
        through_plane_mm=np.stack([frame.through_plane_mm() for frame in frames]).astype(np.float16),
        phase=np.array([frame.phase for frame in frames]),
    )
    return file.getvalue()


def settings_of(cutting: Cutting) -> dict[str, Any]:
    """What the files depend on, as JSON-able values."""
    return {**asdict(cutting.cohort), "motion": cutting.motion, "tracing": cutting.tracing}
