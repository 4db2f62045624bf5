"""The task `read`: any echo file becomes an array of gray levels and a record of what else the file says."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.inputs import held_by
from EchoSynthLib.tasks.common.output_places import output_folder
from EchoSynthLib.tasks.common.results import RECORD, check_exists, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame

PIXELS = "pixels.npy"


@dataclass(frozen=True, kw_only=True)
class Read(Task):
    """Reads an echo file as all other tasks do, and tells what it holds."""

    name = "read"
    summary = "Read an echo file: its frames as an array, and its pixel size, frame time and remarks as a record."

    image: Path = parameter(main=True, help="image or cine (NIfTI, MHD, NRRD, PNG, JPEG, DICOM, AVI, MP4, npy)")
    output: Path = parameter(help=f"folder for {PIXELS}, (rows, columns) or (frames, rows, columns), and {RECORD}")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes array and record; see `Task.run`.

        Raises:
            InputError: the file cannot be read as a frame or a cine.
        """
        from EchoSynthLib.images.read import read_image
        from EchoSynthLib.images.writers.arrays import write_array

        started = time.perf_counter()
        check_exists(self.image, "image")
        output_folder(self.output)
        context.progress(0, 1, f"reading {self.image.name}")
        image = read_image(self.image)
        with OutputFolder(self.output) as hidden:
            write_array(hidden / PIXELS, image.pixels)
            context.progress(1, 1, "read")
            record = new_record(self.name, source=self.image, started=started) | _told(image)
            record["outputs"] = {"pixels": PIXELS}
            return write_records(hidden, RECORD, self.output, with_warnings(record, image.remarks))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """Frames, size, pixel size and frame time."""
        row_mm, column_mm = record["spacing_mm"] or (0, 0)
        size = f"{record['frames']} x {record['rows']} x {record['columns']} (frames x rows x columns)"
        pixel = f"{row_mm:.4g} x {column_mm:.4g} mm" if record["spacing_trusted"] else "not calibrated"
        milliseconds = record["frame_time_ms"]
        return [f"{size}, pixel size {pixel}" + (f", {milliseconds:.4g} ms a frame" if milliseconds else "")]


def _told(image: EchoFrame | EchoCine) -> dict[str, Any]:
    return held_by(image) | {
        "region": None if image.region is None else [int(edge) for edge in image.region],
        "geometry": None if image.geometry is None else asdict(image.geometry),
    }
