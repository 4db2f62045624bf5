"""The task `compare`: the left heart in an earlier frame and in the same view later, and what measuring explains."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.images.clip_names import check_named_view
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.tasks.common.file_tables import write_table
from EchoSynthLib.tasks.common.folders import images_in, run_each
from EchoSynthLib.tasks.common.inputs import doubts_of, spacing_of
from EchoSynthLib.tasks.common.motion import frame_parameter
from EchoSynthLib.tasks.common.options import IMAGES, PixelSize, seed_parameter, view_parameter
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, write_records
from EchoSynthLib.tasks.parts.retrieved import EARLIER, reference_of, retrieval_model
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame

TABLE, RECORD = "comparison.csv", "comparison.json"
COLUMNS = ("name", "unit", "earlier", "later", "difference", "error", "verdict")


@dataclass(frozen=True, kw_only=True)
class Compare(PixelSize, Task):
    """Finds the same view in the later examination, measures both frames, and tells which differences count."""

    name = "compare"
    summary = "Compare the left heart with an earlier examination: the same view found, measured, with the error of it."

    image: Path = parameter(main=True, help=f"the later examination: {IMAGES}, of which the clip most alike is taken")
    earlier: Path = parameter(help=EARLIER)
    output: Path = parameter(help=f"folder for {TABLE} and {RECORD}; {REPLACES}")
    earlier_frame: int | None = frame_parameter(
        "number of the earlier clip's frame, from 0; none takes the first", None
    )
    later_frame: int | None = frame_parameter("number of the later clip's frame, from 0; none finds it", None)
    phase: str | None = parameter(
        None, choices=("ED", "ES"), help="take the frame of both clips at this phase of the beat, where none is named"
    )
    view: str = view_parameter("segmentation", "auto", help="apical view of both; auto takes what the model sees")
    repeats: int = parameter(
        6, minimum=2, maximum=100, unit="scans", help="simulated of each frame, to tell the error of measuring"
    )
    seed: int = seed_parameter("the simulated scans depend on it")
    model: str = retrieval_model()

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table and the record; see `Task.run`."""
        started = time.perf_counter()
        check_exists(self.image, "image, cine or folder")
        output_folder(self.output)
        check_replaceable(self.output, RECORD, [TABLE], self.name, self.image)
        with OutputFolder(self.output) as hidden:
            earlier = reference_of(self.earlier)
            path, scores = self._clip(earlier, context)
            with naming(path):
                record = self._compare(earlier, path, context)
            write_table(hidden / TABLE, record["table"], COLUMNS)
            record |= new_record(self.name, source=self.image) | {
                "earlier": str(self.earlier.resolve()),
                "later": str(path.resolve()),
                "clips": scores,
                "outputs": {"table": TABLE},
                "seconds": seconds_since(started),
            }
            return write_records(hidden, RECORD, self.output, record)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """Which frames were compared, and each difference with the error of measuring."""
        frames = f"frame {record['earlier_frame']} of {Path(record['earlier']).name}, frame {record['later_frame']} of "
        rows = [
            f"{row['name']}: {row['earlier']:.4g} to {row['later']:.4g} {row['unit']} "
            f"({row['difference']:+.3g}, error {row['error']:.2g}): {row['verdict']}"
            for row in record["table"]
        ]
        return [frames + Path(record["later"]).name, *rows]

    def _clip(self, earlier: EchoFrame | EchoCine, context: Context) -> tuple[Path, dict[str, float]]:
        """The later clip that is most alike, and the scores of all that were searched."""
        if not self.image.is_dir():
            return self.image, {}
        reference = earlier.pixels[..., *earlier.tissue]
        frame = None if self.phase else self.earlier_frame or 0

        def one(path: Path, progress: Progress) -> tuple[Path, float]:
            from EchoSynthLib.images.read_echo import read_echo

            clip = read_echo(path)
            best, scores, _ = es.retrieve(
                reference, clip.pixels[..., *clip.tissue], frame=frame, model=self.model, progress=progress
            )
            return path, round(float(scores[best]), 4)

        found, _ = run_each(images_in(self.image), lambda path: path.name, one, context, self.image, "searched")
        return max(found, key=lambda each: each[1])[0], {path.name: score for path, score in found}

    def _compare(self, earlier: EchoFrame | EchoCine, path: Path, context: Context) -> dict[str, Any]:
        from EchoSynthLib.images.read_echo import read_echo

        if self.view == "auto":
            for file in (self.earlier, path):
                check_named_view(stem_of(file), "segmentation")
        later = read_echo(path)
        sides = [spacing_of(image, self.pixel_size()) for image in (earlier, later)]
        pictures = [image.pixels[..., *image.tissue] for image in (earlier, later)]
        told = [text for image, side in zip((earlier, later), sides, strict=True) for text in doubts_of(image, side)]
        if None in sides and sides != [None, None]:
            sides = [None, None]
            told.append("the pixel size of one examination is not known, so both were measured in pixels")
        _, record = es.compare(
            pictures[0],
            pictures[1],
            sides[0],
            sides[1],
            earlier_frame=self.earlier_frame,
            later_frame=self.later_frame,
            phase=self.phase,
            view=self.view,
            model=self.model,
            repeats=self.repeats,
            seed=self.seed,
            progress=context.progress,
        )
        return with_warnings(record, [*earlier.remarks, *later.remarks, *told])
