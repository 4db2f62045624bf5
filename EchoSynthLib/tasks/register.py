"""The task `register`: where each point of one frame lies in another of the same heart and view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.motion import frame_parameter, motion_model, refine_parameter
from EchoSynthLib.tasks.common.options import PixelSize, Strictness
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoFrame


@dataclass(frozen=True, kw_only=True)
class Register(PixelSize, Strictness, Task):
    """Finds the displacement from a fixed frame into a moving one, and the moving one as it looks on the fixed grid."""

    name = "register"
    summary = "Find where each point of one frame lies in another of the same heart and view."

    image: Path = parameter(main=True, help="the moving image, or a cine that holds it")
    fixed: Path | None = parameter(
        None, help="the fixed image, or a cine that holds it; none takes another frame of the same cine"
    )
    output: Path = parameter(help=f"folder for the results; {REPLACES}")
    frame: int = frame_parameter("number of the moving frame in its cine, from 0")
    fixed_frame: int = frame_parameter("number of the fixed frame in its cine, from 0")
    refine: int = refine_parameter()
    model: str = motion_model()

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the displacement (2, rows, columns) in pixels, the warped image and a record; see `Task.run`."""
        import numpy as np

        from EchoSynthLib.images.write import write_image
        from EchoSynthLib.images.writers.arrays import write_array

        folder = output_folder(self.output)
        moving, moving_stem = _frame_of(self.image, self.frame, "frame")
        fixed, fixed_stem = _frame_of(self.fixed or self.image, self.fixed_frame, "fixed_frame")
        if (self.fixed or self.image) == self.image and self.frame == self.fixed_frame:
            raise InputError(
                f"The moving and the fixed frame are one: frame {self.frame} of {self.image}. Give a fixed image, "
                "or another frame or fixed_frame of the cine."
            )
        stem = f"{moving_stem}_to_{fixed_stem}"
        names = {"displacement": f"{stem}_displacement.npy", "warped": f"{stem}_warped.nii.gz"}
        record_name = f"{stem}_register_record.json"
        check_replaceable(folder, record_name, names.values(), self.name, self.image)
        spacing = inputs.spacing_of(fixed, self.pixel_size())
        with OutputFolder(folder) as hidden, naming(self.image):
            found, record = es.register(
                moving.pixels,
                fixed.pixels,
                spacing,
                refine=self.refine,
                model=self.model,
                strict=self.strict,
                progress=context.progress,
            )
            write_array(hidden / names["displacement"], found)
            write_image(hidden / names["warped"], es.warp(moving.pixels, found).astype(np.uint8), like=fixed)
            record |= new_record(self.name, source=self.image) | {
                "fixed": str((self.fixed or self.image).resolve()),
                "frame": self.frame,
                "fixed_frame": self.fixed_frame,
                "outputs": names,
            }
            remarks = [*moving.remarks, *fixed.remarks, *inputs.doubts_of(fixed, spacing)]
            return write_records(hidden, record_name, folder, with_warnings(record, remarks))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How far points lie from where they were."""
        unit = "mm" if "mean_motion_mm" in record else "px"
        return [
            f"points lie {record[f'mean_motion_{unit}']:.3g} {unit} apart in the mean, "
            f"{record[f'largest_motion_{unit}']:.3g} {unit} at most"
        ]


def _frame_of(path: Path, number: int, parameter: str) -> tuple[EchoFrame, str]:
    """The frame, and how results of it are called: of a cine with its number, so that its frames do not meet."""
    from EchoSynthLib.images.frame import EchoCine
    from EchoSynthLib.images.read_echo import read_echo

    if check_exists(path, "image").is_dir():
        raise InputError(f"{path} is a folder; give one image.")
    image = read_echo(path)
    count = len(image) if isinstance(image, EchoCine) else 1
    if number >= count:
        raise InputError(f"The parameter {parameter} was given {number}; {path} has frames 0 to {count - 1}.")
    stem = result_stem(stem_of(path))
    return (image.frame(number), f"{stem}_{number}") if isinstance(image, EchoCine) else (image, stem)
