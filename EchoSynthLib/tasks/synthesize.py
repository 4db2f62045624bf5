"""The task `synthesize`: a label map becomes echocardiograms that follow it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib
from EchoSynthLib.anatomy.labels import VIEWS, check_label_map
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.camus_frame import QUALITIES
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.tasks.declare import Context, Task, parameter
from EchoSynthLib.tasks.results import FORMATS, RECORD, check_exists, write_records

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.anatomy.sector import Sector
    from EchoSynthLib.images.frame import EchoCine, EchoFrame

LARGEST_SEED = 2**31 - 1
ON_SHEET, IN_ROW = 15, 4
# What a file says of itself; a NIfTI header has room for the first few.
STAMP = (
    "synthetic",
    "model",
    "seed",
    "index",
    "steps",
    "solver",
    "echosynth_version",
    "view",
    "model_sha256",
    "source_label_map",
)


@dataclass(frozen=True, kw_only=True)
class Synthesize(Task):
    """Draws echocardiograms on the label map's own grid."""

    name = "synthesize"
    summary = "Draw synthetic echocardiograms that follow a label map."

    label_map: Path = parameter(
        main=True, help="label map in CAMUS codes: 0 other, 1 LV cavity, 2 myocardium, 3 left atrium"
    )
    output: Path = parameter(help="folder for the images, the label map, the record and the picture sheet")
    count: int = parameter(8, minimum=1, maximum=1000, unit="images", help="how many images")
    seed: int = parameter(0, minimum=0, maximum=LARGEST_SEED, help="image i depends on the seed and i alone")
    steps: int | None = parameter(
        None, minimum=1, maximum=200, unit="steps", help="network passes; none takes the model's default"
    )
    view: str = parameter("4CH", choices=VIEWS, help="apical view that the label map shows")
    reference: Path | None = parameter(None, help="image of the label map's size whose sector and geometry are taken")
    quality: str | None = parameter(None, choices=QUALITIES, help="image quality; none leaves it to the model")
    model: str = parameter("beam-flow", help="name of the model, see `echosynth models`")
    format: str = parameter("nifti", choices=tuple(FORMATS), help="file format of the images and of the label map")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes synthetic_000..., label_map, record.json and sheet.png; see `Task.run`."""
        from EchoSynthLib import api
        from EchoSynthLib.images.read_labels import read_label_map

        codes, geometry = read_label_map(check_exists(self.label_map, "label map"))
        label_map = check_label_map(codes)
        sector, geometry = self._take_reference(label_map, geometry)
        with OutputFolder(self.output) as hidden:
            images, record = api.synthesize(
                label_map,
                self.count,
                self.seed,
                self.view,
                self.steps,
                sector=sector,
                spacing=geometry.spacing if geometry.spacing_trusted else None,
                quality=self.quality,
                model=self.model,
                progress=context.progress,
            )
            record = record | {
                "task": self.name,
                "echosynth_version": EchoSynthLib.__version__,
                "synthetic": True,
                "source_label_map": str(self.label_map.resolve()),
            }
            if self.reference is not None:
                record |= {"reference": str(self.reference.resolve()), "sector_source": "fitted to the reference"}
            outputs = self._write(hidden, images, label_map, geometry, record)
            context.progress(self.count, self.count, "written")
            return write_records(hidden, RECORD, self.output, record | {"outputs": outputs})

    def _take_reference(
        self, label_map: np.ndarray, geometry: EchoFrame | EchoCine
    ) -> tuple[Sector | None, EchoFrame | EchoCine]:
        if self.reference is None:
            return None, geometry
        from EchoSynthLib.anatomy.sector_fit import fit_sector
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read import read_image

        image = read_image(check_exists(self.reference, "reference image"))
        frame = image.frame(0) if isinstance(image, EchoCine) else image
        if frame.pixels.shape != label_map.shape:
            given = " x ".join(map(str, frame.pixels.shape))
            wanted = " x ".join(map(str, label_map.shape))
            raise InputError(
                f"The reference {self.reference} has {given} pixels and the label map {wanted}; "
                "take the image that the label map was drawn on, or resample one to the other's grid."
            )
        best = frame if frame.spacing_trusted or not geometry.spacing_trusted else geometry
        return fit_sector(frame.pixels, best.spacing if best.spacing_trusted else None), best

    def _write(
        self,
        hidden: Path,
        images: np.ndarray,
        label_map: np.ndarray,
        geometry: EchoFrame | EchoCine,
        record: dict[str, Any],
    ) -> dict[str, Any]:
        from EchoSynthLib.images.write import write_image, write_label_map

        suffix = FORMATS[self.format]
        names = [f"synthetic_{index:03d}{suffix}" for index in range(len(images))]
        for index, (name, image) in enumerate(zip(names, images, strict=True)):
            # The file's name alone: images are passed on, and folders may be named after people.
            told = record | {"index": index, "source_label_map": self.label_map.name}
            stamp = {key: told[key] for key in STAMP if key in told}
            write_image(hidden / name, image, like=geometry, attributes=stamp)
        write_label_map(hidden / f"label_map{suffix}", label_map, like=geometry)
        _draw_sheet(hidden / "sheet.png", images, label_map, geometry.spacing)
        return {"images": names, "label_map": f"label_map{suffix}", "sheet": "sheet.png"}


def _draw_sheet(path: Path, images: np.ndarray, label_map: np.ndarray, spacing: tuple[float, float] | None) -> None:
    from EchoSynthLib.demo_sheet import Section, Tile, coloured, draw_sheet, grey, pixel_aspect

    aspect = pixel_aspect(spacing)
    shown = [Tile(grey(image), f"synthetic {index}", aspect) for index, image in enumerate(images[:ON_SHEET])]
    tiles = [Tile(coloured(label_map), "label map", aspect), *shown]
    rows = [tiles[start : start + IN_ROW] for start in range(0, len(tiles), IN_ROW)]
    more = f", the first {len(shown)} of {len(images)}" if len(images) > len(shown) else ""
    draw_sheet([Section(f"Synthetic echocardiograms{more}", rows)]).save(path)
