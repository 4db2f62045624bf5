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
from EchoSynthLib.anatomy.views import APICAL, view_names, view_of
from EchoSynthLib.records import new_record, stamp_of
from EchoSynthLib.types import Record

if TYPE_CHECKING:
    from EchoSynthLib.anatomy.heart3d.cut import Cut
    from EchoSynthLib.images.frame import Geometry

TISSUES, LABEL_MAPS, MOTION, RECORDS = "tissues", "label_maps", "motion", "records"
ECHO, IMAGES = "echo", "images"
"""Rooms of a cohort's folder."""
OBSERVER, ANATOMY = "observer", "anatomy"
NONE, BY_TISSUE, GENERATOR = "none", "tissue", "generator"
ECHOES = (NONE, BY_TISSUE, GENERATOR)


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
        echo: how images are drawn: 'none', by 'tissue', or by the 'generator' those views that it knows.
    """

    cohort: Cohort
    motion: bool
    tracing: str
    echo: str = NONE


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
    about: Record = {}
    if cutting.echo != NONE:
        cine, about = _echo(cutting, view, frames)
        files[f"{ECHO}/{view.stem}.nii.gz"] = _nifti(cine, frames, stamp, image=True)
        if view_of(view.name) in APICAL:
            for phase, frame in _ends(frames).items():
                lone = _nifti(cine[frames.index(frame)], [frame], stamp, image=True)
                files[f"{IMAGES}/{view.stem}_{phase}.nii.gz"] = lone
    return files | {view.record: _record(cutting, view, frames, list(files), about)}


def _echo(cutting: Cutting, view: View, frames: list[Cut]) -> tuple[np.ndarray, Record]:
    """The frames (T, H, W) as echo, by one patient's look on the day's machine, and what the record says of it."""
    from EchoSynthLib.acoustics import Look, draw
    from EchoSynthLib.api.synthesis import synthesize

    own = (cutting.cohort.seed_of(view.index), view.examination, *b"echo", *view.name.encode())
    seed = int(np.random.SeedSequence(own).generate_state(1)[0])
    if cutting.echo == GENERATOR and view.name in view_names("synthesis"):
        tracing = cutting.cohort.tracing(view.index, view.name, view.examination)
        label_maps = np.stack([frame.traced(tracing) for frame in frames])
        first = frames[0]
        images, record = synthesize(label_maps, seed=seed, view=view.name, sector=first.sector, spacing=first.spacing)
        return images[0], {"drawing": GENERATOR, "seed": seed, "model": record["model"]}
    machine = Examination(cutting.cohort.seed_of(view.index), view.examination, cutting.cohort.skill).machine()
    return draw(frames, seed=seed, look=Look.drawn(np.random.default_rng((seed, *b"look")), machine))


def _ends(frames: list[Cut]) -> dict[str, Cut]:
    systole = frames[0].heart.end_systole
    return {"ED": frames[0], "ES": next(frame for frame in frames if frame.phase == systole)}


def _record(cutting: Cutting, view: View, frames: list[Cut], files: list[str], echo: Record) -> bytes:
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
    if echo:
        told["echo"] = echo
    return (json.dumps(told, indent=1) + "\n").encode()


def _nifti(pixels: np.ndarray, frames: list[Cut], stamp: Mapping[str, Any], image: bool = False) -> bytes:
    """A label map or an image (H, W), or a cine (T, H, W), that lies in the heart's millimeters where it was cut."""
    from EchoSynthLib.images.write import write_image, write_label_map

    with tempfile.TemporaryDirectory() as folder:
        write = write_image if image else write_label_map
        path = write(Path(folder, "map.nii.gz"), pixels, _geometry(frames, pixels.ndim), attributes=stamp)
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
    return {**asdict(cutting.cohort), "motion": cutting.motion, "tracing": cutting.tracing, "echo": cutting.echo}
