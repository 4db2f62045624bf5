"""The apical long-axis view (3CH) of a patient, which a reconstruction takes beside the biplane ones."""

from __future__ import annotations

from typing import Any

from EchoSynthLib.anatomy.views import LONG_AXIS
from EchoSynthLib.images.clip_names import same_patient, told_by_name
from EchoSynthLib.measurement.study_places import PHASES
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.study_clips import SceneClip, clips_in

LONG_AXIS_PLACES = tuple(f"{LONG_AXIS.name} {phase}" for phase in PHASES)


def long_axis_of(scene: Any, patient: str) -> dict[str, Any]:
    """The nodes that fill the places of the view, {'3CH ED': node}: the first of each that its name tells.

    The segmenter does not know the view, so only what has a label map counts; a cine is of both phases.

    Args:
        scene: whose frames and cines they are.
        patient: whose they have to be, '' where nothing tells.
    """
    found: dict[str, Any] = {}
    for clip in clips_in(scene):
        told = clip.told(areas=False)
        named = told_by_name(told.name, (LONG_AXIS,))
        shows = told.view == LONG_AXIS.name or named.view == LONG_AXIS.name
        ours = any(same_patient(own, patient) for own in (told.folder, named.patient))
        if clip.label_map is None or not shows or not ours:
            continue
        for phase in PHASES if _is_cine(clip) else (told.phase or named.phase,):
            if phase:
                found.setdefault(f"{LONG_AXIS.name} {phase}", clip.node)
    return found


def named_otherwise(where: str, node: Any) -> str:
    """What speaks against a node in a place of the view, as '3CH ED'; '' where nothing does."""
    view, _, phase = where.partition(" ")
    told = told_by_name(node.GetName(), (LONG_AXIS,))
    if told.view and told.view != view:
        return f"{node.GetName()} is named {told.view}, and taken for {view}"
    is_cine = cine_of(node) is not None
    return (
        f"{node.GetName()} is named {told.phase}, and taken for {phase}"
        if told.phase and told.phase != phase and not is_cine
        else ""
    )


def _is_cine(clip: SceneClip) -> bool:
    cine = cine_of(clip.node)
    return cine is not None and len(cine) > 1
