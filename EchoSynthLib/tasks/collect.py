"""The task `collect`: images and label maps that lie side by side become a data set."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import files_in, status_of, unreadable
from EchoSynthLib.images.datasets.layouts import LAYOUTS, Pair, about_layouts, case_name, new_data_set
from EchoSynthLib.images.formats import readable_in, stem_of
from EchoSynthLib.images.label_maps.marks import label_ending
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, stamp_of, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.output_places import check_replaceable
from EchoSynthLib.tasks.common.results import RECORD, check_exists, told_of_pairs, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame


@dataclass(frozen=True)
class Files:
    """The files of one pair, or of a cine of them; no record where there is none."""

    image: Path
    label_map: Path
    record: Path | None


@dataclass(frozen=True, kw_only=True)
class Collect(Task):
    """Checks pairs of image and label map, whoever made them, and writes them as a data set."""

    name = "collect"
    summary = "Collect images and their label maps into a data set."

    source: Path = parameter(
        main=True,
        help=f"folder with images/ and labels/, files of one name in {inputs.CAMUS_CODES}; records/ if there are any",
    )
    output: Path = parameter(help="folder for the data set; nothing that is there already is replaced")
    layout: str = parameter(
        "nifti",
        choices=tuple(LAYOUTS),
        help=about_layouts(),
    )
    dataset_name: str = parameter("EchoSynth", help="name of the data set, letters and digits")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the data set, a case for each frame of a cine, and record.json at its top; see `Task.run`."""
        started = time.perf_counter()
        data_set = new_data_set(self.output, self.layout, self.dataset_name)
        check_replaceable(self.output / data_set.root, RECORD, (), self.name, self.source)
        found = find_pairs(check_exists(self.source, "folder"))
        with OutputFolder(self.output, data_set.names) as hidden:
            warnings: list[str] = []
            count = {"pairs": 0, "synthetic_pairs": 0}
            outputs = data_set.write(self._pairs(found, count, warnings, context), hidden)
            context.progress(len(found), len(found), "written")
            about = {"source": str(self.source.resolve()), "layout": self.layout, "dataset_name": self.dataset_name}
            record = new_record(self.name, started=started) | about | count | {"outputs": outputs}
            record = with_warnings(record, warnings)
            return write_records(hidden / data_set.root, RECORD, self.output / data_set.root, record)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How many pairs, in which folder: the data set's own, Dataset001_NAME in the layout nnunet."""
        return told_of_pairs(record)

    def _pairs(
        self, found: list[Files], count: dict[str, int], warnings: list[str], context: Context
    ) -> Iterator[Pair]:
        for index, files in enumerate(found):
            context.progress(index, len(found), files.image.name)
            image, labels = open_pair(files)
            told = ((file.name, read.remarks) for file, read in ((files.image, image), (files.label_map, labels)))
            warnings += [f"{name}: {text}" for name, remarks in told for text in remarks]
            for case, record in pairs_of(files, image, labels):
                count["pairs"] += 1
                count["synthetic_pairs"] += bool(case.attributes.get("synthetic"))
                yield case, record


def find_pairs(source: Path) -> list[Files]:
    """The files in images/ and labels/ (and records/) of a folder that belong together, sorted by name.

    Raises:
        InputError: a folder is missing or empty, a file has no partner, or two have one name.
    """
    images, label_maps = (_by_stem(source / room) for room in ("images", "labels"))
    label_maps = {_partner(stem, path, images): path for stem, path in label_maps.items()}
    for these, others, room in ((images, label_maps, "labels"), (label_maps, images, "images")):
        alone = [these[stem] for stem in these if stem not in others]
        if alone:
            more = f" (nor have {len(alone) - 1} others)" if len(alone) > 1 else ""
            raise InputError(
                f"{alone[0]} has no partner of the same name in {source / room}{more}; add it, or take the file away."
            )
    beside = source / "records"
    told = {path.stem for path in files_in(beside)} if os.path.isdir(beside) else set()
    records = {stem: beside / f"{stem}.json" for stem in images}
    return [Files(images[stem], label_maps[stem], records[stem] if stem in told else None) for stem in images]


def _partner(stem: str, path: Path, images: Mapping[str, Path]) -> str:
    """The name of the image that a label map belongs to: its own, or without the ending of a label map."""
    plain = stem[: len(stem) - len(label_ending(path))]
    return plain if stem not in images and plain in images else stem


def open_pair(files: Files) -> tuple[EchoFrame | EchoCine, EchoFrame | EchoCine]:
    """The image, and the label map on its grid.

    Raises:
        InputError: a file is unreadable, the two differ in size or place, the label map has codes that CAMUS lacks, or
            the image is a label map itself.
    """
    from EchoSynthLib.images.label_maps.alignment import on_grid_of
    from EchoSynthLib.images.label_maps.detection import refuse_drawing
    from EchoSynthLib.images.label_maps.read import read_label_map
    from EchoSynthLib.images.read import read_image

    image = read_image(files.image)
    refuse_drawing(image)
    return image, on_grid_of(image, read_label_map(files.label_map)[1])


def pairs_of(files: Files, image: EchoFrame | EchoCine, labels: EchoFrame | EchoCine) -> Iterator[Pair]:
    """The pair, or one for each frame of a cine, named after the image file."""
    from EchoSynthLib.images.datasets.labeled_image import LabeledImage
    from EchoSynthLib.images.frame import EchoCine
    from EchoSynthLib.images.readers.attributes import read_attributes

    codes = labels.pixels
    place = image if image.spacing_trusted or not labels.spacing_trusted else labels
    name = case_name(result_stem(stem_of(files.image)))
    record = None if files.record is None else _read_record(files.record)
    stamp = _stamp(read_attributes(files.image) | (record or {}))
    if not isinstance(image, EchoCine) or not isinstance(place, EchoCine):
        yield LabeledImage(name, image.pixels, codes, place.spacing, place.geometry, stamp), record
        return
    for index, pixels in enumerate(image.pixels):
        frame = place.frame(index)
        told_of_frame = None if record is None else record | {"frame": index}
        case = LabeledImage(f"{name}_f{index:03d}", pixels, codes[index], frame.spacing, frame.geometry, stamp)
        yield case, told_of_frame


def _stamp(told: dict[str, Any]) -> dict[str, Any]:
    """What a synthetic image goes on saying of itself; of a real one nothing is said."""
    is_synthetic = str(told.get("synthetic")).lower() == "true"
    return stamp_of(told | {"synthetic": True}) if is_synthetic else {}


def _by_stem(folder: Path) -> dict[str, Path]:
    status_of(folder, f"There is no folder {folder}; give a folder that holds images/ and labels/.")
    found: dict[str, Path] = {}
    for path in readable_in(folder):
        stem = stem_of(path)
        if stem in found:
            raise InputError(f"{found[stem]} and {path.name} have one name; which of them is meant? Take one away.")
        found[stem] = path
    if not found:
        raise InputError(f"There is no image in {folder}; expected were files such as heart_001.nii.gz or .png.")
    return found


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no record: it cannot be read as JSON ({error}).") from error
    if not isinstance(record, dict):
        raise InputError(f"{path} is no record: expected was a JSON object with names and values.")
    return record
