"""From one frame to a heart that beats with the ejection fraction asked for."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.heart2d.turned import warning_if_heart_turned
from EchoSynthLib.anatomy.labels import check_label_map, check_spacing
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, taken_view
from EchoSynthLib.api.analysis import NO_CONTRAST, segmented
from EchoSynthLib.api.evidence import SEGMENTER
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import trust_of, trusted
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement.chambers import Chamber, disc_volume, ejected, long_axis_of_ventricle
from EchoSynthLib.progress import part, silent
from EchoSynthLib.records import DERIVED, SYNTHETIC, new_record, with_warnings
from EchoSynthLib.synthesis.animation import Animation, Animator, Asked, asked_of_beat
from EchoSynthLib.systems import find_model, load_pipeline, told_of_device
from EchoSynthLib.types import LabelMap, Progress, Record, Spacing

CLOSE_ENOUGH = 0.5
"""Percent of the ejection fraction: what is farther off was not reached."""
FEWEST_IN_A_BEAT = 8
"""Frames; with fewer, the smallest cavity may lie between two of them."""
_SMALLEST_CAVITY = 50  # pixels


def animate(
    image: ArrayLike | None = None,
    label_map: ArrayLike | None = None,
    *,
    ejection_fraction: float | None = None,
    view: str = FOUR_CHAMBER.name,
    frames: int = 32,
    beats: int = 1,
    heart_rate: float = 70.0,
    frame_rate: float | None = None,
    phase: str | float = "ED",
    seed: int = 0,
    spacing: Spacing | None = None,
    model: str = "beating",
    segmenter: str = SEGMENTER,
    check: bool = False,
    correct: bool = False,
    best_of: int | None = None,
    synthetic_image: bool = False,
    device: str = "auto",
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Record]:
    """Make a heart beat, from one frame of it, from its label map, or from both.

        cine, label_maps, record = es.animate(frame, ejection_fraction=35)
        print(record["ejection_fraction"]["labels"], record["volumes_ml"])

    An image without a label map is segmented first; of a label map alone the frame is drawn. Where both are given, the
    image shows what the label map says: an edited label map beats as it was edited.

    Args:
        image: (H, W), or (H, W, 3) in color; gray levels as `segment` takes them, row 0 at the transducer.
        label_map: (H, W) in CAMUS codes 0 to 3, with a cavity and a wall; on the image's grid where there is one.
        ejection_fraction: percent of the left ventricle's volume by discs, in this view, 1 to 90; None as such a heart
            would have it.
        view: '2CH' or '4CH', by any of their names; 'auto' takes what the segmenter sees in the image.
        frames: T, of the whole cine, 2 to 1000.
        beats: that the frames are spread over evenly, 1 to 20; without effect where a frame rate is given.
        heart_rate: beats per minute, 20 to 250.
        frame_rate: frames per second, 1 to 1000; None spreads the frames over the beats.
        phase: that the given frame shows: 'ED', 'ES', 'auto' to have it found, or a part of the beat from 0, which is
            end-diastole, up to 1.
        seed: of everything random.
        spacing: (row, column) millimeters; gives volumes in ml, and the aspect of the pixels.
        model: name of the model folder.
        segmenter: name of the model that segments: the image, and where `check` is true the cine.
        check: whether the cine's frames at end-diastole and end-systole are segmented, and the record tells the
            ejection fraction that is seen.
        correct: whether the images are to show a segmenter the ejection fraction asked for, and not the labels, which
            then have some points more: by a line fitted on training frames, which the record tells. Not every model
            has one.
        best_of: cines that a model that draws them by chance draws, of which the one is taken whose ejection fraction,
            as the segmenter sees it, is nearest to the one asked for; None is one. Not every model has the choice: the
            motion meets the ejection fraction by itself.
        synthetic_image: whether the image given shows no patient: what is made of it is then synthetic, too.
        device: where torch runs a model that it runs, see `synthesize`.
        strict: refuse an image that is not trusted, see `es.trust`; without it the record warns.
        progress: progress(done, total, message) after each step; may raise `Cancelled`.

    Returns:
        cine (T, H, W) uint8, label maps (T, H, W) uint8 of its frames, and the record. Its `ejection_fraction` has
        three numbers in percent that differ by some points and are not to be mixed: what was `asked` for, that of the
        `labels`, and the one `segmented` in the images, None without `check`. `reached` tells whether the labels have
        what was asked for; where not, they have the nearest that this heart takes, as `not_reached` says.
        `volumes_ml` and the frames `end_diastole` and `end_systole` are those of the first beat; `origin` tells whether
        a patient's image is in it.

    Raises:
        InputError: nothing is given, image and label map differ in shape, an argument cannot be used, no left
            ventricle is found, or no sector is seen.
        ModelError: a model is missing or damaged.
        EchoSynthError: a model is chosen that runs in torch, which is not installed.
    """
    animation, record = animate_detailed(
        image,
        label_map,
        ejection_fraction=ejection_fraction,
        view=view,
        frames=frames,
        beats=beats,
        heart_rate=heart_rate,
        frame_rate=frame_rate,
        phase=phase,
        seed=seed,
        spacing=spacing,
        model=model,
        segmenter=segmenter,
        check=check,
        correct=correct,
        best_of=best_of,
        synthetic_image=synthetic_image,
        device=device,
        strict=strict,
        progress=progress,
    )
    return animation.cine, animation.label_maps, record


@dataclass(frozen=True)
class _Heart:
    """The frame that is given.

    Attributes:
        image: (H, W), or None.
        labels: (H, W) in CAMUS codes.
        view: name.
        about: what the record says of it.
        warnings: what is doubtful.
    """

    image: NDArray[np.uint8] | None
    labels: LabelMap
    view: str
    about: Record
    warnings: list[str]


def animate_detailed(
    image: ArrayLike | None = None, label_map: ArrayLike | None = None, **how: Any
) -> tuple[Animation, Record]:
    """As `animate`, with the motion: arguments and errors are the same; see `Animation`."""
    started = time.perf_counter()
    asked = asked_of_beat(**{name: how[name] for name in Asked.__annotations__})
    spacing = check_spacing(how["spacing"])
    folder = find_model(how["model"], "animation", "Animating")
    tell = how["progress"] or silent
    heart = _heart(image, label_map, how["view"], spacing, how["segmenter"])
    judged = None if heart.image is None else trust_of(heart.image, strict=how["strict"])
    options = Capabilities.of(folder).chosen(correct=how["correct"] or None, best_of=how["best_of"])
    without_effect = told_of_device(folder, how["device"])
    animator: Animator = load_pipeline(folder, device="auto" if without_effect else how["device"])
    animation = animator(
        heart.image,
        heart.labels,
        view=heart.view,
        spacing=spacing,
        progress=part(tell, 0, 10, width=9),
        **asked,
        **options,
    )
    seen = _seen(animation, spacing, heart.view, how["segmenter"]) if how["check"] else None
    tell(1, 1, "animated")
    derived = heart.image is not None and not how["synthetic_image"]
    record = new_record("animate", model=folder, synthetic=True, started=started)
    record |= {"origin": DERIVED if derived else SYNTHETIC, **heart.about, **asked}
    record |= _told_of(animation, asked["ejection_fraction"], seen, spacing)
    record = trusted(record, judged)
    missed = [record["not_reached"]] if record["not_reached"] else []
    return animation, with_warnings(record, [*heart.warnings, *missed, *_doubts(animation, record), *without_effect])


def _heart(
    image: ArrayLike | None, label_map: ArrayLike | None, view: str, spacing: Spacing | None, segmenter: str
) -> _Heart:
    is_auto = isinstance(view, str) and view.casefold() == "auto"
    told = None if is_auto else taken_view(view, "synthesis").name
    gray = None if image is None else to_gray8(image)
    labels = None if label_map is None else check_label_map(label_map)
    if gray is not None and not has_contrast(gray):
        raise InputError(NO_CONTRAST)
    if gray is not None and labels is not None and gray.shape != labels.shape:
        raise InputError(
            f"A label map lies on its image's grid; given were an image of {gray.shape} and a label map of "
            f"{labels.shape} pixels. Resample the label map, nearest neighbor."
        )
    about: Record = {"image": "drawn" if gray is None else "given", "label_map": "given"}
    if gray is not None and (labels is None or told is None):
        found = segmented(gray, spacing, view, segmenter)
        about |= {"segmenter": found.record["model"], "segmenter_sha256": found.record["model_sha256"]}
        told = told or found.record["view"]
        if labels is None:
            labels = found.label_map
            about |= {"label_map": "segmented", "mean_confidence": found.mean_confidence}
    if labels is None:
        raise InputError("Neither an image nor a label map is given; give the frame that is to beat.")
    if told is None:
        raise InputError("The view of a label map alone is told by nothing; give 2CH or 4CH in place of 'auto'.")
    _check_ventricle(labels, about["label_map"])
    about |= {"view": told, "view_source": "model" if is_auto else "user", "shape": list(labels.shape)}
    about["spacing_mm"] = None if spacing is None else [float(step) for step in spacing]
    turned = warning_if_heart_turned(labels)
    return _Heart(gray, labels, told, about, [turned] if turned else [])


def _check_ventricle(labels: LabelMap, source: str) -> None:
    cavity, wall = (int((labels == code).sum()) for code in (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM))
    if cavity >= _SMALLEST_CAVITY and wall:
        return
    what = f"a left ventricle of {cavity} pixels with a wall of {wall}"
    if source == "segmented":
        raise InputError(
            f"In the image {what} was found, which cannot beat; an apical view of a left ventricle was expected. Give "
            "its label map beside it."
        )
    raise InputError(
        f"The label map given has {what}; expected were a cavity ({CamusCode.LV_CAVITY}) of {_SMALLEST_CAVITY} pixels "
        f"or more, and a myocardium ({CamusCode.MYOCARDIUM})."
    )


def volume_of(labels: LabelMap, spacing: Spacing | None) -> float:
    """Of the left ventricle by discs, in mm^3 or cubic pixels; 0 where there is none."""
    axis = long_axis_of_ventricle(labels, spacing)
    return 0.0 if axis is None else disc_volume(Chamber.of(labels == CamusCode.LV_CAVITY, axis))


def ejection_fraction_of(diastole: LabelMap, systole: LabelMap, spacing: Spacing | None) -> float | None:
    """Percent, by discs in one view; None where end-diastole shows no cavity."""
    full, empty = volume_of(diastole, spacing), volume_of(systole, spacing)
    return round(100 * ejected(full, empty), 2) if full else None


def _seen(animation: Animation, spacing: Spacing | None, view: str, segmenter: str) -> float | None:
    maps = [
        segmented(animation.cine[frame], spacing, view, segmenter).label_map for frame in (animation.ed, animation.es)
    ]
    return ejection_fraction_of(maps[0], maps[1], spacing)


def _told_of(animation: Animation, asked: float | None, seen: float | None, spacing: Spacing | None) -> Record:
    """What the record says of the cine."""
    ends = {"EDV": animation.label_maps[animation.ed], "ESV": animation.label_maps[animation.es]}
    volumes = {name: volume_of(labels, spacing) for name, labels in ends.items()}
    found = ejection_fraction_of(ends["EDV"], ends["ESV"], spacing)
    steps = np.diff(animation.times_ms)
    wanted = animation.made.get("correction", {}).get("labels_asked", asked)
    reached = None if wanted is None else found is not None and abs(found - wanted) <= CLOSE_ENOUGH
    return {
        **animation.made,
        "ejection_fraction": {"asked": asked, "labels": found, "segmented": seen},
        "reached": reached,
        "not_reached": f"an ejection fraction of {wanted:.3g} % was asked for, and the labels have {found} %, the "
        "nearest that was reached"
        if reached is False
        else None,
        "volumes_ml": None if spacing is None else {name: round(one / 1000, 2) for name, one in volumes.items()},
        "end_diastole": animation.ed,
        "end_systole": animation.es,
        "frame_time_ms": round(float(steps.mean()), 4),
        "duration_ms": round(float(steps.mean()) * len(animation.cine), 4),
    }


def _doubts(animation: Animation, record: Record) -> list[str]:
    told = []
    beat_ms, step_ms = 60_000 / record["heart_rate"], float(np.diff(animation.times_ms).mean())
    # To a tenth, and not up: 7.97 are no 8. Beyond six digits it is the division that rounds.
    tenths = math.floor(round(10 * beat_ms / step_ms, 6))
    if tenths < 10 * FEWEST_IN_A_BEAT:
        told.append(
            f"a beat has {tenths / 10:.1f} frames, so the smallest cavity may lie between two of them; take more "
            "frames, fewer beats or a higher frame rate"
        )
    if record["duration_ms"] < 0.99 * beat_ms:
        told.append(
            f"the cine lasts {record['duration_ms']:.0f} ms and a beat {beat_ms:.0f} ms, so it holds no whole one; "
            "take more frames or a lower frame rate"
        )
    return told
