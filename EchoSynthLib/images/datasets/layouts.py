"""Pairs of image and label map as a data set on disk: a class for each layout, which writes them one at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images.datasets.labeled_image import LabeledImage
from EchoSynthLib.images.datasets.nnunet import write_nnunet
from EchoSynthLib.images.datasets.shards import Sample, write_shards
from EchoSynthLib.images.frame import EchoFrame
from EchoSynthLib.images.result_names import folded
from EchoSynthLib.images.write import write_image, write_label_map, write_record
from EchoSynthLib.outputs import sweep
from EchoSynthLib.outputs.trouble import output_error

PAIRS_PER_SHARD = 1000

Pair = tuple[LabeledImage, Mapping[str, Any] | None]
"""A case, and the record that goes with it, if there is one."""


@dataclass(frozen=True)
class DataSet:
    """Where and how pairs are written; by itself the layout of files, an image and a label map of one name for each.

    Attributes:
        layout, title: what it is called in a command, and where people choose it.
        about: what it is made of, in a few words.
        suffix: of its images and label maps, where each is a file.
        rooms: the folders within `root` that hold the images, the labels and the records, or all three.
        name: letters and digits.
        number: 1 to 999, where several data sets stand beside one another.
        pairs_per_shard: told by `Shards` alone.
    """

    layout: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    suffix: ClassVar[str]
    rooms: ClassVar[Mapping[str, str]] = {"images": "images", "labels": "labels", "records": "records"}

    name: str
    number: int = 1
    pairs_per_shard: int = PAIRS_PER_SHARD

    @property
    def root(self) -> str:
        """The data set's folder in the folder it is written to; "" for that folder itself."""
        return ""

    @property
    def names(self) -> set[str]:
        """What it is made of in the folder it is written to: `root`, or the rooms."""
        return {self.root} if self.root else set(self.rooms.values())

    @classmethod
    def free_number(cls, folder: Path) -> int:
        """The first number that no data set in a folder has; 1000 where all are taken."""
        return 1

    def in_its_way(self, folder: Path) -> list[Path]:
        """What lies in a folder where this data set would come to lie."""
        return [folder / name for name in sorted(self.names) if os.path.lexists(folder / name)]

    def pack(self, pair: Pair) -> Pair | Sample:
        """The pair as `write` takes it, too, with the work done that worker processes can do before it."""
        return pair

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
        self._write_cases(_with_records(pairs, folder / "records"), folder)
        return {role: room for role, room in self.rooms.items() if (folder / self.root / room).is_dir()}

    def _write_cases(self, cases: Iterable[LabeledImage], folder: Path) -> None:
        for room in ("images", "labels"):
            (folder / room).mkdir()
        for case in cases:
            like = EchoFrame(case.image, case.spacing, geometry=case.geometry)
            write_image(folder / "images" / f"{case.name}{self.suffix}", case.image, like, attributes=case.attributes)
            write_label_map(folder / "labels" / f"{case.name}{self.suffix}", case.label_map, like)  # type: ignore[arg-type]


class NnUNet(DataSet):
    """A raw data set of nnU-Net: a folder DatasetNNN_Name with imagesTr, labelsTr, dataset.json and records.

    It stands beside others, of the same name even, for nnU-Net knows them by their numbers.
    """

    layout, title = "nnunet", "nnU-Net"
    about = "a folder Dataset001_NAME with imagesTr and labelsTr"
    rooms: ClassVar[Mapping[str, str]] = {"images": "imagesTr", "labels": "labelsTr", "records": "records"}

    @property
    def root(self) -> str:
        """DatasetNNN_Name."""
        return f"Dataset{self.number:03d}_{self.name}"

    @classmethod
    def free_number(cls, folder: Path) -> int:
        """See `DataSet.free_number`."""
        taken = {int(path.name[7:10]) for path in folder.glob("Dataset[0-9][0-9][0-9]_*")}
        return next((number for number in range(1, 1000) if number not in taken), 1000)

    def _write_cases(self, cases: Iterable[LabeledImage], folder: Path) -> None:
        root = write_nnunet(cases, folder, self.name, self.number)
        if (folder / "records").is_dir():
            os.replace(folder / "records", root / "records")


class Nifti(DataSet):
    """Folders images, labels and records, whose files keep pixel size and place in space."""

    layout, title, about, suffix = "nifti", "NIfTI", "folders images and labels", ".nii.gz"


class Png(DataSet):
    """The same as pictures."""

    layout, title, about, suffix = "png", "PNG", "folders images and labels", ".png"


class Shards(DataSet):
    """Tar files of many pairs each, for sets of any size; see `images.datasets.shards`."""

    layout, title, about = "shards", "Shards (WebDataset)", "tar files as WebDataset reads them"
    rooms: ClassVar[Mapping[str, str]] = {"shards": "shards"}

    def pack(self, pair: Pair) -> Sample:
        """The pair as the bytes that lie in a shard."""
        return Sample.of_pair(*pair)

    def write(self, pairs: Iterable[Pair | Sample], folder: Path) -> dict[str, str]:
        """See `DataSet.write`."""
        (folder / "shards").mkdir()
        samples = (self.pack(pair) if isinstance(pair, tuple) else pair for pair in pairs)
        write_shards(_of_different_names(samples), folder / "shards", self.pairs_per_shard)
        return dict(self.rooms)


LAYOUTS: dict[str, type[DataSet]] = {kind.layout: kind for kind in (NnUNet, Nifti, Png, Shards)}
"""All layouts: a new one is a class above and its name here."""


def about_layouts() -> str:
    """What each layout is made of, in one line; those that differ in the format alone together."""
    groups = groupby(LAYOUTS.values(), lambda kind: kind.about)
    return "; ".join(f"{' and '.join(kind.layout for kind in kinds)}: {about}" for about, kinds in groups)


def new_data_set(folder: Path, layout: str, name: str, pairs_per_shard: int = PAIRS_PER_SHARD) -> DataSet:
    """A data set that takes the place of nothing in `folder`, which need not be there yet.

    Raises:
        InputError: the name has something else than letters and digits.
        OutputError: there is one already, or the folder cannot be looked into.
    """
    if not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise InputError(f"A data set's name consists of letters and digits; given was {name!r}.")
    sweep(folder)  # What a killed run had moved there already goes first.
    kind = LAYOUTS[layout]
    try:
        data_set = kind(name, kind.free_number(folder), pairs_per_shard)
        taken = data_set.in_its_way(folder)
    except OSError as error:
        raise output_error(folder, error) from error
    if taken:
        raise OutputError(f"{taken[0]} exists already; choose another folder or remove it. Nothing was changed.")
    return data_set


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
