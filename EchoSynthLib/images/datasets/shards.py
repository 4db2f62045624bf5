"""Pairs in numbered tar files, the layout of WebDataset (https://github.com/webdataset/webdataset): sets of any size,
written and read from front to back.

A pair is three members that follow one another, `KEY.image.png`, `KEY.label.png` (the codes as gray levels) and
`KEY.json` (the record); what comes before the first dot is the key. Equal pairs make equal files, byte for byte.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import printable
from EchoSynthLib.images.datasets.labeled_image import LabeledImage

IMAGE, LABEL, RECORD = "image.png", "label.png", "json"


@dataclass(frozen=True)
class Sample:
    """A pair as it lies in a shard: what its members are called after the key's dot, and their bytes."""

    name: str
    members: Mapping[str, bytes]

    @classmethod
    def of_pair(cls, case: LabeledImage, record: Mapping[str, Any] | None) -> Sample:
        """A case with a label map, and its record; where there is none, what the image says of itself takes its place.

        Raises:
            InputError: the case has no label map, or the record is not made of what JSON holds.
        """
        if case.label_map is None:
            raise InputError(f"{case.name} has no label map; a shard holds pairs.")
        told = {**case.attributes, "spacing_mm": case.spacing} if record is None else record
        try:
            text = json.dumps(told, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(f"The record of {case.name} cannot be written as JSON ({error}).") from error
        image = _png(case.image, {f"EchoSynth.{key}": printable(str(value)) for key, value in case.attributes.items()})
        return cls(
            case.name, {IMAGE: image, LABEL: _png(case.label_map, {}), RECORD: text.encode(errors="backslashreplace")}
        )

    def pair(self) -> tuple[LabeledImage, dict[str, Any]]:
        """The case and its record, as they were given to `of_pair`; of a spacing, what the record says.

        Raises:
            InputError: a member is missing or damaged.
        """
        try:
            record = json.loads(self.members[RECORD])
            image, label_map = (_pixels(self.members[member]) for member in (IMAGE, LABEL))
            spacing = None if record.get("spacing_mm") is None else tuple(record["spacing_mm"])
        except KeyError as error:
            raise InputError(f"The pair {self.name} of a shard has no member {error}.") from error
        except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
            raise InputError(f"The pair {self.name} of a shard is damaged ({error}); make the shard anew.") from error
        return LabeledImage(self.name, image, label_map, spacing), record


def write_shards(samples: Iterable[Sample], folder: Path, pairs_per_shard: int) -> int:
    """Writes shard-000000.tar and so on, one after another; the last may hold fewer pairs.

    Args:
        samples: taken one at a time, so a generator of any length does.
        folder: an existing one.
        pairs_per_shard: at least 1.

    Returns:
        How many shards there are.
    """
    shards = 0
    with ExitStack() as opened:
        for index, sample in enumerate(samples):
            if index % pairs_per_shard == 0:
                opened.close()
                path = folder / f"shard-{shards:06d}.tar"
                tar = opened.enter_context(tarfile.open(path, "w", format=tarfile.PAX_FORMAT))
                shards += 1
            for member, content in sample.members.items():
                # A fresh TarInfo names no owner and no time, so that equal pairs give equal bytes.
                info = tarfile.TarInfo(f"{sample.name}.{member}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return shards


def shards_of(folder: Path) -> list[Path]:
    """The shards in a folder, sorted.

    Raises:
        InputError: there is none.
    """
    found = sorted(folder.glob("*.tar"))
    if not found:
        raise InputError(f"There is no shard in {folder}; give a folder with shard-000000.tar and so on.")
    return found


def read_shard(path: Path) -> Iterator[Sample]:
    """The samples of a shard, one after another.

    Raises:
        InputError: it cannot be read, or ends too early.
    """
    try:
        _check_end(path)
        with tarfile.open(path, "r|") as tar:
            files = (info for info in tar if info.isfile())
            for key, members in groupby(files, lambda info: _key(info.name)[0]):
                # Read here: a stream gives each member once, in its order.
                yield Sample(key, {_key(info.name)[1]: tar.extractfile(info).read() for info in members})  # type: ignore[union-attr]
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"The shard {path} cannot be read ({error}); make it anew.") from error


def _check_end(path: Path) -> None:
    """TarError where the two empty blocks are missing that end every tar; tarfile takes what is left for the whole."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2 * tarfile.BLOCKSIZE))
        if file.read() != bytes(2 * tarfile.BLOCKSIZE):
            raise tarfile.TarError("its end is missing")


def _key(name: str) -> tuple[str, str]:
    """Folder and name up to the first dot, and what comes after it."""
    folder, slash, file = name.rpartition("/")
    stem, _, ending = file.partition(".")
    return folder + slash + stem, ending


def _png(array: NDArray[np.uint8], texts: Mapping[str, str]) -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    file = io.BytesIO()
    Image.fromarray(array).save(file, "png", pnginfo=info)
    return file.getvalue()


def _pixels(png: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(png), formats=["png"]) as picture:
        if picture.mode != "L":
            raise ValueError(f"its picture is {picture.mode}, not 8-bit gray")
        return np.asarray(picture)
