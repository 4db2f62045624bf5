"""Pairs of image and label map as a data set on disk, in one of several layouts, written one at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images.frame import EchoFrame
from EchoSynthLib.images.nnunet import LabelledImage, write_nnunet
from EchoSynthLib.images.write import write_image, write_label_map, write_record

SUFFIXES = {"nifti": ".nii.gz", "png": ".png"}
LAYOUTS = ("nnunet", *SUFFIXES)

Pair = tuple[LabelledImage, Mapping[str, Any] | None]
"""A case, and the record that goes with it, if there is one."""


@dataclass(frozen=True)
class DataSet:
    """Where pairs are written.

    Layouts `nifti` and `png` hold images/CASE, labels/CASE and records/CASE.json; `nnunet` is a folder
    DatasetNNN_Name with imagesTr, labelsTr, dataset.json and records.

    Attributes:
        layout: one of `LAYOUTS`.
        name: letters and digits.
        number: NNN, 1 to 999; told by `nnunet` alone.
    """

    layout: str
    name: str
    number: int = 1

    @classmethod
    def new_in(cls, folder: Path, layout: str, name: str) -> DataSet:
        """A data set that takes the place of nothing in `folder`, which need not be there yet.

        Raises:
            InputError: the name has something else than letters and digits.
            OutputError: there is one already.
        """
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            raise InputError(f"A data set's name consists of letters and digits; given was {name!r}.")
        numbers = {int(path.name[7:10]): path for path in sorted(folder.glob("Dataset[0-9][0-9][0-9]_*"))}
        free = next((number for number in range(1, 1000) if number not in numbers), 1000)
        data_set = cls(layout, name, free)
        taken = [path for path in numbers.values() if path.name[11:] == name] if layout == "nnunet" else []
        if layout != "nnunet":
            taken = [path for path in (folder / room for room in data_set.rooms.values()) if path.exists()]
        if taken:
            raise OutputError(f"{taken[0]} exists already; choose another folder or remove it. Nothing was changed.")
        return data_set

    @property
    def root(self) -> str:
        """The data set's folder in the folder it is written to; "" for that folder itself."""
        return f"Dataset{self.number:03d}_{self.name}" if self.layout == "nnunet" else ""

    @property
    def rooms(self) -> dict[str, str]:
        """The folders within `root` that hold the images, the labels and the records."""
        ending = "Tr" if self.layout == "nnunet" else ""
        return {"images": f"images{ending}", "labels": f"labels{ending}", "records": "records"}

    def write(self, pairs: Iterable[Pair], folder: Path) -> dict[str, str]:
        """Writes the pairs as they come, so that a generator of any length does.

        Returns:
            `rooms`, but only those that hold something.

        Raises:
            InputError: two cases of one name, or see `write_nnunet` and `write_image`.
            OutputError: something could not be written.
        """
        records = folder / "records"
        cases = _with_records(pairs, records)
        if self.layout == "nnunet":
            root = write_nnunet(cases, folder, self.name, self.number)
            if records.is_dir():
                os.replace(records, root / "records")
        else:
            self._write_files(cases, folder)
        return {role: room for role, room in self.rooms.items() if (folder / self.root / room).is_dir()}

    def _write_files(self, cases: Iterable[LabelledImage], folder: Path) -> None:
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


def _with_records(pairs: Iterable[Pair], folder: Path) -> Iterator[LabelledImage]:
    """The cases, whose records are written on the way."""
    names: set[str] = set()
    for case, record in pairs:
        if case.name in names:
            raise InputError(f"Two pairs would be called {case.name}; rename one of the files they come from.")
        names.add(case.name)
        if record is not None:
            folder.mkdir(exist_ok=True)
            write_record(folder / f"{case.name}.json", record)
        yield case
