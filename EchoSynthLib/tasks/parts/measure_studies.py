"""What frames and cines of a folder give together that were measured one by one: a patient's views, by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from EchoSynthLib.anatomy.views import BIPLANE
from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import folded, result_stem
from EchoSynthLib.tasks.parts.measure_cases import ALONE, Case

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.measurement import FrameMeasures, Study
    from EchoSynthLib.measurement.study_places import Clip

Frames = dict[int, tuple["FrameMeasures", "np.ndarray | None"]]


@dataclass
class PatientStudy:
    """A patient of whom both views are there, as cines or as frames whose names tell no phase.

    Attributes:
        name: of the study.
        patient: whose it is, as the names tell; '' where they tell the view alone.
        cases: that belong to it.
        clips: what is known of each that was measured, and its frames with their images: of a cine the ends of beats.
    """

    name: str
    patient: str
    cases: list[Case]
    clips: list[tuple[Clip, Frames]] = field(default_factory=list)

    def keep(self, case: Case, study: Study, images: dict[str, np.ndarray]) -> None:
        """Takes what was measured of one of its cases."""
        from EchoSynthLib.measurement.study_places import Clip

        frames = list(study.frames.values())
        wanted = [0] if study.cycle is None else [study.cycle.diastole.frame, study.cycle.systole.frame]
        places = list(study.frames)
        kept = {index: (frames[index], images.get(places[index])) for index in wanted}
        first = frames[0]
        clip = Clip(
            _name_of(case),
            folder=self.patient or self.name,
            seen=next((frame.seen_view for frame, _ in kept.values() if frame.seen_view), "") or "",
            areas=[frame.values.get("LV area", 0.0) for frame in frames],
            scale=first.labels.shape if first.spacing is None else "mm2",
            frames=len(frames),
            ends=None if study.cycle is None else (study.cycle.diastole.frame, study.cycle.systole.frame),
        )
        self.clips.append((clip, kept))

    def measured(self) -> tuple[Study, dict[str, np.ndarray], dict[str, str]] | None:
        """The study of both views, the images and the names of the clips by place; None where a view is missing."""
        from dataclasses import replace

        from EchoSynthLib.measurement import study_of_places
        from EchoSynthLib.measurement.study_places import fill_places

        filling = fill_places([clip for clip, _ in self.clips])
        if len({where[:3] for where in filling.places}) < 2:
            return None
        found = {}
        for where, filled in filling.places.items():
            clip, kept = self.clips[filled.clip]
            found[where] = (clip, *kept[0 if filled.frame is None else filled.frame])
        study = study_of_places({where: frame for where, (_, frame, _) in found.items()})
        images = {where: image for where, (_, _, image) in found.items() if image is not None}
        names = {where: clip.name for where, (clip, _, _) in found.items()}
        return replace(study, warnings=(*filling.doubts, *study.warnings)), images, names


def studies_among(cases: Sequence[Case], folder: str) -> list[PatientStudy]:
    """The patients of whom both views are among the cases that are measured alone.

    Args:
        cases: of a folder.
        folder: its name, which stands for the patient where names tell the view alone.
    """
    taken = {folded(case.name) for case in cases}
    groups: dict[str, PatientStudy] = {}
    for case in cases:
        told = told_by_name(_name_of(case))
        if ALONE in case.sources and told.view:
            name = result_stem(told.patient or folder)
            groups.setdefault(folded(name), PatientStudy(name, told.patient, [])).cases.append(case)
    found = [study for study in groups.values() if {view.name for view in BIPLANE} <= set(_views(study.cases))]
    for study in found:
        while folded(study.name) in taken:
            study.name += "_study"
        taken.add(folded(study.name))
    return found


def _views(cases: Sequence[Case]) -> Iterator[str]:
    return (told_by_name(_name_of(case)).view for case in cases)


def _name_of(case: Case) -> str:
    source = next(iter(case.sources.values()))
    path = source.image or source.label_map
    return case.name if path is None else stem_of(path)
