"""What is given to measure: label map, image or both of each frame, by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.frame import Region, tissue_in
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement.frame import FrameMeasures, measure_frame
from EchoSynthLib.measurement.reliability.evidence import Evidence
from EchoSynthLib.types import Spacing

_ARRAYS = {"label_map": "A label map", "image": "An image"}
_DOUBTS = ("confidence", "agreement", "second_contour")


@dataclass(frozen=True, eq=False)
class Given:
    """What there is of one frame.

    Attributes:
        label_map: (H, W) in CAMUS codes; None where it has to be found.
        image: (H, W) uint8 below it; None where there is none.
        spacing: (row, column) in mm where they are trusted.
        region: where the ultrasound lies in the image; beside it a scanner draws scales and text.
        view: that the segmentation's record tells.
        extras: what else `measure_frame` takes.
    """

    label_map: Any = None
    image: NDArray[np.uint8] | None = None
    spacing: Spacing | None = None
    region: Region | None = None
    view: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tissue(self) -> tuple[slice, slice]:
        """Rows and columns of the ultrasound in the image."""
        return tissue_in(self.image.shape, self.region) if self.image is not None else (slice(None), slice(None))

    @property
    def blank(self) -> bool:
        """Whether there is an image, and it shows nothing."""
        return self.image is not None and not has_contrast(self.image[self.tissue])

    @property
    def is_judged(self) -> bool:
        """Whether what the models see in the image is to be asked for."""
        return self.image is not None and not set(_DOUBTS) & set(self.extras) and not self.blank

    def measured(self, evidence: Evidence | None = None) -> FrameMeasures:
        """The measures of its label map."""
        return measure_frame(self.label_map, self.spacing, evidence=evidence, view=self.view, **self.extras)


def arranged(label_map: Any, image: Any, spacing: Any, extras: Mapping[str, Any]) -> dict[str, Given]:
    """What is given to measure, by place: '' for a frame alone, 'frame 0' ... of a cine, '4CH ED' ... of a patient.

    Args:
        label_map, image, spacing: as `es.measure` takes them.
        extras: what else it takes of each frame, arranged likewise.

    Raises:
        InputError: nothing is given, or the parts do not fit together.
    """
    given = {name: it for name, it in {**extras, "label_map": label_map, "image": image}.items() if it is not None}
    for name, what in _ARRAYS.items():
        if name in given and not isinstance(given[name], Mapping):
            given[name] = as_array(given[name], what)
    leading = given.get("label_map", given.get("image"))
    if leading is None:
        raise InputError("Neither a label map nor an image is given; give what is to be measured.")
    if isinstance(leading, Mapping):
        return _by_view(leading, given, spacing)
    if isinstance(spacing, Mapping):
        raise InputError("A spacing for each view goes with label maps given by view; give (row, column) in mm.")
    count = _frames_in(leading, is_image=label_map is None)
    if count is None:
        return {"": _given(given, spacing)}
    for name, of_all in given.items():
        held = len(of_all) if isinstance(of_all, Sequence) or getattr(of_all, "ndim", 0) > 0 else "one"
        if held != count:
            raise InputError(f"A cine of {count} frames was given with {held} of {name}; give one for each frame.")
    frames = [{name: _of(of_all, index) for name, of_all in given.items()} for index in range(count)]
    if count == 1:
        return {"": _given(frames[0], spacing)}
    return {f"frame {index}": _given(frame, spacing) for index, frame in enumerate(frames)}


def _by_view(leading: Mapping[str, Any], given: Mapping[str, Any], spacing: Any) -> dict[str, Given]:
    found: dict[str, Given] = {}
    for view, phases in leading.items():
        if not isinstance(phases, Mapping):
            raise InputError(
                f"The view {view!r} is given as {{'ED': label map, 'ES': label map}}; "
                f"given was {type(phases).__name__}."
            )
        step = spacing.get(view) if isinstance(spacing, Mapping) else spacing
        known = taken_view(view, "measurement").name
        if any(where.startswith(f"{known} ") for where in found):
            raise InputError(f"The view {known} is given twice, once as {view!r}; give its phases together.")
        for phase in phases:
            own = {name: _of(_of(of_all, view), phase) for name, of_all in given.items()}
            found[f"{known} {phase}"] = _given(own, step)
    return found


def _given(own: Mapping[str, Any], spacing: Any) -> Given:
    spacing = check_spacing(spacing)
    extras = {name: it for name, it in own.items() if name not in ("label_map", "image") and it is not None}
    image = own.get("image")
    label_map = own.get("label_map")
    label_map = None if label_map is None else as_array(label_map, "A label map")
    gray = None if image is None else to_gray8(image)
    if label_map is not None and gray is not None and label_map.shape != gray.shape:
        raise InputError(
            f"A label map lies on its image's own grid; given were {label_map.shape} and {gray.shape} pixels."
        )
    return Given(label_map, gray, spacing, extras=extras)


def _frames_in(leading: Any, is_image: bool) -> int | None:
    """The number of frames in a cine; None for a frame alone. Images may be in color, (rows, columns, 3)."""
    shape = np.shape(leading)
    if is_image and len(shape) in (3, 4) and shape[-1] in (3, 4):
        shape = shape[:-1]
    if len(shape) == 2:
        return None
    if len(shape) != 3 or not shape[0]:
        what = "An image" if is_image else "A label map"
        raise InputError(
            f"{what} is (rows, columns), a cine of them (frames, rows, columns); given was {np.shape(leading)}."
        )
    return int(shape[0])


def _of(given: Any, key: Any) -> Any:
    """The part of something optional that belongs to a frame or view."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return given.get(key)
    if isinstance(key, str):
        raise InputError(
            f"What belongs to label maps given by view and phase is arranged likewise; given was {given!r:.120}."
        )
    return given[key]
