"""Pairs of image and label map as a data set on disk, in one of several layouts, written one at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images.datasets.labeled_image import LabeledImage
from EchoSynthLib.images.datasets.nnunet import write_nnunet
from EchoSynthLib.images.datasets.shards import Sample, write_shards
from EchoSynthLib.images.frame import EchoFrame
from EchoSynthLib.images.result_names import folded
from EchoSynthLib.images.write import write_image, write_label_map, write_record
from EchoSynthLib.outputs import sweep
from EchoSynthLib.outputs.trouble import output_error

SUFFIXES = {"nifti": ".nii.gz", "png": ".png"}
LAYOUTS = ("nnunet", *SUFFIXES, "shards")
PAIRS_PER_SHARD = 1000

Pair = tuple[LabeledImage, Mapping[str, Any] | None]
"""A case, and the record that goes with it, if there is one."""


@dataclass(frozen=True)
class DataSet:
    """Where pairs are written.

    Layouts `nifti` and `png` hold images/CASE, labels/CASE and records/CASE.json; `nnunet` is a folder
    DatasetNNN_Name with imagesTr, labelsTr, dataset.json and records; `shards` holds tar files, see
    `images.datasets.shards`.

    Attributes:
        layout: one of `LAYOUTS`.
        name: letters and digits.
        number: NNN, 1 to 999; told by `nnunet` alone.
        pairs_per_shard: told by `shards` alone.
    """

    layout: str
    name: str
    number: int = 1
    pairs_per_shard: int = PAIRS_PER_SHARD

    @classmethod
    def new_in(cls, folder: Path, layout: str, name: str, pairs_per_shard: int = PAIRS_PER_SHARD) -> DataSet:
        """A data set that takes the place of nothing in `folder`, which need not be there yet.

        Raises:
            InputError: the name has something else than letters and digits.
            OutputError: there is one already, or the folder cannot be looked into.
        """
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            raise InputError(f"A data set's name consists of letters and digits; given was {name!r}.")
        sweep(folder)  # What a killed run had moved there already goes first.
        try:
            numbers = {int(path.name[7:10]): path for path in sorted(folder.glob("Dataset[0-9][0-9][0-9]_*"))}
        except OSError as error:
            raise output_error(folder, error) from error
        free = next((number for number in range(1, 1000) if number not in numbers), 1000)
        data_set = cls(layout, name, free, pairs_per_shard)
        taken = [path for path in numbers.values() if path.name[11:] == name] if layout == "nnunet" else []
        if layout != "nnunet":
            taken = [path for path in (folder / room for room in data_set.rooms.values()) if os.path.exists(path)]
        if taken:
            raise OutputError(f"{taken[0]} exists already; choose another folder or remove it. Nothing was changed.")
        return data_set

    @property
    def root(self) -> str:
        """The data set's folder in the folder it is written to; "" for that folder itself."""
        return f"Dataset{self.number:03d}_{self.name}" if self.layout == "nnunet" else ""

    @property
    def rooms(self) -> dict[str, str]:
        """The folders within `root` that hold the images, the labels and the records, or all three."""
        if self.layout == "shards":
            return {"shards": "shards"}
        ending = "Tr" if self.layout == "nnunet" else ""
        return {"images": f"images{ending}", "labels": f"labels{ending}", "records": "records"}

    @property
    def names(self) -> set[str]:
        """What it is made of in the folder it is written to: `root`, or the rooms."""
        return {self.root} if self.root else set(self.rooms.values())

    def pack(self, pair: Pair) -> Pair | Sample:
        """The pair as `write` takes it, too, with the work done that worker processes can do before it."""
        return Sample.of_pair(*pair) if self.layout == "shards" else pair

    def write(self, pairs: Iterable[Pair | Sample], folder: Path) -> dict[str, str]:
        """Writes the pairs as they come, so that a generator of any length does.

        Args:
            pairs: pairs, or what `pack` made of them.
            folder: an existing one.

        Returns:
            `rooms`, but only those that hold something.

        Raises:
            InputError: two cases of one name, or see `write_nnunet` and `write_image`.
            OutputError: something could not be written.
        """
        records = folder / "records"
        packed = (self.pack(pair) if isinstance(pair, tuple) else pair for pair in pairs)
        if self.layout == "shards":
            (folder / "shards").mkdir()
            write_shards(_of_different_names(packed), folder / "shards", self.pairs_per_shard)
            return self.rooms
        cases = _with_records(packed, records)
        if self.layout == "nnunet":
            root = write_nnunet(cases, folder, self.name, self.number)
            if records.is_dir():
                os.replace(records, root / "records")
        else:
            self._write_files(cases, folder)
        return {role: room for role, room in self.rooms.items() if (folder / self.root / room).is_dir()}

    def _write_files(self, cases: Iterable[LabeledImage], folder: Path) -> None:
        suffix = SUFFIXES[self.layout]
        for room in ("images", "labels"):
            (folder / room).mkdir()
        for case in cases:
            like = EchoFrame(case.image, case.spacing, geometry=case.geometry)
            write_image(folder / "images" / f"{case.name}{suffix}", case.image, like, attributes=case.attributes)
            write_label_map(folder / "labels" / f"{case.name}{suffix}", case.label_map, like)  # type: ignore[arg-type]


def case_name(text: str) -> str:
    """A name of letters, digits, - and _, as cases have."""
    return re.sub(r"[^\w-]", "_", text)


def _with_records(pairs: Iterable[Any], folder: Path) -> Iterator[LabeledImage]:
    """The cases, whose records are written on the way."""
    names: set[str] = set()
    for case, record in pairs:
        _check_name(case.name, names)
        if record is not None:
            folder.mkdir(exist_ok=True)
            write_record(folder / f"{case.name}.json", record)
        yield case


def _of_different_names(samples: Iterable[Any]) -> Iterator[Sample]:
    names: set[str] = set()
    for sample in samples:
        _check_name(sample.name, names)
        yield sample


def _check_name(name: str, names: set[str]) -> None:
    """Notes a name among `names`; InputError where it is one of them already."""
    if folded(name) in names:
        raise InputError(f"Two pairs would be called {name}; rename one of the files they come from.")
    names.add(folded(name))
