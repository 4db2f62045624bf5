"""The task `track`: where each point of one frame of a cine lies in all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.file_or_folder import place_of
from EchoSynthLib.tasks.common.motion import (
    CINE,
    cine_of,
    frame_parameter,
    frame_time_of,
    frame_time_parameter,
    motion_model,
)
from EchoSynthLib.tasks.common.options import PixelSize
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable
from EchoSynthLib.tasks.common.results import naming, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter


@dataclass(frozen=True, kw_only=True)
class Track(PixelSize, Task):
    """Follows each point of one frame through a cine."""

    name = "track"
    summary = "Follow each point of one frame through a cine: its displacement in every other frame."

    image: Path = parameter(main=True, help=CINE)
    output: Path = parameter(help=f"folder for the results, or the file's name, such as motion.npy; {REPLACES}")
    reference: int = frame_parameter("number of the frame whose points are followed, from 0")
    frame_time: float | None = frame_time_parameter()
    model: str = motion_model()

    def run(self, context: Context) -> dict[str, Any]:
        """Writes displacements (frames, 2, rows, columns) in pixels, and a record; see `Task.run`."""
        import numpy as np

        from EchoSynthLib.images.writers.arrays import write_array

        cine = cine_of(self.image)
        spacing = inputs.spacing_of(cine, self.pixel_size())
        folder, name, record_name = place_of(self.output, self.image, "_motion.npy", (".npy",))
        check_replaceable(folder, record_name, [name], self.name, self.image)
        with OutputFolder(folder) as hidden, naming(self.image):
            tissue = cine.tissue
            found, record = es.track(
                cine.pixels[:, *tissue],
                frame_time_of(cine, self.frame_time),
                self.reference,
                spacing=spacing,
                model=self.model,
                progress=context.progress,
            )
            # What stands beside the tissue moves with no heart.
            whole = np.zeros((len(cine), 2, *cine.pixels.shape[1:]), np.float32)
            whole[:, :, *tissue] = found
            write_array(hidden / name, whole)
            record |= new_record(self.name, source=self.image) | {
                "shape": list(whole.shape[2:]),
                "outputs": {"displacements": name},
            }
            record = with_warnings(record, [*cine.remarks, *inputs.doubts_of(cine, spacing)])
            return write_records(hidden, record_name, folder, record)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How far points move, whether they come back, and whether a beat was found."""
        unit = "mm" if "mean_motion_mm" in record else "px"
        beat = record["cycle_frames"]
        return [
            f"{record['frames']} frames followed from frame {record['reference']}: they move up to "
            f"{record[f'largest_motion_{unit}']:.3g} {unit}, there and back misses by "
            f"{record['forward_backward_px']:.2g} px; "
            + ("no whole beat" if beat is None else f"a beat is {beat} frames long")
        ]
