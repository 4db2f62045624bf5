"""The task `dataset`: label maps become pairs of synthetic image and label map, to train a network on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib
from EchoSynthLib.anatomy.labels import VIEWS
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.camus_frame import QUALITIES
from EchoSynthLib.images.formats import LABEL_ENDINGS, kind_of, stem_of, suffix_of
from EchoSynthLib.images.pairs import LAYOUTS, DataSet, Pair, case_name
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.tasks import inputs
from EchoSynthLib.tasks.declare import Context, Progress, Task, parameter
from EchoSynthLib.tasks.results import RECORD, check_exists, stamp_of, write_records

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.anatomy.sector import Sector
    from EchoSynthLib.images.frame import EchoCine, EchoFrame


@dataclass(frozen=True)
class Plan:
    """One pair to be made: of which frame of a file, which variation of it (None: the map itself), which image."""

    file: Path
    frame: int
    frames: int
    variation: int | None
    image: int

    @property
    def name(self) -> str:
        """As in heart_f003_v001_i000."""
        frame = f"_f{self.frame:03d}" if self.frames > 1 else ""
        variation = "original" if self.variation is None else f"v{self.variation:03d}"
        return case_name(f"{stem_of(self.file)}{frame}_{variation}_i{self.image:03d}")


@dataclass(frozen=True)
class Drawing:
    """What the pairs of one file share."""

    labels: EchoFrame | EchoCine
    sector: Sector | None
    about_sector: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Dataset(Task):
    """Draws images of label maps and of variations of them, and writes both as a data set."""

    name = "dataset"
    summary = "Make a data set of synthetic images and their label maps from one label map or a folder of them."

    source: Path = parameter(main=True, help=f"label map, or a folder of them, in {inputs.CODES}")
    output: Path = parameter(help="folder for the data set; nothing that is there already is replaced")
    layout: str = parameter(
        "nifti",
        choices=LAYOUTS,
        help="nnunet: a folder Dataset001_NAME with imagesTr and labelsTr; nifti and png: folders images and labels",
    )
    dataset_name: str = parameter("EchoSynth", help="name of the data set, letters and digits")
    variations: int = parameter(
        5, minimum=0, maximum=1000, unit="variations", help="how many variations of each label map"
    )
    original: bool = parameter(True, help="whether the label map itself is drawn, too")
    images: int = parameter(1, minimum=1, maximum=1000, unit="images", help="how many images of each variation")
    view: str = parameter("4CH", choices=VIEWS, help="apical view that the label maps show")
    seed: int = parameter(
        0,
        minimum=0,
        maximum=inputs.LARGEST_SEED,
        help="a pair depends on it, on the label map and on the numbers of variation and image alone",
    )
    strength: float = parameter(1.0, minimum=0, maximum=inputs.LARGEST_STRENGTH, help="how far variations are deformed")
    steps: int | None = parameter(
        None, minimum=1, maximum=200, unit="steps", help="network passes; none takes the model's default"
    )
    quality: str | None = parameter(None, choices=QUALITIES, help="image quality; none leaves it to the model")
    reference: Path | None = parameter(None, help=inputs.REFERENCE)
    sector: str | None = parameter(None, help=f"{inputs.SECTOR}; instead of a reference")
    model: str = parameter("beam-flow", help="name of the model, see `echosynth models`")
    row_spacing: float | None = parameter(
        None, minimum=inputs.SMALLEST_PIXEL_MM, maximum=inputs.LARGEST_PIXEL_MM, unit="mm", help=inputs.ROW_SPACING
    )
    column_spacing: float | None = parameter(
        None, minimum=inputs.SMALLEST_PIXEL_MM, maximum=inputs.LARGEST_PIXEL_MM, unit="mm", help=inputs.COLUMN_SPACING
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the data set and record.json at its top; see `Task.run`."""
        started = time.perf_counter()
        data_set = DataSet.new_in(self.output, self.layout, self.dataset_name)
        plans = self._plan(context)
        with OutputFolder(self.output) as hidden:
            made: dict[str, Any] = {}
            outputs = data_set.write(self._pairs(plans, made, context), hidden)
            context.progress(len(plans), len(plans), "written")
            record = made | self._record() | {"pairs": len(plans), "seconds": round(time.perf_counter() - started, 3)}
            return write_records(
                hidden / data_set.root, RECORD, self.output / data_set.root, record | {"outputs": outputs}
            )

    def _record(self) -> dict[str, Any]:
        return {
            "task": self.name,
            "echosynth_version": EchoSynthLib.__version__,
            "synthetic": True,
            "source_label_map": str(self.source.resolve()),
            "layout": self.layout,
            "dataset_name": self.dataset_name,
            "variations": self.variations,
            "original": self.original,
            "images": self.images,
            "seed": self.seed,
            "strength": self.strength,
            "reference": None if self.reference is None else str(self.reference.resolve()),
        }

    def _plan(self, context: Context) -> list[Plan]:
        """All pairs, by file; every file is read, so that what cannot be used is known before the first is drawn."""
        numbers: list[int | None] = [*([None] if self.original else []), *range(self.variations)]
        if not numbers:
            raise InputError("Nothing would be drawn: ask for variations, or for the original label map.")
        plans = []
        for file in label_files(self.source):
            context.progress(0, 1, f"reading {file.name}")
            pixels = self._drawing(file).labels.pixels
            frames = len(pixels) if pixels.ndim == 3 else 1
            plans += [
                Plan(file, frame, frames, variation, image)
                for frame in range(frames)
                for variation in numbers
                for image in range(self.images)
            ]
        return plans

    def _drawing(self, file: Path) -> Drawing:
        try:
            labels = inputs.read_labels(file, inputs.pixel_size(self.row_spacing, self.column_spacing))
            sector, labels, about = inputs.choose_sector(self.sector, self.reference, labels)
        except InputError as error:
            raise InputError(f"{file.name}: {error}") from error
        return Drawing(labels, sector, about)

    def _pairs(self, plans: list[Plan], made: dict[str, Any], context: Context) -> Iterator[Pair]:
        """The pairs, drawn one after another; `made` takes what the record of all says of the model."""
        file, drawing = None, None
        for index, plan in enumerate(plans):
            if drawing is None or plan.file != file:
                file, drawing = plan.file, self._drawing(plan.file)
            case, record = self._draw(plan, drawing, context.part(index, len(plans), plan.name))
            made |= {key: record[key] for key in ("model", "model_sha256", "solver", "steps", "view", "quality")}
            yield case, record

    def _draw(self, plan: Plan, drawing: Drawing, progress: Progress) -> tuple[Any, dict[str, Any]]:
        from EchoSynthLib import api
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.nnunet import LabelledImage

        labels = drawing.labels
        frame = labels.frame(plan.frame) if isinstance(labels, EchoCine) else labels
        spacing = inputs.trusted_spacing(frame)
        progress(0, 1, "varying")
        codes = self._vary(plan, frame.pixels, drawing.sector)
        number = 0 if plan.variation is None else plan.variation + 1
        seed = seed_of(frame.pixels, self.seed, number, plan.image)
        drawn, record = api.synthesize(
            codes,
            1,
            seed,
            self.view,
            self.steps,
            sector=drawing.sector,
            spacing=spacing,
            quality=self.quality,
            model=self.model,
            progress=progress,
        )
        record |= drawing.about_sector | {
            "task": self.name,
            "index": 0,
            "source_label_map": str(plan.file.resolve()),
            "frame": plan.frame,
            "variation": plan.variation,
            "image": plan.image,
            "dataset_seed": self.seed,
            "strength": None if plan.variation is None else self.strength,
            "spacing_mm": spacing,
        }
        return LabelledImage(plan.name, drawn[0], codes, frame.spacing, frame.geometry, stamp_of(record)), record

    def _vary(self, plan: Plan, codes: np.ndarray, sector: Sector | None) -> np.ndarray:
        from EchoSynthLib.anatomy.variations import vary

        if plan.variation is None:
            return codes
        mask = None if sector is None else sector.mask((codes.shape[0], codes.shape[1]))
        try:
            return vary(codes, seed_of(codes, self.seed), plan.variation, strength=self.strength, sector_mask=mask)
        except InputError as error:
            raise InputError(f"{plan.name}: {error}") from error


