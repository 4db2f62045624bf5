"""The task `variations`: a label map becomes others of the same heart, moved and deformed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.tasks.declare import Context, Task, parameter
from EchoSynthLib.tasks.results import FORMATS, RECORD, check_exists, write_records
from EchoSynthLib.tasks.synthesize import LARGEST_SEED


@dataclass(frozen=True, kw_only=True)
class Variations(Task):
    """Makes affine and elastic variations of a label map, on its own grid."""

    name = "variations"
    summary = "Make anatomical variations of a label map, each a label map of its own."

    label_map: Path = parameter(
        main=True, help="label map in CAMUS codes: 0 other, 1 LV cavity, 2 myocardium, 3 left atrium"
    )
    output: Path = parameter(help="folder for the label maps and the record")
    count: int = parameter(5, minimum=1, maximum=1000, unit="label maps", help="how many variations")
    seed: int = parameter(0, minimum=0, maximum=LARGEST_SEED, help="variation i depends on the seed and i alone")
    format: str = parameter("nifti", choices=tuple(FORMATS), help="file format of the label maps")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes variation_000... and record.json; see `Task.run`."""
        from EchoSynthLib import api
        from EchoSynthLib.images.read_labels import read_label_map
        from EchoSynthLib.images.write import write_label_map

        started = time.perf_counter()
        codes, geometry = read_label_map(check_exists(self.label_map, "label map"))
        label_map = check_label_map(codes)
        names = [f"variation_{index:03d}{FORMATS[self.format]}" for index in range(self.count)]
        with OutputFolder(self.output) as hidden:
            context.progress(0, self.count, "deforming")
            for index, variation in enumerate(api.variations(label_map, self.count, self.seed)):
                context.progress(index, self.count, f"variation {index + 1} of {self.count}")
                write_label_map(hidden / names[index], variation, like=geometry)
            context.progress(self.count, self.count, "written")
            record = {
                "task": self.name,
                "echosynth_version": EchoSynthLib.__version__,
                "synthetic": True,
                "seed": self.seed,
                "count": self.count,
                "source_label_map": str(self.label_map.resolve()),
                "seconds": round(time.perf_counter() - started, 3),
                "outputs": {"label_maps": names},
            }
            return write_records(hidden, RECORD, self.output, record)
