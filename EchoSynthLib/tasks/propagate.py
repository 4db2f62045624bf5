"""The task `propagate`: the label map of one frame of a cine, carried along to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
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
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable
from EchoSynthLib.tasks.common.results import naming, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame


@dataclass(frozen=True, kw_only=True)
class Propagate(Task):
    """Carries the label map of one frame of a cine to the others, as the tissue moves."""

    name = "propagate"
    summary = "Carry the label map of one frame of a cine along to the others, as the tissue moves."

    image: Path = parameter(main=True, help=CINE)
    label_map: Path = parameter(
        help=f"label map of the reference frame, or a cine of them of which that frame is taken; {inputs.CAMUS_CODES}"
    )
    output: Path = parameter(help=f"folder for the results, or the file's name, such as maps.nii.gz; {REPLACES}")
    reference: int = frame_parameter("number of the frame that the label map is of, from 0")
    first: int | None = frame_parameter("number of the first frame that gets labels; none takes the cine's first", None)
    last: int | None = frame_parameter("number of the last frame that gets labels; none takes the cine's last", None)
    frame_time: float | None = frame_time_parameter()
    model: str = motion_model()

    def run(self, context: Context) -> dict[str, Any]:
        """Writes a cine of label maps on the cine's grid, and a record; see `Task.run`."""
        import numpy as np

        from EchoSynthLib.images.write import write_label_map

        cine = cine_of(self.image)
        folder, name, record_name = place_of(
            self.output, self.image, "_propagated.nii.gz", (".nii.gz", ".nii", ".mha", ".nrrd", ".npy")
        )
        check_replaceable(folder, record_name, [name], self.name, self.image)
        with OutputFolder(folder) as hidden, naming(self.image):
            labels = self._labels(cine)
            tissue = cine.tissue
            found, record = es.propagate(
                labels.pixels[tissue],
                cine.pixels[:, *tissue],
                self.reference,
                first=self.first,
                last=self.last,
                frame_time=frame_time_of(cine, self.frame_time),
                model=self.model,
                progress=context.progress,
            )
            whole = np.zeros_like(cine.pixels)
            whole[:, *tissue] = found
            write_label_map(hidden / name, whole, like=cine)
            record |= new_record(self.name, source=self.image) | {
                "source_label_map": str(self.label_map.resolve()),
                "shape": list(whole.shape[1:]),
                "outputs": {"label_maps": name},
            }
            record = with_warnings(record, [*cine.remarks, *labels.remarks])
            return write_records(hidden, record_name, folder, record)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How many frames got labels."""
        count = len(record["propagated_frames"])
        return [f"labels of frame {record['reference']} carried to {count} {'frame' if count == 1 else 'frames'}"]

    def _labels(self, cine: EchoCine) -> EchoFrame:
        """The label map of the reference frame, on its grid."""
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.label_maps.alignment import on_grid_of

        if self.reference >= len(cine):
            raise InputError(f"The reference is a frame from 0 to {len(cine) - 1}; given was {self.reference}.")
        labels = inputs.read_labels(self.label_map)
        placed = on_grid_of(cine if isinstance(labels, EchoCine) else cine.frame(self.reference), labels)
        return placed.frame(self.reference) if isinstance(placed, EchoCine) else placed
