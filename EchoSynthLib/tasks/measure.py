"""The task `measure`: label maps, images, cines or patients become a table of measurements."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib
from EchoSynthLib.anatomy.labels import VIEWS
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import suffix_of
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.tasks import inputs
from EchoSynthLib.tasks.declare import Context, Progress, Task, parameter
from EchoSynthLib.tasks.folders import run_each
from EchoSynthLib.tasks.measure_cases import Case, Source, case_of_file, cases_in
from EchoSynthLib.tasks.results import check_exists, write_records

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.images.frame import EchoFrame, Spacing
    from EchoSynthLib.measurement import FrameMeasures, Study

TABLE, RECORD = "measurements.csv", "measurements.json"
SECOND_MODEL = "contour"
"""Draws the endocardium a second time where it is there, for the traffic light; the numbers come from the segmenter."""


@dataclass
class Measured:
    """A case while it is measured: its study, the pictures for the report, and how its label maps were made."""

    study: Study
    images: dict[str, np.ndarray]
    made: dict[str, Any] = field(default_factory=dict)


@dataclass
class Opened:
    """One frame or cine: its label maps, or none where they have to be found; its pictures, if any; its pixel size."""

    labels: list[np.ndarray]
    pictures: list[EchoFrame]
    spacing: Spacing | None

    def __len__(self) -> int:
        return max(len(self.labels), len(self.pictures))


@dataclass(frozen=True, kw_only=True)
class Measure(Task):
    """Measures the left heart; images are segmented first."""

    name = "measure"
    summary = "Measure the left heart: axes, areas, wall, volumes, ejection fraction, and how far to rely on them."

    image: Path = parameter(
        main=True,
        help="label map, cine of label maps, image or cine (segmented first), or a folder of them; in a folder, files "
        "named as patient0001_4CH_ED belong to one patient",
    )
    output: Path = parameter(help=f"folder for {TABLE}, {RECORD} and the report")
    report: bool = parameter(True, help="write a page with pictures and curves, in HTML, for each case")
    view: str = parameter(
        "auto", choices=("auto", *VIEWS), help="apical view of images; auto takes what the model sees"
    )
    model: str = parameter("segmenter", help="name of the model that segments images, see `echosynth models`")
    row_spacing: float | None = parameter(
        None, minimum=inputs.SMALLEST_PIXEL_MM, maximum=inputs.LARGEST_PIXEL_MM, unit="mm", help=inputs.ROW_SPACING
    )
    column_spacing: float | None = parameter(
        None, minimum=inputs.SMALLEST_PIXEL_MM, maximum=inputs.LARGEST_PIXEL_MM, unit="mm", help=inputs.COLUMN_SPACING
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table, the record and a report for each case; see `Task.run`."""
        started = time.perf_counter()
        given = inputs.pixel_size(self.row_spacing, self.column_spacing)
        check_exists(self.image, "image, label map or folder")
        if suffix_of(self.output) and not self.output.is_dir():
            raise InputError(f"The output {self.output} names a file, but results are several files; give a folder.")
        rows: list[dict[str, object]] = []
        told: list[dict[str, Any]] = []
        reports: list[str] = []
        failures: list[dict[str, str]] = []
        with OutputFolder(self.output) as hidden:

            def one(case: Case, progress: Progress) -> None:
                self._keep(case, self._measure(case, given, progress), hidden, rows, told, reports)

            if self.image.is_dir():
                cases = cases_in(self.image)
                _, failures = run_each(cases, lambda case: case.name, one, context, self.image, "measured")
            else:
                one(case_of_file(self.image), context.progress)
            return self._write(hidden, rows, {"cases": told, "failures": failures}, reports, started)

    def _keep(
        self,
        case: Case,
        measured: Measured,
        hidden: Path,
        rows: list[dict[str, object]],
        told: list[dict[str, Any]],
        reports: list[str],
    ) -> None:
        from EchoSynthLib.measurement import rows_of, write_report

        rows += rows_of(case.name, measured.study)
        files = [path.name for s in case.sources.values() for path in (s.image, s.label_map) if path is not None]
        told.append({"case": case.name, "files": files, "made": measured.made, **measured.study.to_record()})
        if self.report:
            reports.append(f"{case.name}_report.html")
            write_report(hidden / reports[-1], measured.study, measured.images, title=case.name, record=measured.made)

    def _write(
        self, hidden: Path, rows: list[dict[str, object]], told: dict[str, Any], reports: list[str], started: float
    ) -> dict[str, Any]:
        from EchoSynthLib.measurement import write_csv

        write_csv(hidden / TABLE, rows)
        record = {
            "task": self.name,
            "echosynth_version": EchoSynthLib.__version__,
            "input": str(self.image.resolve()),
            **told,
            "seconds": round(time.perf_counter() - started, 3),
            "outputs": {"table": TABLE, "reports": reports},
        }
        return write_records(hidden, RECORD, self.output, record)

    def _measure(self, case: Case, given: Spacing | None, progress: Progress) -> Measured:
        from EchoSynthLib.measurement import study_of_cine, study_of_frame, study_of_views

        frames: dict[tuple[str, str], list[FrameMeasures]] = {}
        images: dict[str, np.ndarray] = {}
        made: dict[str, Any] = {}
        for number, (key, source) in enumerate(case.sources.items()):
            opened = _open(source, given)
            where = " ".join(filter(None, key))
            frames[key] = []
            for index in range(len(opened)):
                name = f"frame {index}" if len(opened) > 1 else where
                progress(100 * number + 100 * index // len(opened), 100 * len(case.sources), name)
                measured, record = self._measure_frame(opened, index, steadied=len(opened) == 1)
                frames[key].append(measured)
                made |= record
                if opened.pictures:
                    images[name] = opened.pictures[index].pixels
            if len(opened) > 1 and key != ("", ""):
                raise InputError(f"{where} of {case.name} is a cine; a frame named by its phase holds one image.")
            if len(opened) > 1 and not opened.labels:
                self._steady_ends(opened, frames[key])
        if ("", "") not in frames:
            views: dict[str, dict[str, FrameMeasures]] = {}
            for (view, phase), found in frames.items():
                views.setdefault(view, {})[phase] = found[0]
            return Measured(study_of_views(views), images, made)
        alone = frames["", ""]
        return Measured(study_of_cine(alone) if len(alone) > 1 else study_of_frame(alone[0]), images, made)

    def _steady_ends(self, opened: Opened, frames: list[FrameMeasures]) -> None:
        """Looks a second time at the frames of a cine that its results rest on: the ends of its beats."""
        from EchoSynthLib.measurement import study_of_cine

        cycle = study_of_cine(frames).cycle
        ends = {end.frame for beat in cycle.beats for end in beat} if cycle is not None else set()
        for frame in sorted(ends):
            frames[frame], _ = self._measure_frame(opened, frame, steadied=True)

    def _measure_frame(self, opened: Opened, index: int, steadied: bool) -> tuple[FrameMeasures, dict[str, Any]]:
        """The measures of a frame and what made its label map, if that was not given.

        `steadied` also asks whether the segmentation holds when the picture changes a little, for three times the time.
        """
        import numpy as np

        from EchoSynthLib import api, zoo
        from EchoSynthLib.measurement import agreement, measure_frame

        if opened.labels:
            return measure_frame(opened.labels[index], opened.spacing), {}
        frame = opened.pictures[index]
        row0, row1, column0, column1 = frame.region or (0, frame.pixels.shape[0], 0, frame.pixels.shape[1])
        tissue = frame.pixels[row0:row1, column0:column1]
        found = api.segment_detailed(tissue, opened.spacing, view=self.view, model=self.model)
        alike = None
        if steadied:
            alike = agreement(tissue, found.label_map, lambda image: api.segment(image, model=self.model)[0])
        second = None
        if SECOND_MODEL in {model.name for model in zoo.list_models()}:
            drawn, _ = api.contour_detailed(tissue, opened.spacing, model=SECOND_MODEL)
            second = replace(drawn, curve=drawn.curve + np.array([row0, column0]))
        margins = [(row0, frame.pixels.shape[0] - row1), (column0, frame.pixels.shape[1] - column1)]
        whole, sure = np.pad(found.label_map, margins), np.pad(found.confidence, margins)
        kept = ("model", "model_sha256", "view", "view_source")
        record = {name: found.record[name] for name in kept}
        if second is not None:
            record["second_contour"] = SECOND_MODEL
        measured = measure_frame(whole, opened.spacing, confidence=sure, agreement=alike, second_contour=second)
        return measured, record


def _open(source: Source, given: Spacing | None) -> Opened:
    from EchoSynthLib.images.frame import EchoCine
    from EchoSynthLib.images.read import read_image
    from EchoSynthLib.images.read_labels import read_label_map

    labels: list[np.ndarray] = []
    pictures: list[EchoFrame] = []
    spacing = None
    if source.image is not None:
        read = read_image(source.image)
        spacing = inputs.trusted_spacing(read)
        pictures = [read.frame(index) for index in range(len(read))] if isinstance(read, EchoCine) else [read]
    if source.label_map is not None:
        codes, place = read_label_map(source.label_map)
        spacing = inputs.trusted_spacing(place) or spacing
        labels = [codes] if codes.ndim == 2 else list(codes)
        if pictures and (len(pictures), pictures[0].pixels.shape) != (len(labels), labels[0].shape):
            raise InputError(
                f"{source.label_map} has shape {codes.shape} and its image {source.image} another; "
                "a label map lies on its image's own grid."
            )
    return Opened(labels, pictures, spacing or given)
