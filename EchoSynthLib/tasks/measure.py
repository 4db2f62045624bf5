"""The task `measure`: label maps, images, cines or patients become a table of measurements."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import check_named_view, contradictions
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.folders import run_each, warnings_of_each
from EchoSynthLib.tasks.common.motion import agreed_frame_time, frame_time_parameter
from EchoSynthLib.tasks.common.options import PixelSize, Strictness, view_parameter
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, write_records
from EchoSynthLib.tasks.parts.measure_cases import Case, CaseFiles, case_of_file, cases_in, files_of
from EchoSynthLib.tasks.parts.measure_inputs import open_source
from EchoSynthLib.tasks.parts.measure_studies import studies_among
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress, Spacing

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.measurement import Study
    from EchoSynthLib.measurement.given import Given

NO_HEADLINE = "no ejection fraction"
TABLE, RECORD = "measurements.csv", "measurements.json"


@dataclass
class Measured:
    """A case while it is measured: its study, the pictures for the report, and how its label maps were made."""

    study: Study
    images: dict[str, np.ndarray]
    made: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Measure(PixelSize, Strictness, Task):
    """Measures the left heart; images are segmented first."""

    name = "measure"
    summary = "Measure the left heart: axes, areas, wall, volumes, ejection fraction, and how far to rely on them."

    image: Path = parameter(
        main=True,
        help="label map, cine of label maps, image or cine (segmented first), or a folder of them; in a folder, files "
        "named as patient0001_4CH_ED, and cines as patient0001_4CH and patient0001_2CH, belong to one patient",
    )
    output: Path = parameter(help=f"folder for {TABLE}, {RECORD} and the report; {REPLACES}")
    report: bool = parameter(True, help="write a page with pictures and curves, in HTML, for each case")
    view: str = view_parameter("measurement", "auto", help="apical view of images; auto takes what the model sees")
    model: str = parameter("segmenter", help="name of the model that segments images, see `echosynth models`")
    frame_time: float | None = frame_time_parameter()

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the table, the record and a report for each case; see `Task.run`."""
        started = time.perf_counter()
        given = self.pixel_size()
        check_exists(self.image, "image, label map or folder")
        output_folder(self.output)
        rows: list[dict[str, object]] = []
        told: list[dict[str, Any]] = []
        reports: list[str] = []
        failures: list[dict[str, str]] = []
        left_out: list[dict[str, str]] = []
        cases = cases_in(self.image) if self.image.is_dir() else [case_of_file(self.image)]
        studies = studies_among(cases, self.image.resolve().name) if self.image.is_dir() else []
        reported = [case.name for case in cases] + [study.name for study in studies]
        names = [TABLE, *(f"{name}_report.html" for name in reported if self.report)]
        left = check_replaceable(self.output, RECORD, names, self.name, self.image)
        with OutputFolder(self.output) as hidden:

            def one(case: Case, progress: Progress) -> None:
                measured = self._measure(case, given, progress, left_out)
                self._keep(case.name, _files_of(case), measured, hidden, rows, told, reports)
                for study in (study for study in studies if case in study.cases):
                    study.keep(case, measured.study, measured.images)

            if self.image.is_dir():
                _, failures = run_each(cases, lambda case: case.name, one, context, self.image, "measured", "cases")
                for study in studies:
                    together = study.measured()
                    if together is not None:
                        found, images, clips = together
                        files = [file for case in study.cases for file in _files_of(case)]
                        measured = Measured(found, images, {"places": clips})
                        self._keep(study.name, files, measured, hidden, rows, told, reports)
            else:
                with naming(self.image):
                    one(cases[0], context.progress)
            return self._write(hidden, rows, {"cases": told, "failures": failures + left_out}, reports, left, started)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """The most telling numbers of each case, the lights of ventricle and atrium, and why one is red."""
        return [f"{case['case']}: {case['headline'] or NO_HEADLINE} ({_lights(case)})" for case in record["cases"]]

    def _keep(
        self,
        name: str,
        files: list[str],
        measured: Measured,
        hidden: Path,
        rows: list[dict[str, object]],
        told: list[dict[str, Any]],
        reports: list[str],
    ) -> None:
        from EchoSynthLib.measurement import headline, rows_of, write_report

        study = measured.study
        rows += rows_of(name, study)
        record = study.to_record()
        told.append({"case": name, "headline": headline(study), "files": files, "made": measured.made, **record})
        if self.report:
            reports.append(f"{name}_report.html")
            write_report(hidden / reports[-1], study, measured.images, title=name, record=measured.made)

    def _write(
        self,
        hidden: Path,
        rows: list[dict[str, object]],
        told: dict[str, Any],
        reports: list[str],
        left: list[str],
        started: float,
    ) -> dict[str, Any]:
        from EchoSynthLib.measurement import write_csv

        write_csv(hidden / TABLE, rows)
        record = new_record(self.name, source=self.image, started=started) | told
        record["outputs"] = {"table": TABLE, "reports": reports}
        cases = told["cases"]
        alone = [text for case in cases for text in case.get("warnings", [])]
        in_folder = warnings_of_each({**case, "file": case["case"]} for case in cases)
        record = with_warnings(record, [*(in_folder if self.image.is_dir() else alone), *left])
        return write_records(hidden, RECORD, self.output, record)

    def _measure(
        self, case: Case, given: Spacing | None, progress: Progress, left_out: list[dict[str, str]]
    ) -> Measured:
        """A case measured; of several files those that cannot be used are told in `left_out`, if not all are."""
        from EchoSynthLib.api.measure import study_of_frames

        places: dict[str, Given] = {}
        remarks: list[str] = []
        failed: list[dict[str, str]] = []
        time = self.frame_time
        for key, source in case.sources.items():
            where = " ".join(filter(None, key))
            try:
                frames, told, file_time = self._open(source, given)
                if where and len(frames) > 1:
                    raise InputError(f"{where} of {case.name} is a cine; a frame named by its phase holds one image.")
            except InputError as error:
                if len(case.sources) == 1:
                    raise
                file = files_of(source)[0]
                failed.append({"file": file, "message": str(error)})
                remarks.append(f"{where} is missing: {file} could not be used")
                continue
            alone = len(frames) == 1
            time = agreed_frame_time(files_of(source)[0], file_time, self.frame_time)
            places |= {where if alone else f"frame {index}": frame for index, frame in enumerate(frames)}
            remarks += [f"{where}: {text}" if where else text for text in told]
        if not places:
            raise InputError("; ".join(f"{failure['file']}: {failure['message']}" for failure in failed))
        study, made = study_of_frames(
            places, view=self.view, model=self.model, frame_time=time, strict=self.strict, progress=progress
        )
        study = replace(study, warnings=(*remarks, *study.warnings))
        images = {where: frame.image for where, frame in places.items() if frame.image is not None}
        left_out += failed
        return Measured(study, images, made)

    def _open(self, source: CaseFiles, given: Spacing | None) -> tuple[list[Given], list[str], float | None]:
        """The frames of a source, what is odd about it or its name, and the frame time that it tells.

        Raises:
            InputError: its name tells a view that is not measured; and see `open_source`.
        """
        stem = stem_of(Path(files_of(source)[0]))
        if self.view == "auto":
            check_named_view(stem, "measurement")
        frames, told, time = open_source(source, given)
        return frames, [*contradictions(stem), *told], time


def _files_of(case: Case) -> list[str]:
    return [file for source in case.sources.values() for file in files_of(source)]


def _lights(case: Mapping[str, Any]) -> str:
    lights = case["structure_lights"]
    reasons = dict.fromkeys(light["reasons"][0] for light in lights.values() if light["color"] == "red")
    return "; ".join([", ".join(f"{name} {light['color']}" for name, light in lights.items()), *reasons])
