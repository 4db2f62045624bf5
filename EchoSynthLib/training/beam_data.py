"""CAMUS frames together with their sectors and beam-space versions, cached for training."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, to_beam_space
from EchoSynthLib.anatomy.sector.fit import default_sector, fit_sector
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.views import view_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import load_camus_npz
from EchoSynthLib.images.datasets.camus_frame import QUALITIES
from EchoSynthLib.training.camus_fingerprints import of_camus
from EchoSynthLib.training.derived import derived, sum_of_data

REVISION = 1
"""Raised when the code makes something else of the same data."""
SYNTHETIC = re.compile(r"_synthetic\d*$")


@dataclass(frozen=True)
class BeamData:
    """N frames on the image grid and in beam space.

    Attributes:
        image, label: (N, 224, 224) uint8, labels in CAMUS codes.
        beam_image, beam_label: (N, R, A) uint8.
        sectors: (N, 7) float64, the fields of `Sector` in their order.
        view: (N,) int64, the number of each frame's view, `View.condition`: 0 two-chamber, 1 four-chamber.
        quality: (N,) int64, 0 good, 1 medium, 2 poor, -1 unknown.
        depth: (N,) float32, millimeters from the probe to the end of the beams, nan where unknown.
        name, split: (N,) str.
    """

    image: NDArray[np.uint8]
    label: NDArray[np.uint8]
    beam_image: NDArray[np.uint8]
    beam_label: NDArray[np.uint8]
    sectors: NDArray[np.float64]
    view: NDArray[np.int64]
    quality: NDArray[np.int64]
    depth: NDArray[np.float32]
    name: NDArray[np.str_]
    split: NDArray[np.str_]

    def sector(self, index: int) -> Sector:
        """The sector of frame `index` on the image grid."""
        return Sector(*(float(v) for v in self.sectors[index]))

    @property
    def is_synthetic(self) -> NDArray[np.bool_]:
        """(N,) whether a frame was drawn: its name ends in _synthetic and a number."""
        return np.array([SYNTHETIC.search(name) is not None for name in self.name.tolist()], dtype=bool)

    @property
    def is_of_camus(self) -> NDArray[np.bool_]:
        """(N,) whether a frame is CAMUS', pixel by pixel."""
        return of_camus(self.image)

    def summary(self) -> str:
        """What these frames are, in a line for a model's card."""
        known = self.is_of_camus
        others = (~known & ~self.is_synthetic).any()
        origin = ["CAMUS"] * bool(known.any()) + ["other data" if known.any() else "own data"] * bool(others)
        names = self.name.tolist()
        drawn = self.name[self.is_synthetic].tolist()
        sources = {SYNTHETIC.sub("", name) for name in drawn}
        real = "no real image" if len(drawn) == len(names) else f"{len(names) - len(drawn)} frames"
        synthetic = f", {len(drawn)} synthetic images of the label maps of {len(sources)} frames" if drawn else ""
        patients = {name.split("_")[0] for name in names}
        splits = ", ".join(sorted(set(self.split.tolist())))
        where = f"{' and '.join(origin)}, " if origin else ""
        return f"{where}split {splits}: {len(patients)} patients, {real}{synthetic}"

    def part(self, split: str) -> BeamData:
        """The frames of one split."""
        chosen = self.split == split
        if not chosen.any():
            raise InputError(f"The data hold no split named {split!r}; they hold {sorted(set(self.split))}.")
        return BeamData(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def load_beam_data(data: Path, cache: Path) -> BeamData:
    """The frames of `camus_224.npz` (with `index.csv` beside it) as `BeamData`, made once and kept in `cache`."""
    origin = f"{sum_of_data(data)}, beam space {BEAM_SHAPE}, revision {REVISION}"
    return BeamData(**derived(cache, origin, lambda: vars(_make(data))))


def _make(data: Path) -> BeamData:
    source = load_camus_npz(data)
    count = len(source.image)
    beam_image = np.zeros((count, *BEAM_SHAPE), np.uint8)
    beam_label = np.zeros_like(beam_image)
    sectors = np.zeros((count, len(fields(Sector))))
    depth = np.zeros(count, np.float32)
    for i, (image, label) in enumerate(zip(source.image, source.label, strict=True)):
        try:
            sector = fit_sector(image)
        except InputError:
            sector = default_sector(image.shape, label)
        sectors[i] = astuple(sector)
        # Cubic: linear resampling there and back would smooth the speckle that the generator has to learn.
        beam_image[i] = np.clip(np.rint(to_beam_space(image, sector, order=3)), 0, 255)
        beam_label[i] = to_beam_space(label, sector, order=0)
        depth[i] = sector.radius_far * source.spacing[i, 0]
    codes = {quality: i for i, quality in enumerate(QUALITIES)}
    return BeamData(
        image=source.image,
        label=source.label,
        beam_image=beam_image,
        beam_label=beam_label,
        sectors=sectors,
        view=np.array([view_of(view).condition for view in source.view]),
        quality=np.array([codes.get(str(quality), -1) for quality in source.quality]),
        depth=depth,
        name=source.name,
        split=source.split,
    )
