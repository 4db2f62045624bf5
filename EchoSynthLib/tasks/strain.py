"""The task `strain`: a cine, or a folder of them, becomes strain curves, peaks and how far to rely on them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import check_named_view
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.folder_runs import run_folder
from EchoSynthLib.tasks.common.motion import frame_parameter, frame_time_of, frame_time_parameter
from EchoSynthLib.tasks.common.options import PixelSize, view_parameter
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, told_of_folder, told_of_light, write_records
from EchoSynthLib.tasks.common.shown import blank_frames
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.images.frame import EchoCine

# Results of other tasks of the same cines may lie in the same folder.
RECORD_OF_FOLDER = "strain_record.json"


@dataclass(frozen=True)
class StrainFiles:
    """How the results of one cine are called."""

    table: str
    curves: str
    picture: str
    record: str

    @classmethod
    def of(cls, stem: str) -> StrainFiles:
        """The names that begin with a stem."""
        return cls(
            f"{stem}_strain.csv", f"{stem}_strain_curves.csv", f"{stem}_strain.png", f"{stem}_strain_record.json"
        )


@dataclass(frozen=True, kw_only=True)
class Strain(PixelSize, Task):
    """Follows the wall of the left ventricle through a cine, and tells how much it shortens and thickens."""

    name = "strain"
    summary = "Track the left ventricle's wall in a cine, or a folder of them: strain curves, peaks, displacement."

    cine: Path = parameter(main=True, help="cine (NIfTI, MHD, NRRD, DICOM, AVI, MP4, npy), or a folder of them")
    output: Path = parameter(help=f"folder for the results; {REPLACES}")
    labels: Path | None = parameter(
        None, help=f"label map of the reference frame, or of all frames, {inputs.CAMUS_CODES}; none segments the cine"
    )
    reference: int | None = frame_parameter(
        "number of the frame that is followed, from 0; none takes end-diastole as the label maps show it, or "
        "of one label map the first frame",
        None,
    )
    end_systole: int | None = frame_parameter(
        "number of the frame of end-systole; none takes the one with the smallest cavity", None
    )
    frame_time: float | None = frame_time_parameter()
    view: str = view_parameter("measurement", "auto", help="apical view; auto takes what the model sees")
    model: str = parameter("motion", help="name of the model that tracks, see `echosynth models`")
    segmenter: str = parameter("segmenter", help="name of the model that segments and judges label maps")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes table, curves, a picture and a record for each cine; see `Task.run`."""
        check_exists(self.cine, "cine or folder")
        self.pixel_size()
        output_folder(self.output)
        if self.cine.is_dir():
            if self.labels is not None:
                raise InputError(f"{self.cine} is a folder, whose cines are segmented; labels go with one cine.")
            return run_folder(
                self.name, self.cine, self.output, RECORD_OF_FOLDER, StrainFiles.of, self._strain, context, "measured"
            )
        names = StrainFiles.of(result_stem(stem_of(self.cine)))
        check_replaceable(self.output, names.record, astuple(names), self.name, self.cine)
        with OutputFolder(self.output) as hidden, naming(self.cine):
            return self._strain(self.cine, hidden, names, context.progress)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """The global strain with its light, and between which frames; of a folder, how many cines were measured."""
        if "gls_percent" not in record:
            return told_of_folder(record, "measured")
        light = told_of_light(record["light"])
        phases = f"end-diastole is frame {record['end_diastole']}, end-systole frame {record['end_systole']}"
        return [
            f"{record['view']} global longitudinal strain {record['gls_percent']:.1f} % ({light})",
            f"{phases} of 0 to {record['frames'] - 1}",
        ]

    def _strain(self, path: Path, hidden: Path, names: StrainFiles, progress: Progress) -> dict[str, Any]:
        from EchoSynthLib.api.strain_of_cine import strain_of_cine
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo
        from EchoSynthLib.measurement.strain import write_curves, write_table
        from EchoSynthLib.tasks.parts.strain_picture import write_picture

        started = time.perf_counter()
        if self.view == "auto":
            check_named_view(stem_of(path), "measurement")
        cine = read_echo(path)
        if not isinstance(cine, EchoCine):
            raise InputError(f"{path} is a single frame; strain needs a cine. Give one of two frames or more.")
        blank_frames(cine)
        spacing = inputs.spacing_of(cine, self.pixel_size())
        # What stands beside the tissue moves with no heart.
        tissue = cine.pixels[:, *cine.tissue]
        result, record = strain_of_cine(
            tissue,
            self._labels_of(cine),
            spacing,
            frame_time_of(cine, self.frame_time),
            view=self.view,
            reference=self.reference,
            end_systole=self.end_systole,
            model=self.model,
            segmenter=self.segmenter,
            progress=progress,
        )
        write_table(hidden / names.table, result)
        write_curves(hidden / names.curves, result)
        write_picture(hidden / names.picture, tissue, result)
        outputs = {"table": names.table, "curves": names.curves, "picture": names.picture}
        about = {"seconds": seconds_since(started), "outputs": outputs}
        warnings = [*cine.remarks, *inputs.doubts_of(cine, spacing)]
        record = with_warnings(record | new_record(self.name, source=path) | about, warnings)
        return write_records(hidden, names.record, self.output, record)

    def _labels_of(self, cine: EchoCine) -> np.ndarray | None:
        """The label map within the tissue, of one frame or of all."""
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.label_maps.alignment import on_grid_of
        from EchoSynthLib.images.label_maps.read import read_label_map

        if self.labels is None:
            return None
        labels = read_label_map(check_exists(self.labels, "label map"))[1]
        fitting = cine if isinstance(labels, EchoCine) else cine.frame(self.reference or 0)
        return on_grid_of(fitting, labels).pixels[..., *cine.tissue]
