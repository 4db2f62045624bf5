"""One frame of an earlier and one of a later examination, measured alike: what differs, and what measuring explains.

Measuring the same again gives another number. How much another scan alone changes it is found out on the two frames
themselves: each is scanned again by simulation (other hand, crop, gain, speckle), segmented and measured, and the
spread s of both is pooled. Two measurements of the same differ by less than 1.96 sqrt(2) s nineteen times of twenty
(the repeatability coefficient of Bland and Altman, Lancet 327:307-310, 1986).
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.api.analysis import segment_detailed
from EchoSynthLib.api.frames import segment_cine
from EchoSynthLib.arguments import choice, whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.gray import frames_to_gray8
from EchoSynthLib.measurement.beats import cycle_of_label_maps
from EchoSynthLib.measurement.frame import measure_frame
from EchoSynthLib.measurement.quantities import Measurement
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.retrieval.finding import MODEL, retrieve
from EchoSynthLib.retrieval.second_scan import SecondScan
from EchoSynthLib.types import Progress, Record, Spacing

WITHIN, BEYOND = "within measurement error", "more than measurement error"
COMPARED = (
    "LV area",
    "LV length",
    "LV volume, discs",
    "myocardium area",
    "wall thickness, mean",
    "LA area",
    "LA length",
)
PHASES = ("ED", "ES")
Measured = dict[str, Measurement]
"""The measurements of a frame by name."""
REPEATS = 6
_SAME_PIXEL = 0.05
"""How far pixel sizes of both may differ, over the earlier one, before a warning tells."""


@dataclass(frozen=True)
class Difference:
    """One row of the table.

    Attributes:
        name: of the measurement, as in `measurement.quantities.DEFINITIONS`.
        unit: of all numbers.
        earlier, later: measured in each frame.
        difference: later less earlier.
        error: what two measurements of the same differ by less than, nineteen times of twenty.
        verdict: whether the difference is within that, in words.
    """

    name: str
    unit: str
    earlier: float
    later: float
    difference: float
    error: float
    verdict: str


def compare(
    earlier: ArrayLike,
    later: ArrayLike,
    spacing: Spacing | None = None,
    later_spacing: Spacing | None = None,
    *,
    earlier_frame: int | None = None,
    later_frame: int | None = None,
    phase: str | None = None,
    view: str = "auto",
    model: str = MODEL,
    segmenter: str = "segmenter",
    repeats: int = REPEATS,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[list[Difference], Record]:
    """Compare the left heart in a frame of an earlier examination with the same view of a later one.

        table, record = es.compare(earlier_frame, later_clip, (0.3, 0.3), (0.35, 0.35))
        table, record = es.compare(earlier_clip, later_clip, (0.3, 0.3), (0.35, 0.35), phase="ED")

    Args:
        earlier, later: a frame (H, W) or a clip (T, H, W) each, gray or in color.
        spacing: (row, column) millimeters of the earlier one; without it lengths are pixels.
        later_spacing: that of the later one; None takes the earlier one's.
        earlier_frame: of a clip, the frame that is compared, from 0; None is the first, unless there is a phase.
        later_frame: the same of the later one; None finds it, see `retrieve`.
        phase: 'ED' or 'ES': of each clip the frame at that end of its first whole beat, where no frame is named.
        view: as in `segment`.
        model: name of the model that retrieves.
        segmenter: name of the model that segments.
        repeats: simulated second scans of each frame, 2 or more, from which the error is told.
        seed: of the simulated scans.
        progress: progress(done, total, message) before each measurement; may raise `Cancelled`.

    Returns:
        The table, a `Difference` for each measurement that both frames have; and the record, which holds it, too, with
        the frames and how they were found.

    Raises:
        InputError: an image cannot be used, there is no such frame, or nothing can be measured in both.
        ModelError: a model is missing or damaged.
    """
    started = time.perf_counter()
    repeats = whole_number(repeats, "repeats", 2, 100)
    seed = whole_number(seed, "seed", 0)
    if phase is not None:
        phase = choice(phase, "phase", PHASES)
    spacings = [check_spacing(spacing), check_spacing(spacing if later_spacing is None else later_spacing)]
    if (spacings[0] is None) != (spacings[1] is None):
        raise InputError("The pixel size of one examination is known and that of the other is not; give both, or none.")
    clips = [frames_to_gray8(one) for one in (earlier, later)]
    tell = progress or silent
    chosen, found = _frames(clips, (earlier_frame, later_frame), phase, view, model, segmenter, tell)
    measured, views = [], []
    for number, (clip, frame, side) in enumerate(zip(clips, chosen, spacings, strict=True)):
        image = clip[frame]
        first, seen = _measured(image, side, view, segmenter)
        again = []
        for repeat in range(repeats):
            tell(number * repeats + repeat, 2 * repeats, f"measuring {('earlier', 'later')[number]} frame again")
            again.append(_measured(scanned_again(image, seed, repeat), side, view, segmenter)[0])
        measured.append((first, again))
        views.append(seen)
    tell(1, 1, "comparing")
    table = differences(measured)
    if not table:
        raise InputError("Nothing can be measured in both frames: no left heart was found in one of them.")
    record = new_record("compare", started=started) | found | {
        "earlier_frame": chosen[0],
        "later_frame": chosen[1],
        "views": views,
        "spacing_mm": [None if one is None else list(one) for one in spacings],
        "repeats": repeats,
        "seed": seed,
        "table": [asdict(row) for row in table],
    }  # fmt: skip
    told = [*found.get("warnings", []), *_doubts(views, spacings)]
    return table, with_warnings(record, told)


def frame_at_phase(
    clip: NDArray[np.uint8],
    phase: str,
    view: str = "auto",
    segmenter: str = "segmenter",
    progress: Progress | None = None,
) -> int:
    """The number of the frame at a phase, 'ED' or 'ES', of a clip's first whole beat; 0 of a frame alone.

    Raises:
        InputError: no beat can be told.
    """
    if len(clip) == 1:
        return 0
    label_maps, _ = segment_cine(clip, view=view, model=segmenter, progress=progress)
    cycle = cycle_of_label_maps(label_maps)
    return (cycle.diastole if phase == "ED" else cycle.systole).frame


def scanned_again(image: NDArray[np.uint8], seed: int, repeat: int) -> NDArray[np.uint8]:
    """(H, W): a simulated second scan of a frame, which depends on seed and repeat alone.

    Its size is kept, for that the pixel size is of the scanner and not of the hand.
    """
    scan = SecondScan.drawn(np.random.default_rng((seed, repeat, *b"again")))
    return replace(scan, scale=1.0).of(image[None], seed + repeat)[0]


def differences(measured: list[tuple[Measured, list[Measured]]]) -> list[Difference]:
    """The table of two frames, each with its measurements and those of its repeated scans, by name."""
    (earlier, first), (later, second) = measured
    rows = []
    for name in COMPARED:
        repeated = [[one[name].value for one in again if name in one] for again in (first, second)]
        if name not in earlier or name not in later or min(map(len, repeated)) < 2:
            continue
        error = repeatability(repeated[0], repeated[1])
        before, after = earlier[name].value, later[name].value
        verdict = WITHIN if abs(after - before) <= error else BEYOND
        rows.append(Difference(name, earlier[name].unit, before, after, after - before, error, verdict))
    return rows


def repeatability(first: list[float], second: list[float]) -> float:
    """1.96 sqrt(2) s, s^2 the mean variance of two groups of repeated measurements (Bland and Altman 1986)."""
    return 1.96 * math.sqrt(np.var(first, ddof=1) + np.var(second, ddof=1))


def _frames(
    clips: list[NDArray[np.uint8]],
    given: tuple[int | None, int | None],
    phase: str | None,
    view: str,
    model: str,
    segmenter: str,
    tell: Progress,
) -> tuple[list[int], dict[str, Any]]:
    """Numbers of both frames, and how they were found."""
    numbers = [
        None if one is None else whole_number(one, f"{name}_frame", 0, len(clip) - 1)
        for one, clip, name in zip(given, clips, ("earlier", "later"), strict=True)
    ]
    if phase is not None:
        chosen = [
            frame_at_phase(clip, phase, view, segmenter, tell) if one is None else one
            for one, clip in zip(numbers, clips, strict=True)
        ]
        return chosen, {"phase": phase}
    reference = numbers[0] or 0
    if numbers[1] is not None or len(clips[1]) == 1:
        return [reference, numbers[1] or 0], {}
    best, _, found = retrieve(clips[0], clips[1], frame=reference, model=model, progress=tell)
    kept = ("model", "model_sha256", "frames", "frame_scores", "warnings")
    return [reference, best], {name: found[name] for name in kept if name in found}


def _measured(image: NDArray[np.uint8], spacing: Spacing | None, view: str, model: str) -> tuple[Measured, str]:
    found = segment_detailed(image, spacing, view=view, model=model)
    seen = str(found.record["view"])
    frame = measure_frame(found.label_map, spacing, view=seen)
    return {one.name: one for one in frame.table()}, seen


def _doubts(views: list[str], spacings: list[Spacing | None]) -> list[str]:
    told = []
    if views[0] != views[1]:
        told.append(f"the views differ: {views[0]} earlier, {views[1]} later; their numbers do not compare")
    if spacings[0] is not None and spacings[1] is not None:
        apart = max(abs(new / old - 1) for old, new in zip(spacings[0], spacings[1], strict=True))
        if apart > _SAME_PIXEL:
            told.append(f"pixel sizes differ by {apart:.0%}, so depth or zoom of the examinations do")
    return told