def label_files(source: Path) -> list[Path]:
    """The label map, or those of a folder, sorted by name.

    Where some names of a folder end as those of label maps beside their images do (`_gt`, `_label`, `_segmentation`),
    these alone are taken.

    Raises:
        InputError: there is nothing, or no label map in the folder.
    """
    if not check_exists(source, "label map or folder").is_dir():
        return [source]
    files = [path for path in sorted(source.iterdir()) if path.is_file() and not path.name.startswith(".")]
    files = [file for file in files if kind_of(file) in ("itk", "picture", "array")]
    files = [file for file in files if suffix_of(file) not in (".jpg", ".jpeg")]
    told_by_name = [file for file in files if stem_of(file).lower().endswith(LABEL_ENDINGS)]
    if not files:
        raise InputError(f"There is no label map in the folder {source}; give one with label maps, or a single file.")
    return told_by_name or files


def seed_of(label_map: np.ndarray, *numbers: int) -> int:
    """A seed, 0 to 2^31 - 1, that depends on a label map's content and some numbers alone."""
    import numpy as np

    content = repr(label_map.shape).encode() + label_map.tobytes()
    digest = int.from_bytes(hashlib.sha256(content).digest(), "big")
    return int(np.random.SeedSequence([digest, *numbers]).generate_state(1)[0] >> 1)
