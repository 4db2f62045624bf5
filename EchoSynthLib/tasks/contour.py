"""The task `contour`: the endocardium of an echo frame, of each frame of a cine, or of every image of a folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.images.clip_names import doubt_of_named_view
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.folder_runs import run_folder
from EchoSynthLib.tasks.common.options import IMAGES, PixelSize, Strictness
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, told_of_folder, write_records
from EchoSynthLib.tasks.common.shown import blank_frames
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress, Spacing

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoFrame
    from EchoSynthLib.tasks.parts.contour_results import FrameContour

# Label maps of the same images may lie in the same folder.
RECORD_OF_FOLDER = "contour_record.json"
MODEL_OF_HEADS = {"both": "contour", "points": "contour", "mask": "segmenter"}


@dataclass(frozen=True)
class ContourFiles:
    """How the results of one image are called."""

    table: str
    contours: str
    picture: str
    record: str

    @classmethod
    def of(cls, stem: str) -> ContourFiles:
        """The names that begin with a stem."""
        return cls(f"{stem}_contour.csv", f"{stem}_contour.json", f"{stem}_contour.png", f"{stem}_contour_record.json")


@dataclass(frozen=True, kw_only=True)
class Contour(PixelSize, Strictness, Task):
    """Draws the endocardium with its seven points: two basal points, the apex, and two between on either wall."""

    name = "contour"
    summary = "Draw the left ventricle's endocardium, from base over apex to base, in a frame, a cine, or a folder."

    image: Path = parameter(main=True, help=IMAGES)
    output: Path = parameter(help=f"folder for the results; {REPLACES}")
    heads: str = parameter(
        "both",
        choices=tuple(MODEL_OF_HEADS),
        help="both: points, then refined on the distance map; points: these alone; mask: from a label map instead",
    )
    model: str | None = parameter(None, help="name of the model; contour, or segmenter where heads is mask")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes points as a table, points and curves as JSON, a picture and a record for each; see `Task.run`."""
        check_exists(self.image, "image or folder")
        self.pixel_size()
        output_folder(self.output)
        if self.image.is_dir():
            return run_folder(
                self.name,
                self.image,
                self.output,
                RECORD_OF_FOLDER,
                ContourFiles.of,
                self._contour,
                context,
                "contoured",
            )
        names = ContourFiles.of(result_stem(stem_of(self.image)))
        check_replaceable(self.output, names.record, astuple(names), self.name, self.image)
        with OutputFolder(self.output) as hidden, naming(self.image):
            return self._contour(self.image, hidden, names, context.progress)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How many images of a folder were contoured."""
        return told_of_folder(record, "contoured")

    def _contour(self, path: Path, hidden: Path, names: ContourFiles, progress: Progress) -> dict[str, Any]:
        from EchoSynthLib.images.contrast import told_of_blank
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo
        from EchoSynthLib.tasks.parts.contour_results import write_contours, write_picture, write_table

        started = time.perf_counter()
        image = read_echo(path)
        count = len(image) if isinstance(image, EchoCine) else 1
        spacing = inputs.spacing_of(image, self.pixel_size())
        frames = [image.frame(index) for index in range(count)] if isinstance(image, EchoCine) else [image]
        blank = blank_frames(image)
        contours: dict[int, FrameContour] = {}
        record: dict[str, Any] = {}
        for index, frame in enumerate(frames):
            progress(index, count, f"frame {index + 1} of {count}" if count > 1 else "contouring")
            if index not in blank:
                contours[index], record = self._contour_frame(frame, spacing)
        progress(count, count, "writing")
        write_table(hidden / names.table, contours, spacing)
        write_contours(hidden / names.contours, contours, spacing)
        write_picture(hidden / names.picture, image, contours)
        first = {key: value for key, value in record.items() if key not in ("landmarks", "mean_distance")}
        outputs = {"table": names.table, "contours": names.contours, "picture": names.picture}
        about = {"frames": count, "seconds": seconds_since(started), "outputs": outputs}
        named = doubt_of_named_view(stem_of(path), "contour")
        warnings = [*named, *image.remarks, *inputs.doubts_of(image, spacing), *told_of_blank(blank)]
        record = with_warnings(first | new_record(self.name, source=path) | about, warnings)
        return write_records(hidden, names.record, self.output, record)

    def _contour_frame(self, frame: EchoFrame, spacing: Spacing | None) -> tuple[FrameContour, dict[str, Any]]:
        import numpy as np

        from EchoSynthLib.tasks.parts.contour_results import FrameContour

        # What stands beside the tissue would shrink the heart on the network's grid.
        tissue = frame.tissue
        model = self.model or MODEL_OF_HEADS[self.heads]
        found, record = es.contour_detailed(
            frame.pixels[tissue], spacing, model=model, heads=self.heads, strict=self.strict
        )
        corner = np.array([side.start for side in tissue], dtype=np.float64)
        placed = FrameContour(found.points + corner, found.curve + corner, found.summary(spacing))
        return placed, record | {"shape": list(frame.pixels.shape)}
