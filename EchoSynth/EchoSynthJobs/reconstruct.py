"""The heart in 3D from a patient's views: places of the study in, hearts and their planes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.heart_numbers import table_rows
from EchoSynthJobs.job import Job, Report, in_worker, working_folder
from EchoSynthJobs.long_axis import LONG_AXIS_PLACES, long_axis_of, named_otherwise
from EchoSynthJobs.measured_frames import MeasuredFrame
from EchoSynthJobs.results import remove
from EchoSynthJobs.segment_first import all_or_none
from EchoSynthJobs.study import Chosen, PatientClips, clips_of_patient, filled_places
from EchoSynthLib.anatomy.views import BIPLANE, FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.write import write_label_map
from EchoSynthLib.measurement.study_places import PHASES
from EchoSynthMRML.heart_models import RECONSTRUCTED, parts_of
from EchoSynthMRML.heart_pictures import add_picture, gray_of
from EchoSynthMRML.heart_segmentations import new_heart_segmentation
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.provenance import stamp
from EchoSynthMRML.study_folder import put_into_folder
from EchoSynthMRML.tables import add_table, write_columns
from EchoSynthMRML.volumes import add_to_scene

RECORD = "EchoSynth.reconstruction"
"""Node attribute of a heart's segmentation: JSON of the record of its moment."""
TABLE = "EchoSynth.volumes"
"""Role of a heart's segmentation: the table of its volumes."""
MODEL = "heart3d"
HEADINGS = ("Measurement", "Heart in 3D", "90 % interval", "Biplane discs", "Unit", "Rests on")
VIEWS = tuple(view.name for view in BIPLANE)
LongAxes = Mapping[str, Mapping[str, Any]]
"""As a user said, by phase and view: [[row, column], [row, column]] in pixels: apex and middle of the mitral plane."""
_FILES = {FOUR_CHAMBER.name: "image", TWO_CHAMBER.name: "two_chamber", LONG_AXIS.name: "long_axis"}
"""Parameter of the task for each view."""


@dataclass
class Reconstructed:
    """A heart at one or both ends of its beat.

    Attributes:
        name: of the patient, or of the first label map.
        records: by phase, 'ED' or 'ES', as the task wrote them.
        segmentations: nodes of the scene, by phase.
        table: node of the volumes.
        sources: label maps of the scene that it was made from.
        record: under "warnings" what is doubtful about what it was made from.
    """

    name: str
    records: dict[str, dict[str, Any]]
    segmentations: dict[str, Any] = field(default_factory=dict)
    table: Any = None
    sources: list[Any] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Moment:
    """The heart at one phase, before it is in the scene."""

    record: dict[str, Any]
    labels: NDArray[np.uint8]
    places: dict[str, MeasuredFrame]


def reconstruct(
    scene: Any,
    client: Client,
    by_hand: Chosen | None = None,
    chosen: Any = None,
    *,
    model: str = MODEL,
    plane_angle: float | None = None,
    long_axes: LongAxes | None = None,
    replaces: bool = False,
) -> Job[Reconstructed]:
    """Makes hearts of a patient's views at end-diastole, end-systole or both; an image is segmented first.

    Args:
        scene: whose frames and cines they are, and where the hearts go.
        client: whose worker segments and reconstructs.
        by_hand: nodes that a user put into places, {'4CH ED': node}, of 3CH, too; None leaves a place empty.
        chosen: image or label map of the patient, see `clips_of_patient`.
        model: name of the model folder.
        plane_angle: degrees between the planes of 4CH and 2CH; None as the standard views stand.
        long_axes: where a user said that long axes lie; of others the label maps tell.
        replaces: whether the hearts take the place of those that were made last, as when one of the choices is tried.

    Raises:
        InputError: no phase has both views, or a pixel size is not known; and what the tasks raise.
    """
    hand = long_axis_of(scene, clips_of_patient(scene, chosen).patient) | dict(by_hand or {})
    with all_or_none() as added:
        places, study, warnings = yield from filled_places(scene, client, hand, chosen, added)
        phases = complete_phases(places)
        left_out = [where for where in places if where[-2:] not in phases]
        if left_out:
            told = f"{', '.join(left_out)} has no other view of its moment, and was left out"
            warnings.append(told)
        third = [named_otherwise(where, places[where].node) for where in LONG_AXIS_PLACES if where in places]
        warnings += filter(None, third)
        moments = {}
        for number, phase in enumerate(phases):
            yield Report(number, len(phases), f"reconstructing {phase}")
            of_phase = {where.split()[0]: place for where, place in places.items() if where.endswith(phase)}
            asked: dict[str, Any] = {"model": model} | ({} if plane_angle is None else {"plane_angle": plane_angle})
            if long_axes and long_axes.get(phase):
                asked["long_axes"] = json.dumps(long_axes[phase])
            moments[phase] = yield from _moment(client, of_phase, phase, asked)
        return (yield from _into_scene(scene, study, moments, warnings, replaces))


def complete_phases(places: Mapping[str, Any]) -> list[str]:
    """The phases of which both views stand in their places.

    Raises:
        InputError: there is none.
    """
    found = [phase for phase in PHASES if all(places.get(f"{view} {phase}") is not None for view in VIEWS)]
    if not found:
        there = ", ".join(where for where, node in places.items() if node is not None) or "none"
        raise InputError(
            f"A heart takes a four- and a two-chamber view of one moment, 4CH and 2CH at ED or at ES; there is {there}."
        )
    return found


