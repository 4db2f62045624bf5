"""What EchoCine says in words: the volumes that an ejection fraction means, and what came of a wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slicer.i18n import tr as _

from EchoSynthJobs.animate import AnimationRequest, MadeCine
from EchoSynthJobs.start_frame import AUTO, StartFrame
from EchoSynthLib.records import DERIVED


def told_volumes(start: StartFrame, request: AnimationRequest) -> str:
    """The volumes at end-diastole and end-systole that the ejection fraction means for a heart."""
    percent = request.ejection_fraction
    if percent is None:
        return _("The ejection fraction is left to the motion; the result tells it")
    phase = request.phase_of(start)
    full, empty = start.volumes(percent, request.heart_rate, phase)
    if start.spacing is None:
        told = _("ESV {percent:.0f} % of EDV; volumes in ml need the pixel size").format(percent=100 - percent)
    else:
        told = _("EDV {full:.0f} ml, ESV {empty:.0f} ml").format(full=full, empty=empty)
    return _("{told}, if the frame shows end-diastole").format(told=told) if phase == AUTO else told


def told_wish(record: Mapping[str, Any]) -> str:
    """The ejection fraction that was asked for, that of the label maps, whether it was reached, and what is seen."""
    fractions = record["ejection_fraction"]
    labels = _("{percent:.1f} % by its label maps").format(percent=fractions["labels"])
    if fractions["asked"] is None:
        told = _("EF {labels}, as such a heart has it.").format(labels=labels)
    elif record["reached"]:
        told = _("EF {asked:g} % asked for, {labels}: reached.").format(asked=fractions["asked"], labels=labels)
    else:
        told = _("EF {asked:g} % asked for, {labels}: not reached, this is as near as this heart comes.").format(
            asked=fractions["asked"], labels=labels
        )
    volumes = record.get("volumes_ml")
    if volumes:
        told = _("{told} EDV {full:.0f} ml, ESV {empty:.0f} ml.").format(
            told=told, full=volumes["EDV"], empty=volumes["ESV"]
        )
    if fractions.get("segmented") is not None:
        told = _("{told} Seen in the images: {percent:.1f} %.").format(told=told, percent=fractions["segmented"])
    return told


def doubts_beside_wish(record: Mapping[str, Any]) -> list[str]:
    """The record's warnings but the one that `told_wish` tells already."""
    return [text for text in record.get("warnings", ()) if text != record.get("not_reached")]


def told_origin(record: Mapping[str, Any]) -> str:
    """Whether a patient's image is in the pictures."""
    if record.get("origin") == DERIVED:
        return _("Derived from a patient's image: as private as that.")
    return _("Synthetic.")


def told_cine(made: MadeCine) -> str:
    """What came of a wish."""
    lines = [f"'{made.image.GetName()}'."]
    if made.start is not None and made.start.edited:
        lines.append(_("From frame {frame}, as its label map was edited.").format(frame=made.start.frame))
    return " ".join([*lines, told_wish(made.record), told_origin(made.record)])


def told_preview(record: Mapping[str, Any]) -> str:
    """What a preview shows."""
    return _("Preview. {wish} {origin}").format(wish=told_wish(record), origin=told_origin(record))


def told_counterfactuals(made: Sequence[MadeCine]) -> str:
    """Asked and reached of each, in the order of the views."""
    pairs = []
    for one in made:
        fractions = one.record["ejection_fraction"]
        pair = f"{fractions['asked']:g} → {fractions['labels']:.1f} %"
        pairs.append(pair if one.record["reached"] else _("{pair} (not reached)").format(pair=pair))
    told = _("EF asked for → of the label maps: {pairs}.").format(pairs=", ".join(pairs))
    return f"{told} {told_origin(made[0].record)}"
