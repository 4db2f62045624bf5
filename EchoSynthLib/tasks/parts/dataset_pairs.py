"""One pair of a data set: planned where the task runs, drawn there or by any worker.

A pair depends on its plan, on the label map's content and on the settings alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.layouts import Pair
from EchoSynthLib.images.datasets.shards import Sample
from EchoSynthLib.records import stamp_of
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.images.frame import EchoFrame

# What the record of a whole data set says, too.
SHARED = ("model", "model_sha256", "process", "solver", "steps", "network_evaluations", "view", "quality")


@dataclass(frozen=True)
class PairSource:
    """A label map, and what its pairs share.

    Attributes:
        labels: one frame, in CAMUS codes.
        name: what its pairs' names begin with.
        frame: its number, if it is of a cine of `frames`.
        sector: to draw in; None to fit one around the label map.
        view: that it shows.
        about: what the records say of the files, whose paths may mean nothing where a worker is.
    """

    labels: EchoFrame
    name: str
    frame: int
    frames: int
    sector: Sector | None
    view: str
    about: dict[str, str]


@dataclass(frozen=True)
class PairPlan:
    """One pair to be made: which variation of a label map (None: the map itself), which image of it."""

    source: PairSource
    variation: int | None
    image: int

    @property
    def name(self) -> str:
        """As in heart_f003_v001_i000."""
        frame = f"_f{self.source.frame:03d}" if self.source.frames > 1 else ""
        variation = "original" if self.variation is None else f"v{self.variation:03d}"
        return f"{self.source.name}{frame}_{variation}_i{self.image:03d}"


@dataclass(frozen=True)
class PairSettings:
    """What all pairs of a data set share.

    Attributes:
        seed: the data set's own.
        strength: as in `vary`.
        drawing: how `synthesize` draws.
    """

    seed: int
    strength: float
    drawing: Mapping[str, Any]


@dataclass(frozen=True)
class DrawnPair:
    """A pair as `DataSet.write` takes it, and what its record says of `SHARED`."""

    pair: Pair | Sample
    shared: dict[str, Any]


def draw(
    settings: PairSettings,
    pack: Callable[[Pair], Pair | Sample],
    plan: PairPlan,
    progress: Progress | None = None,
) -> DrawnPair:
    """Draws a pair and packs it for its layout.

    Raises:
        InputError: the label map has no such variation.
    """
    from EchoSynthLib.images.datasets.labeled_image import LabeledImage

    source = plan.source
    frame = source.labels
    spacing = inputs.trusted_spacing(frame)
    codes = _vary(plan, settings)
    number = 0 if plan.variation is None else plan.variation + 1
    drawn, record = es.synthesize(
        codes,
        1,
        seed_of(frame.pixels, settings.seed, number, plan.image),
        source.view,
        sector=source.sector,
        spacing=spacing,
        progress=progress,
        **settings.drawing,
    )
    record |= source.about | {
        "task": "dataset",
        "index": 0,
        "frame": source.frame,
        "variation": plan.variation,
        "image": plan.image,
        "dataset_seed": settings.seed,
        "strength": None if plan.variation is None else settings.strength,
        "spacing_mm": spacing,
    }
    # How long it took is no property of the pair: what is drawn again is the same to the last bit.
    del record["seconds"]
    case = LabeledImage(plan.name, drawn[0], codes, frame.spacing, frame.geometry, stamp_of(record))
    return DrawnPair(pack((case, record)), {key: record[key] for key in SHARED})


def _vary(plan: PairPlan, settings: PairSettings) -> np.ndarray:
    from EchoSynthLib.anatomy.variations import vary

    codes = plan.source.labels.pixels
    if plan.variation is None:
        return codes
    try:
        # Not cut at the sector: annotators do not stop there either, and this is what a network is to learn.
        return vary(codes, seed_of(codes, settings.seed), plan.variation, strength=settings.strength)
    except InputError as error:
        raise InputError(f"{plan.name}: {error}") from error


def seed_of(label_map: np.ndarray, *numbers: int) -> int:
    """A seed, 0 to 2^31 - 1, that depends on a label map's content and some numbers alone."""
    import numpy as np

    content = repr(label_map.shape).encode() + label_map.tobytes()
    digest = int.from_bytes(hashlib.sha256(content).digest(), "big")
    return int(np.random.SeedSequence([digest, *numbers]).generate_state(1)[0] >> 1)
