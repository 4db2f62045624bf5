"""A heart in 3D from its views, as Python users call it: pictures are segmented, and each moment becomes a heart."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.discs import ventricular_axis
from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS
from EchoSynthLib.anatomy.labels import check_label_map
from EchoSynthLib.anatomy.structures import LEFT_VENTRICLE, CamusCode
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.api.evidence import SEGMENTER
from EchoSynthLib.api.frames import segment_frames
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.gray import are_colors, cine_to_gray8, to_gray8
from EchoSynthLib.measurement.chambers import Chamber, biplane_disc_volume, ejected
from EchoSynthLib.measurement.reliability.reconstruction import heart_light
from EchoSynthLib.measurement.reliability.traffic_light import Light, worst
from EchoSynthLib.progress import silent
from EchoSynthLib.reconstruction import PRIOR_ONLY, check_views, reconstructor_of
from EchoSynthLib.reconstruction.picture import APICAL, OwnAxes
from EchoSynthLib.reconstruction.results import Reconstruction, summary
from EchoSynthLib.records import new_record
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
        progress: progress(done, total, message) before each moment; may raise `Cancelled`.

    Returns:
        labels (D, H, W) uint8, of a cycle (T, D, H, W), `reconstruction.volume.VoxelCode`: 1 to 3 as in CAMUS, then
        right ventricle, right atrium, aorta, other walls. And the record: `affine_mm` from index to mm in the axes of
        the left ventricle and `affine_ras_mm` to where hearts lie in a patient, `volumes_ml` of the chambers, and where
        the model tells them `intervals_ml` that hold nine times of ten; `planes` (where each picture lies), how well
        each agrees with the heart (`agreement`, Dice), `trust`, the worst of these, the `light` with its reasons, what
        no picture shows (`prior_only`), and `biplane_discs_ml` beside. Of a cycle these are lists over its moments,
        and there are `EF_percent`, `end_diastole` and `end_systole`.

    Raises:
        InputError: a view that is not known, one that is needed and missing, a picture or a spacing that cannot be
            used, or cycles of different lengths.
        ModelError: a model is missing or damaged.
    """
    started = time.perf_counter()
    tell = progress or silent
    check_name(segmenter)
    folder, reconstructor = reconstructor_of(model)
    given, steps = check_views(views, spacing, reconstructor.views)
    maps, segmented = _label_maps(given, steps, segmenter)
    counts = {view: len(of_view) for view, of_view in maps.items() if of_view.ndim == 3}
    if counts and (len(counts) < len(maps) or len(set(counts.values())) > 1):
        told = ", ".join(f"{view} has {counts.get(view, 'one')}" for view in maps)
        raise InputError(
            f"All views have one frame for each moment of the beat, and here {told}; give as many of each."
        )
    moments = next(iter(counts.values()), 1)
    hearts, told_of, lights = [], [], []
    for moment in range(moments):
        tell(moment, moments, f"reconstructing {moment + 1} of {moments}")
        now = {view: of_view[moment] if counts else of_view for view, of_view in maps.items()}
        heart = reconstructor(now, steps)
        about, light = _told_of(heart, now, steps)
        hearts.append(heart.labels)
        told_of.append(about)
        lights.append(light)
    tell(moments, moments, "reconstructed")
    record = new_record("reconstruct", model=folder, started=started) | {"light": worst(lights).to_dict()}
    if segmented:
        record |= {"segmenter": segmenter, "segmented": segmented}
    if counts:
        return np.stack(hearts), record | _told_of_cycle(told_of)
    return hearts[0], record | told_of[0]


def _label_maps(
    given: Mapping[str, ArrayLike], spacing: Mapping[str, Spacing], segmenter: str
) -> tuple[dict[str, NDArray[np.uint8]], list[str]]:
    """(H, W) or (T, H, W) in CAMUS codes by view, and the views that were segmented for it."""
    maps: dict[str, NDArray[np.uint8]] = {}
    segmented = []
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
        found = []
        for index, result in enumerate(segment_frames(frames, spacing[view], view=asked, model=segmenter)):
            where = f"{view}, frame {index}" if is_cycle else view
            if not (result.label_map == CamusCode.LV_CAVITY).any():
                raise InputError(f"No left ventricle was found in {where}; give a label map, or leave the view out.")
            found.append(result.label_map)
        maps[view] = np.stack(found) if is_cycle else found[0]
        segmented.append(view)
    return maps, segmented


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
    heart: Reconstruction, maps: Mapping[str, LabelMap], spacing: Mapping[str, Spacing]
) -> tuple[Record, Light]:
    """What the record tells of one moment, and its light."""
    told = summary(heart, maps, spacing)
    lengths = {view: OwnAxes.of(maps[view], spacing[view], view).length_mm for view in maps if view in APICAL}
    two, four = (
        Chamber.of(maps[view] == CamusCode.LV_CAVITY, ventricular_axis(maps[view], spacing[view]))
        for view in (TWO_CHAMBER.name, FOUR_CHAMBER.name)
    )
    told |= {
        "affine_ras_mm": (HEART_TO_RAS @ heart.grid.affine).tolist(),
        "lengths_mm": {view: round(length, 2) for view, length in lengths.items()},
        "biplane_discs_ml": round(biplane_disc_volume(two, four) / 1000, 2),
        "prior_only": list(PRIOR_ONLY),
    }
    light = heart_light(told["agreement"], lengths, heart.volumes_ml, heart.intervals_ml, prior_only=PRIOR_ONLY)
    return told, light


def _told_of_cycle(moments: list[Record]) -> Record:
    """Lists over the moments of a beat, what is the same in all once, and the ejection fraction."""
    same = ("affine_mm", "affine_ras_mm", "voxel_mm", "prior_only")
    record: Record = {name: moments[0][name] for name in same}
    for name in moments[0]:
        if name not in same:
            record[name] = [moment[name] for moment in moments]
    filled = [moment["volumes_ml"][LEFT_VENTRICLE.name] for moment in moments]
    diastole, systole = int(np.argmax(filled)), int(np.argmin(filled))
    return record | {
        "moments": len(moments),
        "trust": min(moment["trust"] for moment in moments),
        "EF_percent": round(100 * ejected(filled[diastole], filled[systole]), 2),
        "end_diastole": diastole,
        "end_systole": systole,
    }
