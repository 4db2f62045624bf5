"""The task `synthesize`: a label map becomes echocardiograms that follow it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.outputs import OutputFolder, replacing
from EchoSynthLib.records import new_record, stamp_of, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.options import SynthesisOptions, seed_parameter
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, names_in
from EchoSynthLib.tasks.common.results import FORMATS, RECORD, check_holds, naming, write_records
from EchoSynthLib.tasks.common.view_told import view_told
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.images.frame import EchoCine, EchoFrame

ON_SHEET, IN_ROW = 15, 4


@dataclass(frozen=True, kw_only=True)
class Synthesize(SynthesisOptions, Task):
    """Draws echocardiograms on the label map's own grid; cines where it has several frames."""

    name = "synthesize"
    summary = "Draw synthetic echocardiograms that follow a label map, or cines that follow a cine of them."

    label_map: Path = parameter(main=True, help=f"label map of one frame or several, in {inputs.CAMUS_CODES}")
    output: Path = parameter(help=f"folder for the images, the label map, the record and the picture sheet; {REPLACES}")
    count: int = parameter(8, minimum=1, maximum=1000, unit="images", help="how many images, or cines")
    seed: int = seed_parameter("image i depends on the seed and i alone; the frames of a cine share their noise")
    format: str = parameter(
        "nifti",
        choices=tuple(FORMATS),
        help="file format of the images and of the label map; png for one frame, npy without a picture sheet",
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Writes synthetic_000..., label_map, record.json and, but for npy, sheet.png; see `Task.run`."""
        from EchoSynthLib.images.write import write_image, write_label_map

        labels = inputs.read_labels(self.label_map, self.pixel_size())
        check_holds(self.format, labels)
        view, doubts = view_told(self.view, self.label_map)
        sector, labels, about_sector = inputs.choose_sector(self.sector, self.reference, labels)
        spacing, outputs = inputs.trusted_spacing(labels), self._outputs()
        left = check_replaceable(self.output, RECORD, names_in(outputs), self.name, self.label_map)
        with OutputFolder(self.output) as hidden, naming(self.label_map):
            images, record = es.synthesize(
                labels.pixels,
                self.count,
                self.seed,
                view,
                sector=sector,
                spacing=spacing,
                progress=context.progress,
                **self.drawing(),
            )
            record |= new_record(self.name, label_map=self.label_map, synthetic=True)
            record |= {"spacing_mm": spacing, **about_sector}
            for index, (name, image) in enumerate(zip(outputs["images"], images, strict=True)):
                write_image(hidden / name, image, like=labels, attributes=stamp_of(record | {"index": index}))
            write_label_map(hidden / outputs["label_map"], labels.pixels, like=labels)
            if "sheet" in outputs:
                _draw_sheet(hidden / outputs["sheet"], images, labels)
            context.progress(self.count, self.count, "written")
            record = with_warnings(record | {"outputs": outputs}, [*labels.remarks, *doubts, *left])
            return write_records(hidden, RECORD, self.output, record)

    def _outputs(self) -> dict[str, Any]:
        """What is written, by its role."""
        suffix = FORMATS[self.format]
        images = [f"synthetic_{index:03d}{suffix}" for index in range(self.count)]
        sheet = {} if self.format == "npy" else {"sheet": "sheet.png"}
        return {"images": images, "label_map": f"label_map{suffix}", **sheet}


def _draw_sheet(path: Path, images: np.ndarray, labels: EchoFrame | EchoCine) -> None:
    """The label map and the images, or the first frames of cines."""
    from EchoSynthLib.images.overlay import pixel_aspect
    from EchoSynthLib.images.picture_sheet import Section, Tile, colored, draw_sheet, gray

    aspect, is_cine = pixel_aspect(labels.spacing), labels.pixels.ndim == 3
    label_map, pictures = (labels.pixels[0], images[:, 0]) if is_cine else (labels.pixels, images)
    shown = [Tile(gray(picture), f"synthetic {index}", aspect) for index, picture in enumerate(pictures[:ON_SHEET])]
    tiles = [Tile(colored(label_map), "label map", aspect), *shown]
    rows = [tiles[start : start + IN_ROW] for start in range(0, len(tiles), IN_ROW)]
    more = f", the first {len(shown)} of {len(images)}" if len(images) > len(shown) else ""
    frames = ", first frames" if is_cine else ""
    with replacing(path) as partial:
        draw_sheet([Section(f"Synthetic echocardiograms{frames}{more}", rows)]).save(partial)
