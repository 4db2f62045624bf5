"""A heart in 3D from its views, as Python users call it: pictures are segmented, and each moment becomes a heart."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.discs import ventricular_axis
from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.anatomy.structures import LEFT_VENTRICLE, CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER, view_of
from EchoSynthLib.api.evidence import SEGMENTER
from EchoSynthLib.api.frames import segment_frames
from EchoSynthLib.arguments import real_number
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import ImageTrust, trust_of
from EchoSynthLib.images.gray import are_colors, cine_to_gray8, to_gray8
from EchoSynthLib.measurement.chambers import Chamber, biplane_disc_volume
from EchoSynthLib.measurement.cycle_volumes import cycle_volumes
from EchoSynthLib.measurement.reliability.reconstruction import heart_light
from EchoSynthLib.measurement.reliability.traffic_light import Light, worst
from EchoSynthLib.progress import silent
from EchoSynthLib.reconstruction import PLANE_ANGLE, PRIOR_ONLY, check_views, reconstructor_of
from EchoSynthLib.reconstruction.ejection import ejection_interval
from EchoSynthLib.reconstruction.picture import APICAL, OwnAxes, axes_of_views
from EchoSynthLib.reconstruction.results import Reconstruction, summary
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.types import LabelMap, Progress, Record, Spacing
from EchoSynthLib.zoo.folders import check_name

MODEL = "heart3d"
HIGHEST_CODE = 31
"""Whole numbers up to it are codes of some label map; a picture that dark shows nothing."""


def reconstruct(
    views: Mapping[str, ArrayLike],
    spacing: Spacing | Mapping[str, Spacing],
    *,
    model: str = MODEL,
    segmenter: str = SEGMENTER,
    plane_angle: float | None = None,
    long_axes: Mapping[str, ArrayLike] | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], Record]:
    """Find the heart in 3D that standard views of it show, at one moment of the beat or at each of a cycle.

        labels, record = es.reconstruct({"4CH": label_map, "2CH": other}, (0.3, 0.3))
        print(record["volumes_ml"]["left ventricle"], record["light"]["color"])
        hearts, record = es.reconstruct({"4CH": cine, "2CH": other_cine}, {"4CH": (0.3, 0.3), "2CH": (0.4, 0.4)})
        print(record["EF_percent"])

    Args:
        views: by name, 4CH and 2CH at least, and 3CH where there is one: a label map (H, W) in CAMUS codes; an image
            (H, W), or (H, W, 3) in color, which is segmented first; or of a cycle either of them (T, H, W), one frame
            of each view for each moment.
        spacing: (row, column) in mm, of all, or of each by view. A heart has a size, so it has to be known.
        model: name of the model folder.
        segmenter: name of the model that segments images.
        plane_angle: degrees between the planes of 4CH and 2CH, 30 to 120, as by how much a hand or a matrix probe
            turned; None where nobody knows: about 60, as the standard views stand. Pictures hardly show it.
        long_axes: by view, [[row, column], [row, column]] in pixels: the apex and the middle of the mitral plane, where
            the label map does not show them, as that of a picture whose sector ends before the apex; of one moment
            alone. Of views that are not told the label map's is taken.
        strict: refuse images that are not trusted, see `es.trust`; without it the record warns.
        progress: progress(done, total, message) before each moment; may raise `Cancelled`.

    Returns:
        labels (D, H, W) uint8, of a cycle (T, D, H, W), `reconstruction.volume.VoxelCode`: 1 to 3 as in CAMUS, then
        right ventricle, right atrium, aorta, other walls. And the record: `affine_mm` from index to mm in the axes of
        the left ventricle and `affine_ras_mm` to where hearts lie in a patient, `volumes_ml` of the chambers, and where
        the model tells them `intervals_ml` that hold nine times of ten and `expected_ml`, which hands that miss the
        apex are allowed for in; `planes` (where each picture lies), the angle between them (`plane_angle_deg`), the
        `long_axes` and those that were told (`long_axes_told`), how well each picture agrees with the heart
        (`agreement`, Dice), `trust`, the worst of these, the `light` with its reasons, what no picture shows
        (`prior_only`), and `biplane_discs_ml` beside; of images how far they are trusted (`image_trust`, by view); of a
        model that fits hearts the numbers of this one (`heart`), see `reconstruction.shapes`. Of a cycle these are
        lists over its moments, and there are `EF_percent`, where volumes have intervals `EF_interval_percent`,
        `end_diastole` and `end_systole`.

    Raises:
        InputError: a view that is not known, one that is needed and missing, a picture or a spacing that cannot be
            used, cycles of different lengths, or a long axis that is none.
        ModelError: a model is missing or damaged.
    """
    started = time.perf_counter()
    tell = progress or silent
    check_name(segmenter)
    folder, reconstructor = reconstructor_of(model)
    angle = _checked_angle(plane_angle)
    given, steps = check_views(views, spacing, reconstructor.views)
    maps, judged = _label_maps(given, steps, segmenter, strict)
    counts = {view: len(of_view) for view, of_view in maps.items() if of_view.ndim == 3}
    if counts and (len(counts) < len(maps) or len(set(counts.values())) > 1):
        told = ", ".join(f"{view} has {counts.get(view, 'one')}" for view in maps)
        raise InputError(
            f"All views have one frame for each moment of the beat, and here {told}; give as many of each."
        )
    moments = next(iter(counts.values()), 1)
    told_axes = _told_axes(long_axes, steps, bool(counts))
    hearts, told_of, lights = [], [], []
    for moment in range(moments):
        tell(moment, moments, f"reconstructing {moment + 1} of {moments}")
        now = {view: of_view[moment] if counts else of_view for view, of_view in maps.items()}
        heart = reconstructor(now, steps, angle, told_axes)
        about, light = _told_of(heart, now, steps, told_axes)
        hearts.append(heart.labels)
        told_of.append(about)
        lights.append(light)
    tell(moments, moments, "reconstructed")
    record = new_record("reconstruct", model=folder, started=started) | {"light": worst(lights).to_dict()}
    if judged:
        record |= {"segmenter": segmenter, "segmented": list(judged)}
        trusts = {view: trust for view, trust in judged.items() if trust is not None}
        record |= {"image_trust": {view: round(trust.score, 4) for view, trust in trusts.items()}} if trusts else {}
        record = with_warnings(record, [f"{view}: {trust.warning}" for view, trust in trusts.items() if trust.warning])
    if counts:
        return np.stack(hearts), record | _told_of_cycle(told_of)
    return hearts[0], record | told_of[0]


def _label_maps(
    given: Mapping[str, ArrayLike], spacing: Mapping[str, Spacing], segmenter: str, strict: bool
) -> tuple[dict[str, NDArray[np.uint8]], dict[str, ImageTrust | None]]:
    """(H, W) or (T, H, W) in CAMUS codes by view, and of the views that were segmented for it how far to trust them."""
    maps: dict[str, NDArray[np.uint8]] = {}
    judged: dict[str, ImageTrust | None] = {}
    for view, picture in given.items():
        values = as_array(picture, f"What {view} shows")
        color = are_colors(values)
        if values.ndim - color not in (2, 3):
            raise InputError(
                f"A view is a picture (H, W), or a cycle (T, H, W); what was given for {view} has the shape "
                f"{values.shape}."
            )
        is_cycle = values.ndim - color == 3
        if not color and _holds_codes(values):
            maps[view] = (
                np.stack([_checked(frame, f"{view}, frame {i}") for i, frame in enumerate(values)])
                if (is_cycle)
                else _checked(values, view)
            )
            continue
        frames = cine_to_gray8(values) if is_cycle else to_gray8(values)[None]
        asked = view if view in (FOUR_CHAMBER.name, TWO_CHAMBER.name) else "auto"
        judged[view] = trust_of(frames if is_cycle else frames[0], strict=strict)
        found = []
        for index, result in enumerate(segment_frames(frames, spacing[view], view=asked, model=segmenter)):
            where = f"{view}, frame {index}" if is_cycle else view
            if not (result.label_map == CamusCode.LV_CAVITY).any():
                raise InputError(f"No left ventricle was found in {where}; give a label map, or leave the view out.")
            found.append(result.label_map)
        maps[view] = np.stack(found) if is_cycle else found[0]
    return maps, judged


def _checked_angle(plane_angle: float | None) -> float | None:
    if plane_angle is None:
        return None
    low, high = PLANE_ANGLE
    angle = real_number(plane_angle)
    if not low <= angle <= high:
        raise InputError(
            f"plane_angle is a number of degrees between 4CH and 2CH, {low:g} to {high:g}, or None; given was "
            f"{plane_angle!r:.120}."
        )
    return angle


def _told_axes(
    long_axes: Mapping[str, ArrayLike] | None, spacing: Mapping[str, Spacing], is_cycle: bool
) -> dict[str, OwnAxes]:
    if long_axes is None:
        return {}
    if not isinstance(long_axes, Mapping):
        raise InputError(f"long_axes are told by view, such as {{'4CH': [apex, base]}}; given was {long_axes!r:.120}.")
    if is_cycle and long_axes:
        raise InputError("Long axes are told of one moment, and here is a cycle; reconstruct each moment on its own.")
    told = {}
    for given, ends in long_axes.items():
        view = view_of(given).name
        if view not in spacing or view not in APICAL:
            raise InputError(
                f"A long axis was told of {given}; it takes one of the views that are given: {', '.join(spacing)}."
            )
        pair = as_array(ends, f"The long axis of {given}")
        if pair.shape != (2, 2) or pair.dtype.kind not in "iuf":
            raise InputError(
                f"The long axis of {given} is [[row, column], [row, column]] of the apex and of the middle of the "
                f"mitral plane, in pixels; given was {ends!r:.120}."
            )
        told[view] = OwnAxes.through(pair[0], pair[1], spacing[view])
    return told


def _holds_codes(values: NDArray[Any]) -> bool:
    """Whether all values are codes of a label map, other ones than those of CAMUS among them: `check_label_map` names
    these. Pictures have more gray levels."""
    if values.dtype.kind not in "biuf" or not values.size:
        return False
    low, high = values.min(), values.max()
    return bool(low >= 0 and high <= HIGHEST_CODE and np.all(values == np.round(values)))


def _checked(label_map: NDArray[Any], where: str) -> LabelMap:
    try:
        return check_label_map(label_map)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _told_of(
    heart: Reconstruction,
    maps: Mapping[str, LabelMap],
    spacing: Mapping[str, Spacing],
    told_axes: Mapping[str, OwnAxes],
) -> tuple[Record, Light]:
    """What the record tells of one moment, and its light."""
    told = summary(heart, maps, spacing)
    axes = axes_of_views(maps, spacing, [view for view in maps if view in APICAL], told_axes)
    lengths = {view: own.length_mm for view, own in axes.items()}
    two, four = (
        Chamber.of(maps[view] == CamusCode.LV_CAVITY, ventricular_axis(maps[view], spacing[view]))
        for view in (TWO_CHAMBER.name, FOUR_CHAMBER.name)
    )
    told |= {
        "affine_ras_mm": (HEART_TO_RAS @ heart.grid.affine).tolist(),
        "long_axes": {view: own.ends.round(2).tolist() for view, own in axes.items()},
        "long_axes_told": list(told_axes),
        "lengths_mm": {view: round(length, 2) for view, length in lengths.items()},
        "biplane_discs_ml": round(biplane_disc_volume(two, four) / 1000, 2),
        "prior_only": list(PRIOR_ONLY),
    }
    if {TWO_CHAMBER.name, FOUR_CHAMBER.name} <= set(heart.planes):
        behind = [heart.planes[view][:3, 2] for view in (TWO_CHAMBER.name, FOUR_CHAMBER.name)]
        told["plane_angle_deg"] = round(math.degrees(math.acos(np.clip(behind[0] @ behind[1], -1, 1))), 1)
    light = heart_light(told["agreement"], lengths, heart.volumes_ml, heart.intervals_ml, prior_only=PRIOR_ONLY)
    return told, light


def _told_of_cycle(moments: list[Record]) -> Record:
    """Lists over the moments of a beat, what is the same in all once, and the ejection fraction."""
    same = ("affine_mm", "affine_ras_mm", "voxel_mm", "prior_only")
    record: Record = {name: moments[0][name] for name in same}
    for name in moments[0]:
        if name not in same:
            record[name] = [moment[name] for moment in moments]
    name = LEFT_VENTRICLE.name
    cycle = cycle_volumes([moment["volumes_ml"][name] for moment in moments])
    intervals = [moments[end]["intervals_ml"].get(name) for end in (cycle.diastole, cycle.systole)]
    if all(intervals) and cycle.diastole != cycle.systole:
        record["EF_interval_percent"] = [round(end, 2) for end in ejection_interval(*intervals)]
    return record | {
        "moments": len(moments),
        "trust": min(moment["trust"] for moment in moments),
        "EF_percent": round(cycle.ejection_fraction, 2),
        "end_diastole": cycle.diastole,
        "end_systole": cycle.systole,
    }
