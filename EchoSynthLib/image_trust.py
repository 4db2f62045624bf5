"""Whether an image shows what a model that reads it knows: judged once for each input, told on its record.

Everything that reads images asks here. The judge is a model that tells views; where none is installed nothing is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.sector.upright import warning_if_turned
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.records import with_warnings
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Record

JUDGE = "views"
"""Name of the model that is asked."""
KNOWN = tuple(view.name for view in views.APICAL)
"""Views that the models which read images know: those from the apex."""
THRESHOLD = 0.5
"""Of the score, below which an image is not trusted; the judge was fitted such that few apical frames are."""
_FRAMES = 9
"""Of a cine, evenly spread, that are looked at."""
_UNSURE = 0.5
"""Share below which a view that is known is told as hardly recognized."""


class Judge(Protocol):
    """A pipeline of the kind `classification`; calls may run side by side."""

    def view_probabilities(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Shares of views, which sum to 1, in one gray image (H, W) with row 0 at the transducer."""

    def trust(self, shares: Mapping[str, float], wanted: Sequence[str]) -> float:
        """The score in [0, 1] of an image with these shares, for a model that knows the views `wanted`."""


@dataclass(frozen=True)
class ImageTrust:
    """What the judge says of an image.

    Attributes:
        score: in [0, 1].
        shares: of the views that it may show.
        reasons: against trusting it, in words; none where it is trusted.
        is_turned: whether its reasons are that it lies on its side or on its head, of which other warnings tell.
        by_frame: shares of each frame that was looked at, by its number.
    """

    score: float
    shares: Mapping[str, float]
    reasons: tuple[str, ...] = ()
    is_turned: bool = False
    by_frame: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    @property
    def is_trusted(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score >= THRESHOLD

    @property
    def warning(self) -> str | None:
        """What a user is told, where it is not trusted."""
        return None if self.is_trusted else f"do not trust this result (trust {self.score:.2f}): {self.reasons[0]}"

    def on(self, record: Record) -> Record:
        """The record with score and reasons, and a warning where it is low and nothing else tells why."""
        record = {**record, "trust": round(self.score, 4), "trust_reasons": list(self.reasons)}
        return with_warnings(record, [self.warning] if self.warning and not self.is_turned else [])


def judged(image: NDArray[np.uint8], wanted: Sequence[str] = KNOWN, *, model: str = JUDGE) -> ImageTrust:
    """What the judge says of an image (H, W), or of a cine (T, H, W), whose frames are looked at here and there.

    Args:
        image: uint8, row 0 at the transducer.
        wanted: names of the views that the model which reads it knows.
        model: name of the judge.

    Raises:
        InputError: the model is none of that kind.
        ModelError: it is missing or damaged.
    """
    judge: Judge = load_pipeline(find_model(model, "classification", "Telling how far to trust an image"), threads=1)
    frames = image[None] if image.ndim == 2 else image
    looked_at = range(0, len(frames), -(-len(frames) // _FRAMES))
    seen = {index: judge.view_probabilities(frames[index]) for index in looked_at if has_contrast(frames[index])}
    if not seen:
        return ImageTrust(0.0, {}, ("it shows nothing: all of it is of nearly one gray level",))
    shares = {name: float(np.mean([one[name] for one in seen.values()])) for name in next(iter(seen.values()))}
    score, turned = judge.trust(shares, wanted), warning_if_turned(image)
    if turned is not None:
        return ImageTrust(min(score, THRESHOLD / 2), shares, (turned,), is_turned=True, by_frame=seen)
    return ImageTrust(score, shares, () if score >= THRESHOLD else (_reason(shares, wanted),), by_frame=seen)


def trust_of(image: NDArray[np.uint8], wanted: Sequence[str] = KNOWN, *, strict: bool = False) -> ImageTrust | None:
    """As `judged`; None where no judge is installed.

    Args:
        image, wanted: as there.
        strict: refuse an image that is not trusted.

    Raises:
        InputError: it is not trusted, and `strict` is asked for.
        ModelError: the judge is damaged; or missing, and `strict` is asked for.
    """
    if not strict and not zoo.has(JUDGE):
        return None
    found = judged(image, wanted)
    if strict and not found.is_trusted:
        raise refusal(found.score, found.reasons[0])
    return found


def refusal(score: float, reason: str, what: str = "The image") -> InputError:
    """The error for `what` that is not trusted, where that is asked for."""
    return InputError(
        f"{what} cannot be trusted (trust {score:.2f} of 1): {reason}. "
        "Give another one, or leave out `strict`, and the result comes with a warning."
    )


def trusted(record: Record, found: ImageTrust | None) -> Record:
    """The record with what was found; as it is where nobody judged."""
    return dict(record) if found is None else found.on(record)


def _reason(shares: Mapping[str, float], wanted: Sequence[str]) -> str:
    """Why an image with these shares shows hardly one of the views `wanted`."""
    likeliest = max(shares, key=lambda name: shares[name])
    sure = f"{100 * shares[likeliest]:.0f} %"
    if likeliest in wanted or shares[likeliest] < _UNSURE:
        return f"no view that this model knows is clearly seen (likeliest is {likeliest}, {sure})"
    if likeliest in _INSTEAD:
        return f"{_INSTEAD[likeliest]} ({sure})"
    return f"it looks like the view {views.view_of(likeliest)}, which this model does not know ({sure})"


_INSTEAD = {
    views.OTHER_2D.name: "it looks like no standard view of a heart, or like one that is turned",
    views.NOT_2D.name: "it looks like a spectrum, an M-mode or a split screen rather than a frame of 2D echo",
    views.NOT_HEART.name: "it looks like ultrasound, or another picture, that shows no heart",
}
