"""Damaged files of every kind that is read: a result that holds together, or an error in words, in bounded time."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

from campaign import REFUSED, RIGHT, Campaign, Fault
from damage import damaged
from forked import run_forked
from originals import make_originals

SECONDS = 60.0
_REFUSED = 3
# So much more than the originals need that only a header that lies asks for it, and a machine of any size has it.
_MEMORY = 6 << 30


class Readers(Campaign):
    """Each file is read by a process of its own, which may end as it likes."""

    summary = "damaged files of every kind"

    def start(self) -> None:
        """Makes the files, and loads what reads them."""
        import av  # noqa: F401
        import pydicom.pixels  # noqa: F401
        import scipy.ndimage  # noqa: F401
        import SimpleITK  # noqa: F401

        import EchoSynthLib.images.read  # noqa: F401

        self.originals = make_originals(self.folder / "originals")
        self.contents = [path.read_bytes() for path in self.originals]
        for path in self.originals:
            ended = run_forked(lambda path=path: _read(path), self.folder, limit=SECONDS)
            if ended.status != 0:
                raise Fault(f"{path.name} is not damaged, and not read: {ended.said}")

    def case(self, seed: int) -> str:
        """See `Campaign.case`."""
        chance = random.Random(seed)
        original = chance.choice(self.originals)
        place = self.folder / "case"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for beside in original.parent.glob(f"{original.stem}.*"):  # the data of a header
            shutil.copy(beside, place)
        suffix = chance.choice(self.originals).suffix if chance.random() < 0.1 else None
        path = place / (original.name if suffix is None else f"{original.stem}{suffix}")
        path.write_bytes(damaged(original.read_bytes(), self.contents, chance))
        ended = run_forked(lambda: _read(path), self.folder, limit=SECONDS)
        if ended.status not in (0, _REFUSED):
            raise Fault(f"{original.name}: status {ended.status}. {ended.said}")
        if ended.status == _REFUSED and (not ended.said.strip() or "Traceback" in ended.said):
            raise Fault(f"{original.name}: {ended.said!r}")
        return RIGHT if ended.status == 0 else REFUSED


def _read(path: Path) -> int:
    """Reads as an image, as a label map and for its attributes; 0 where at least the image is read."""
    from EchoSynthLib.errors import InputError
    from EchoSynthLib.images.label_maps.read import read_label_map
    from EchoSynthLib.images.readers.attributes import read_attributes

    _limit_memory()
    if path.suffix == ".tar":
        return _read_shard(path)
    status = 0
    for read in (_read_as_image, read_label_map, read_attributes):
        try:
            read(path)  # type: ignore[operator]
        except InputError as error:
            if path.name not in str(error):
                raise AssertionError(f"The error does not name the file: {error}") from error
            print(error)
            status = _REFUSED if read is _read_as_image else status
    sys.stdout.flush()
    return status


def _read_as_image(path: Path) -> None:
    """What is read holds together, and can be written again."""
    import numpy as np

    from EchoSynthLib.errors import EchoSynthError
    from EchoSynthLib.images.read import read_image
    from EchoSynthLib.images.write import write_label_map

    image = read_image(path)
    assert image.pixels.dtype == np.uint8, image.pixels.dtype
    assert image.pixels.size, image.pixels.shape
    assert image.pixels.ndim in (2, 3), image.pixels.shape
    if image.spacing_trusted:
        assert image.spacing is not None
        assert all(np.isfinite(size) and size > 0 for size in image.spacing), image.spacing
    if image.pixels.size < 1e6:
        target = path.with_name("again.nii.gz")
        try:
            write_label_map(target, np.zeros(image.pixels.shape, np.uint8), like=image)
        except EchoSynthError as error:
            raise AssertionError(f"It is read, and cannot be written: {error}") from error
        target.unlink()


def _read_shard(path: Path) -> int:
    from EchoSynthLib.errors import InputError
    from EchoSynthLib.images.datasets.shards import read_shard

    try:
        for sample in read_shard(path):
            sample.pair()
    except InputError as error:
        print(error, flush=True)
        return _REFUSED
    return 0


def _limit_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