def reconstructed_in(scene: Any) -> Reconstructed | None:
    """The heart that was reconstructed last in a scene, as its nodes tell; None where there is none."""
    parts = parts_of(scene, RECONSTRUCTED)
    kept = {phase: parts[phase] for phase in PHASES if phase in parts and parts[phase].GetAttribute(RECORD)}
    if not kept:
        return None
    records = {phase: json.loads(node.GetAttribute(RECORD)) for phase, node in kept.items()}
    first = next(iter(kept.values()))
    name = first.GetName().removesuffix(f" heart {next(iter(kept))}")
    return Reconstructed(name, records, kept, first.GetNodeReference(TABLE))


def _moment(client: Client, places: dict[str, MeasuredFrame], phase: str, asked: dict[str, Any]) -> Job[_Moment]:
    import SimpleITK as sitk

    with working_folder() as folder:
        for view, place in places.items():
            if place.spacing is None:
                name = place.node.GetName()
                raise InputError(
                    f"The pixel size of '{name}' is not known, and a heart has a size; calibrate it first."
                )
            if place.bare:
                raise InputError(f"'{place.node.GetName()}' ({view} {phase}) has no label map; segment it first.")
            # In a file of its own each view has its own pixel size.
            write_label_map(folder / f"{view}.nii.gz", place.label_map.codes, spacing=place.spacing)
        files = {name: folder / f"{view}.nii.gz" for view, name in _FILES.items() if view in places}
        request = files | {"output": folder / "heart"} | asked
        record = yield from in_worker(client, "reconstruct", request)
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(record["outputs"]["heart"])))
    for told in ("outputs", "sources", "source", "record"):
        record.pop(told, None)
    return _Moment(record, labels, places)


def _into_scene(
    scene: Any, study: PatientClips, moments: dict[str, _Moment], warnings: list[str], replaces: bool
) -> Job[Reconstructed]:
    """Adds segmentations, pictures and table; of an earlier heart what only showed it goes."""
    first = next(iter(moments.values()))
    source = next(iter(first.places.values())).node
    if source.GetScene() is not scene:
        raise InputError(f"'{source.GetName()}' was removed from the scene meanwhile, so nothing was added.")
    name = study.patient or source.GetName()
    found = Reconstructed(name, {phase: moment.record for phase, moment in moments.items()})
    nodes = {
        phase: new_heart_segmentation(
            moment.labels, moment.record["affine_ras_mm"], f"{name} heart {phase}", moment.record["prior_only"]
        )
        for phase, moment in moments.items()
    }
    yield Report(len(moments), len(moments), "hearts to Slicer")
    forget_shown(scene, and_hearts=replaces)
    for phase, node in nodes.items():
        node.SetAttribute(RECONSTRUCTED, phase)
        node.SetAttribute(RECORD, json.dumps(found.records[phase]))
        found.segmentations[phase] = add_to_scene(scene, node)
        stamp(node, found.records[phase])
        _place(node, source, study.patient)
        for view, place in moments[phase].places.items():
            pixels = place.picture()
            shown = gray_of(place.label_map.codes) if pixels is None else pixels
            where, plane = f"{view} {phase}", found.records[phase]["planes"][view]
            picture = add_picture(scene, where, shown, place.label_map.grid, plane, f"{name} {where}")
            stamp(picture, found.records[phase])
            _place(picture, source, study.patient)
    found.table = add_table(scene, f"{name} heart volumes")
    rows = table_rows(found.records)
    write_columns(found.table, {heading: [row[k] for row in rows] for k, heading in enumerate(HEADINGS)})
    _place(found.table, source, study.patient)
    for node in found.segmentations.values():
        node.SetNodeReferenceID(TABLE, found.table.GetID())
    found.sources = list(dict.fromkeys(place.node for moment in moments.values() for place in moment.places.values()))
    found.record = {"warnings": warnings}
    return found


def forget_shown(scene: Any, *, and_hearts: bool = False) -> None:
    """Takes away what showed an earlier heart - surfaces, pictures, planes; its segmentations stay, hidden.

    Args:
        scene: of the heart.
        and_hearts: whether segmentations and table go, too.
    """
    for part, node in parts_of(scene, RECONSTRUCTED).items():
        if part in PHASES and and_hearts:
            table = node.GetNodeReference(TABLE)
            if table is not None:
                scene.RemoveNode(table)
            remove(node)
        elif part in PHASES:
            node.RemoveAttribute(RECONSTRUCTED)
            node.SetDisplayVisibility(False)
        elif node.IsA("vtkMRMLTransformNode"):
            scene.RemoveNode(node)
        else:
            remove(node)


def _place(node: Any, source: Any, patient: str) -> None:
    """Puts a result beside what it was made from, in the patient's folder; it lies elsewhere in space."""
    transform = node.GetTransformNodeID() if node.IsA("vtkMRMLTransformableNode") else None
    place_beside(node, source)
    if node.IsA("vtkMRMLTransformableNode"):
        node.SetAndObserveTransformNodeID(transform)
    put_into_folder(node, patient)
