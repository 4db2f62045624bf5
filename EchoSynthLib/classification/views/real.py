"""Real pictures beside the drawn ones: CAMUS, and what lies beside it of other views and of what is no heart.

What is not there is left out. Whole patients, series and laboratories are kept apart: what is `held` out is never
learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.views import view_of
from EchoSynthLib.classification.views.classes import NOT_2D, NOT_HEART
from EchoSynthLib.images.datasets.camus import load_camus_npz
from EchoSynthLib.images.gray import to_gray8

Use = Literal["train", "held"]

LABORATORY: dict[int, str] = {
    2: views.TWO_CHAMBER.name,
    4: views.LONG_AXIS.name,
    6: views.LONG_AXIS.name,
    8: views.FOUR_CHAMBER.name,
    10: views.FOUR_CHAMBER.name,
    12: views.FOUR_CHAMBER.name,
    14: views.FIVE_CHAMBER.name,
    18: NOT_2D,
    20: NOT_2D,
    22: NOT_2D,
    24: NOT_2D,
    26: views.PARASTERNAL_LONG_AXIS.name,
    28: views.PARASTERNAL_LONG_AXIS.name,
    30: views.RIGHT_INFLOW.name,
    32: views.PARASTERNAL_LONG_AXIS.name,
    34: views.SHORT_AXIS_AORTIC.name,
    36: views.SHORT_AXIS_AORTIC.name,
    38: views.SHORT_AXIS_PAPILLARY.name,
    40: NOT_2D,
    42: NOT_2D,
    44: NOT_2D,
    46: views.SUBCOSTAL.name,
}
"""View of each frame of `tte47` (Naidoo et al., Medical Image Analysis 2026), by number."""
HELD_OUT = (6, 10, 14, 18, 22, 26, 34, 42)
"""Of these, the frames that are not learned from. Each coarse class keeps one to learn from: where the frames of a
laboratory show few views, its look becomes a sign of these."""


@dataclass(frozen=True, eq=False)
class RealPicture:
    """One picture of a screen.

    Attributes:
        gray: (H, W) uint8.
        view: one of `CLASSES`.
        use: whether it is learned from.
        source: data set and series.
    """

    gray: NDArray[np.uint8]
    view: str
    use: Use
    source: str


def camus_pictures(data: Path, split: str) -> tuple[NDArray[np.uint8], list[str]]:
    """Frames (N, H, W) of a split of the CAMUS `.npz`, and their views."""
    arrays = load_camus_npz(data)
    chosen = np.flatnonzero(arrays.split == split)
    return arrays.image[chosen], [view_of(str(arrays.name[i]).split("_")[1]).name for i in chosen]


def other_pictures(root: Path) -> Iterator[RealPicture]:
    """All that lie in the folder beside CAMUS' own, in the places that their sets come in."""
    yield from _laboratory(root / "tte47")
    for name, view, use in (
        ("apical_long_axis", views.LONG_AXIS.name, "train"),
        ("a4c", views.FOUR_CHAMBER.name, "held"),
    ):
        yield from _series(root / "apical_cines" / "cines.npz", name, view, use, 4)  # type: ignore[arg-type]
    for name, view in (("plax", views.PARASTERNAL_LONG_AXIS.name), ("a4c", views.FOUR_CHAMBER.name)):
        yield from _series(root / "tte47" / "cines_with_overlays.npz", name, view, "held", 5)
    muscles = root / "muscle" / "sequences.npz"
    if muscles.is_file():
        with np.load(muscles, allow_pickle=False) as found:
            names = sorted(found.files)
        for name in names:
            yield from _series(muscles, name, NOT_HEART, "train" if name.startswith("dataset1") else "held", 5)
    yield from _images(root / "not_heart", ("clarius", "interson"))
    yield from _dicom(root / "dicom", ("acuson", "esaote"))


def _laboratory(folder: Path) -> Iterator[RealPicture]:
    for path in sorted(folder.glob("*.jpg")):
        number = int(path.name.split("_")[0])
        if number in LABORATORY:
            use: Use = "held" if number in HELD_OUT else "train"
            yield RealPicture(_read(path), LABORATORY[number], use, "tte47")


def _series(path: Path, name: str, view: str, use: Use, step: int) -> Iterator[RealPicture]:
    if not path.is_file():
        return
    with np.load(path, allow_pickle=False) as found:
        frames = found[name][::step]
    for frame in frames:
        yield RealPicture(to_gray8(frame), view, use, f"{path.parent.name}: {name}")


def _images(folder: Path, held: tuple[str, ...]) -> Iterator[RealPicture]:
    for path in sorted(folder.glob("*.jpg")):
        use: Use = "held" if any(part in path.name for part in held) else "train"
        yield RealPicture(_read(path), NOT_HEART, use, folder.name)


def _dicom(folder: Path, held: tuple[str, ...]) -> Iterator[RealPicture]:
    from EchoSynthLib.images.frame import EchoCine
    from EchoSynthLib.images.read_echo import read_echo

    for path in sorted(folder.glob("*.dcm")):
        image = read_echo(path)
        frame = image.frame(0) if isinstance(image, EchoCine) else image
        use: Use = "held" if any(path.name.startswith(part) for part in held) else "train"
        view = NOT_2D if path.name.startswith("aloka") else NOT_HEART  # two sectors beside one another
        yield RealPicture(to_gray8(frame.pixels), view, use, folder.name)


def _read(path: Path) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("L"))
