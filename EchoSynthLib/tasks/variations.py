"""The task `variations`: a label map becomes others of the same heart, reshaped, moved and deformed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.anatomy.heart2d.contraction import EJECTION_FRACTIONS
from EchoSynthLib.anatomy.heart2d.reshaping import THICKNESS_FACTORS
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.options import LARGEST_STRENGTH, SECTOR, PixelSize, seed_parameter
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable
from EchoSynthLib.tasks.common.results import FORMATS, RECORD, check_holds, naming, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.images.frame import EchoCine, EchoFrame


@dataclass(frozen=True, kw_only=True)
class Variations(PixelSize, Task):
    """Reshapes a heart, then makes affine and elastic variations of it, on the label map's own grid."""

    name = "variations"
    summary = "Make anatomical variations of a label map or a cine of them, each a label map of its own."

    label_map: Path = parameter(main=True, help=f"label map of one frame or several, in {inputs.CAMUS_CODES}")
    output: Path = parameter(help=f"folder for the label maps and the record; {REPLACES}")
    count: int = parameter(5, minimum=1, maximum=1000, unit="label maps", help="how many variations")
    seed: int = seed_parameter("variation i depends on the seed and i alone")
    strength: float = parameter(
        1.0, minimum=0, maximum=LARGEST_STRENGTH, help="how far to deform; at 0 only the reshaping shows"
    )
    ejection_fraction: float | None = parameter(
        None,
        minimum=EJECTION_FRACTIONS[0],
        maximum=EJECTION_FRACTIONS[1],
        help="part of its volume that leaves the LV cavity, in every frame; below 0 the cavity dilates",
    )
    wall_thickness: float = parameter(
        1.0, minimum=THICKNESS_FACTORS[0], maximum=THICKNESS_FACTORS[1], help="factor on the myocardium's thickness"
    )
    sector: str | None = parameter(None, help=f"{SECTOR}; nothing is labeled outside it")
    format: str = parameter("nifti", choices=tuple(FORMATS), help="file format of the label maps; png for one frame")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes variation_000... and record.json; see `Task.run`."""
        started = time.perf_counter()
        labels = inputs.read_labels(self.label_map, self.pixel_size())
        check_holds(self.format, labels)
        shape = labels.pixels.shape
        sector = None if self.sector is None else inputs.read_sector(self.sector, shape)
        mask = None if sector is None else sector.mask(shape[-2:])
        names = [f"variation_{index:03d}{FORMATS[self.format]}" for index in range(self.count)]
        left = check_replaceable(self.output, RECORD, names, self.name, self.label_map)
        with OutputFolder(self.output) as hidden, naming(self.label_map):
            self._write(hidden, names, labels, mask, context)
            record = new_record(self.name, label_map=self.label_map, synthetic=True, started=started) | {
                "seed": self.seed,
                "count": self.count,
                "strength": self.strength,
                "ejection_fraction": self.ejection_fraction,
                "wall_thickness": self.wall_thickness,
                "sector": None if sector is None else sector.to_dict(),
                "spacing_mm": inputs.trusted_spacing(labels),
                "shape": shape,
                "outputs": {"label_maps": names},
            }
            return write_records(hidden, RECORD, self.output, with_warnings(record, [*labels.remarks, *left]))

    def _write(
        self,
        hidden: Path,
        names: list[str],
        labels: EchoFrame | EchoCine,
        mask: np.ndarray | None,
        context: Context,
    ) -> None:
        from EchoSynthLib.anatomy.cine import reshaped, varied
        from EchoSynthLib.images.write import write_label_map

        steps = self.count + 1
        heart = reshaped(
            labels.pixels,
            ejection_fraction=self.ejection_fraction,
            wall_thickness=self.wall_thickness,
            spacing=inputs.trusted_spacing(labels),
            sector_mask=mask,
            progress=context.part(0, steps, "reshaping"),
        )
        for index, name in enumerate(names):
            progress = context.part(index + 1, steps, f"variation {index + 1} of {self.count}")
            variation = varied(heart, self.seed, index, strength=self.strength, sector_mask=mask, progress=progress)
            write_label_map(hidden / name, variation, like=labels)
        context.progress(1, 1, "written")
