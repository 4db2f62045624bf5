"""The check that a picture is too near to none of the patients whom the shipped models learned from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from EchoSynthLib.arguments import number_within_or_none
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import told_of_blank, without_contrast
from EchoSynthLib.images.gray import frames_to_gray8
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import Progress, Record

if TYPE_CHECKING:
    from EchoSynthLib.privacy import Reidentifier


def check_privacy(
    image: ArrayLike,
    *,
    model: str = "reidentification",
    threshold: float | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[float, Record]:
    """Tell how near a synthetic echocardiogram is to a patient whom the shipped models learned from.

        correlation, record = es.check_privacy(frame)
        if record["refused"]:
            print(f"too near to {record['nearest']}")

    As in EchoNet-Synthetic (Reynaud et al. 2024, arXiv 2406.00808): frames become 128 numbers each in which frames of
    one heart are alike, and Pearson's correlation of these tells how much.

    Args:
        image: (H, W), or (H, W, 3) in color, or a cine (T, H, W) or (T, H, W, 3), of which every frame is looked at;
            gray levels as `segment` takes them.
        model: name of the folder of a model that knows patients.
        threshold: correlation from which an image is refused, 0 to 1; None takes the model's own.
        strict: raise an error in place of a refusal.
        progress: progress(done, total, message) before each frame; may raise `Cancelled`.

    Returns:
        The largest correlation, from -1 to 1, of any frame with any known one. And the record: `refused`, whether that
        reaches `threshold`, where 95 of 100 frames of other patients stay below the model's own; `nearest`, the known
        frame's name, and `nearest_at`, the number of the frame that is near it.

    Raises:
        InputError: the image cannot be used; or it is refused, and `strict`.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    given = number_within_or_none(threshold, "threshold", "", (0, 1))
    frames = frames_to_gray8(image)
    blank = without_contrast(frames)
    if len(blank) == len(frames):
        raise InputError("The image shows nothing: all of it is of nearly one gray level.")
    folder = find_model(model, "privacy", "Checking privacy")
    known: Reidentifier = load_pipeline(folder)
    tell, found = progress or silent, {}
    for index, frame in enumerate(frames):
        tell(index, len(frames), f"frame {index + 1} of {len(frames)}" if len(frames) > 1 else "looking for patients")
        if index not in blank:
            found[index] = known.nearest(frame)
    tell(len(frames), len(frames), "looked for patients")
    at = max(found, key=lambda index: found[index][0])
    correlation, nearest = found[at]
    limit = known.threshold if given is None else given
    refused = correlation >= limit
    if refused and strict:
        raise InputError(
            f"The image is too near to a patient whom the models learned from: its correlation with {nearest} is "
            f"{correlation:.3f}, and {limit:.3f} is too much."
        )
    record = new_record("privacy", model=folder, started=started) | {
        "correlation": round(correlation, 4),
        "threshold": round(limit, 4),
        "refused": refused,
        "nearest": nearest,
        "nearest_at": at,
        "shape": list(frames.shape if len(frames) > 1 else frames.shape[1:]),
    }
    return correlation, with_warnings(record, told_of_blank(blank))
