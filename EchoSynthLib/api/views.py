"""Which view an image or a cine shows, and whether a model that reads it may be trusted."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.sector.upright import warning_if_turned
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER, View, view_of
from EchoSynthLib.api.analysis import NO_CONTRAST, likelier_view, mean_views
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import JUDGE, KNOWN, THRESHOLD, judged, refusal, trust_of, trusted
from EchoSynthLib.images.contrast import told_of_blank, without_contrast
from EchoSynthLib.images.gray import frames_to_gray8
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.segmentation import ViewTeller
from EchoSynthLib.systems import find_model, find_view_teller, load_pipeline
from EchoSynthLib.types import Progress, Record

SECOND_TELLER = "segmenter"
"""Model that is asked, too, where two chambers or four are likely; its head knows these alone, and knows them well."""
UNKNOWN = "unknown"
"""The answer where no view is sure."""
SURE = 0.4
"""Share that the likeliest view needs to be the answer."""
_LIKELY = 0.5
"""Share of two chambers and four together, above which the second teller is asked."""
_DECIDED = 0.05
"""Part of both up to which the lesser one is out of the question, and it is not asked: so of most frames."""


def classify_view(
    image: ArrayLike,
    *,
    model: str = JUDGE,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[dict[str, float], Record]:
    """Tell which view an echocardiogram shows, and what it is if it shows none.

        shares, record = es.classify_view(frame)
        print(record["view"], record["trust"])

    Args:
        image: (H, W), or (H, W, 3) in color, or a cine (T, H, W) or (T, H, W, 3); uint8, another integer type, or float
            in [0, 1]; row 0 at the transducer.
        model: name of the folder of a model that tells views: 'views' knows all of them. Segmenters tell '2CH' from
            '4CH' alone, and take an image of another view for either.
        strict: refuse an image that is not trusted to show a view at all, see `trust`.
        progress: progress(done, total, message) before each frame; may raise `Cancelled`.

    Returns:
        Shares of the views, which sum to 1, of a cine the mean over its frames; names as in `anatomy/views.py`, among
        them 'OTHER-2D', 'NOT-2D' (a spectrum, an M-mode, a split screen) and 'NOT-HEART'; where
        two chambers or four is the question, the segmenter's head is asked, too, and the odds of both are multiplied.
        And the record: its `view` is the likeliest, or 'unknown' where that has less than 0.4; `trust` as in `trust`.

    Raises:
        InputError: the image cannot be used, is not trusted and `strict`, or the model tells no views.
        ModelError: the model is missing or damaged.
    """
    return classify_for(frames_to_gray8(image), KNOWN, model=model, strict=strict, progress=progress)


def classify_for(
    frames: NDArray[np.uint8],
    wanted: Sequence[str],
    *,
    model: str = JUDGE,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[dict[str, float], Record]:
    """As `classify_view` of the frames (T, H, W), with the trust of what knows the views `wanted`.

    A frame of which the judge of trust has told the views is not looked at again.
    """
    started = time.perf_counter()
    blank = without_contrast(frames)
    if len(blank) == len(frames):
        raise InputError(NO_CONTRAST)
    folder = find_view_teller(model, "Telling the view")
    teller: ViewTeller = load_pipeline(folder)
    second = _second_teller() if model == JUDGE else None
    tell = progress or silent
    found = trust_of(frames, wanted, strict=strict)
    known = found.by_frame if found is not None and model == JUDGE else {}
    told = []
    for index, frame in enumerate(frames):
        tell(index, len(frames), f"frame {index + 1} of {len(frames)}" if len(frames) > 1 else "telling the view")
        if index in blank:
            continue
        told.append(_with_second(dict(known.get(index) or teller.view_probabilities(frame)), frame, second))
    shares = mean_views(told)
    tell(len(frames), len(frames), "told")
    likeliest = likelier_view(shares)
    record = new_record("classify-view", model=folder, started=started)
    record |= {
        "view": likeliest if shares[likeliest] >= SURE else UNKNOWN,
        "view_probabilities": shares,
        "shape": list(frames.shape if len(frames) > 1 else frames.shape[1:]),
    }
    if second is not None:
        record["second_teller"] = SECOND_TELLER
    turned = warning_if_turned(frames if len(frames) > 1 else frames[0])
    return shares, with_warnings(trusted(record, found), [*([turned] if turned else []), *told_of_blank(blank)])


def _second_teller() -> ViewTeller | None:
    teller: ViewTeller | None = load_pipeline(SECOND_TELLER) if zoo.has(SECOND_TELLER) else None
    return teller


def _with_second(shares: dict[str, float], frame: NDArray[np.uint8], second: ViewTeller | None) -> dict[str, float]:
    """Shares whose odds of two chambers against four are multiplied by those of the second teller."""
    two, four = (view.name for view in (TWO_CHAMBER, FOUR_CHAMBER))
    together = shares[two] + shares[four]
    if second is None or together <= _LIKELY or min(shares[two], shares[four]) <= _DECIDED * together:
        return shares
    other = second.view_probabilities(frame)
    weights = {name: shares[name] * other[name] for name in (two, four)}
    both = sum(weights.values())
    return shares | {name: together * weight / both for name, weight in weights.items()} if both > 0 else shares


def trust(
    image: ArrayLike,
    *,
    view: str | Sequence[str] | None = None,
    model: str = JUDGE,
    strict: bool = False,
) -> tuple[float, Record]:
    """Tell how far an image can be trusted to show what a model that reads it knows.

        score, record = es.trust(frame)
        if score < record["threshold"]:
            print(record["trust_reasons"])

    Is it an upright 2D echo of a heart in a view that is known, and can that be recognized?

    Args:
        image: frame or cine, as in `classify_view`.
        view: a view that the model which will read it knows, or several, by any of their names; None for the apical
            ones, which segmentation, measurement and motion know.
        model: name of the model that judges.
        strict: raise an error in place of a low score.

    Returns:
        The score, from 0 to 1; below 0.5 lie a twentieth of apical frames, and most of what is none. And the record:
        `trust`, `threshold`, the reasons in words where the score is low (`trust_reasons`), `view` and
        `view_probabilities`.

    Raises:
        InputError: the image or the view cannot be used; or it is not trusted, and `strict`.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    frames = frames_to_gray8(image)
    wanted = wanted_views(view)
    folder = find_model(model, "classification", "Telling how far to trust an image")
    found = judged(frames, wanted, model=model)
    if strict and not found.is_trusted:
        raise refusal(found.score, found.reasons[0])
    likeliest = likelier_view(found.shares) if found.shares else UNKNOWN
    record = new_record("trust", model=folder, started=started)
    record |= {
        "threshold": THRESHOLD,
        "asked_for": list(wanted),
        "view": likeliest if found.shares.get(likeliest, 0.0) >= SURE else UNKNOWN,
        "view_probabilities": dict(found.shares),
        "shape": list(frames.shape if len(frames) > 1 else frames.shape[1:]),
    }
    return found.score, with_warnings(found.on(record), found.reasons if found.is_turned else [])


def wanted_views(view: str | Sequence[str] | None) -> tuple[str, ...]:
    """Names of the views that are asked for; the apical ones for None.

    Raises:
        InputError: no view is called so, or none is given.
    """
    if view is None:
        return KNOWN
    given = [view] if isinstance(view, str) else view
    if not isinstance(given, list | tuple) or not given:
        raise InputError(f"`view` names a view, or several in a list, or is None; given was {view!r:.120}.")
    found: list[View] = [view_of(name) for name in given]
    return tuple(dict.fromkeys(one.name for one in found))
