"""The task `reconstruct`: two or three views of one heart become the heart in 3D, with its volumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, LONG_AXIS, TWO_CHAMBER
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.options import PixelSize, Strictness
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, told_of_light, write_records
from EchoSynthLib.tasks.parts.measure_cases import CaseFiles, case_of_file, cases_in
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Spacing

if TYPE_CHECKING:
    from EchoSynthLib.measurement.given import Given

PHASES = ("ED", "ES")
VIEWS = (FOUR_CHAMBER.name, TWO_CHAMBER.name, LONG_AXIS.name)
Sources = Mapping[str, Mapping[str, CaseFiles]]
"""Files by moment and view; the moment is '' where there is one, or where the files are cines."""


@dataclass(frozen=True, kw_only=True)
class Reconstruct(PixelSize, Strictness, Task):
    """Finds the heart whose cuts the views are."""

    name = "reconstruct"
    summary = "Reconstruct the heart in 3D from 4CH and 2CH: chambers and walls in mm, volumes with intervals, EF."

    image: Path = parameter(
        main=True,
        help="4CH view: label map, image (segmented first), or cine of either; or the folder of one patient, whose "
        "files are named as patient0001_4CH_ED",
    )
    two_chamber: Path | None = parameter(None, help="2CH view of the same moment; needed unless a folder is given")
    long_axis: Path | None = parameter(None, help="apical long-axis view (3CH) of the same moment, if there is one")
    output: Path = parameter(help=f"folder for the results; {REPLACES}")
    model: str = parameter("heart3d", help="name of the model that reconstructs, see `echosynth models`")
    segmenter: str = parameter("segmenter", help="name of the model that segments images")
    plane_angle: float | None = parameter(
        None,
        minimum=30,
        maximum=120,
        unit="degrees",
        help="between the planes of 4CH and 2CH, where it is known; none takes the angle of the standard views",
    )
    long_axes: str | None = parameter(
        None,
        help="apex and middle of the mitral plane by view where the label map does not show them, as JSON in pixels: "
        '{"4CH": [[row, column], [row, column]]}',
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Writes a label volume for each moment, in RAS, and a record; see `Task.run`."""
        from EchoSynthLib.tasks.parts.heart_volume import write_heart

        folder = output_folder(self.output)
        sources, stem = self._sources()
        record_name = f"{stem}_heart_record.json"
        with naming(self.image):
            views, spacing, moments, remarks = self._views(sources)
        names = [f"{stem}_heart{moment and '_' + moment}.nii.gz" for moment in moments]
        check_replaceable(folder, record_name, names, self.name, self.image)
        with OutputFolder(folder) as hidden, naming(self.image):
            labels, record = es.reconstruct(
                views,
                spacing,
                model=self.model,
                segmenter=self.segmenter,
                plane_angle=self.plane_angle,
                long_axes=self._long_axes(),
                strict=self.strict,
                progress=context.progress,
            )
            hearts = labels[None] if labels.ndim == 3 else labels
            for name, heart in zip(names, hearts, strict=True):
                write_heart(hidden / name, heart, record["affine_ras_mm"])
            record |= new_record(self.name, source=self.image) | {
                "sources": {view: str(path.resolve()) for view, path in self._given().items()},
                "moments_named": list(moments),
                "spacing_mm": {view: list(step) for view, step in spacing.items()},
                "outputs": {
                    f"heart{moment and ' ' + moment}": name for moment, name in zip(moments, names, strict=True)
                },
            }
            return write_records(hidden, record_name, folder, with_warnings(record, remarks))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """Volumes of the left ventricle beside those of discs, the ejection fraction, and the light."""
        light = told_of_light(record["light"])
        if "EF_percent" not in record:
            name = "left ventricle"
            low, high = record["intervals_ml"].get(name, (None, None))
            between = "" if low is None else f" (truly {low:.0f} to {high:.0f})"
            return [
                f"{name} {record['volumes_ml'][name]:.1f} ml{between}, by biplane discs "
                f"{record['biplane_discs_ml']:.1f} ml ({light})"
            ]
        volumes = [of_moment["left ventricle"] for of_moment in record["volumes_ml"]]
        discs = record["biplane_discs_ml"]
        by_discs = 100 * (1 - min(discs) / max(discs))
        return [
            f"left ventricle {max(volumes):.1f} to {min(volumes):.1f} ml, EF {record['EF_percent']:.1f} %, by biplane "
            f"discs {max(discs):.1f} to {min(discs):.1f} ml, {by_discs:.1f} % ({light})"
        ]

    def _given(self) -> dict[str, Path]:
        given = {FOUR_CHAMBER.name: self.image, TWO_CHAMBER.name: self.two_chamber, LONG_AXIS.name: self.long_axis}
        return {view: path for view, path in given.items() if path is not None}

    def _long_axes(self) -> dict[str, Any] | None:
        if self.long_axes is None:
            return None
        try:
            told = json.loads(self.long_axes)
        except ValueError as error:
            raise InputError(f"long_axes is no JSON: {self.long_axes!r:.120}; {error}.") from error
        if not isinstance(told, dict):
            raise InputError(f"long_axes are told by view, as a JSON object; given was {self.long_axes:.120}.")
        return told

    def _sources(self) -> tuple[Sources, str]:
        """The files, and how results of them are called."""
        if check_exists(self.image, "image or folder").is_dir():
            return self._of_folder()
        given = self._given()
        if self.two_chamber is None:
            raise InputError(f"{self.image} is one view, and a heart takes two; give two_chamber, too.")
        phases: dict[str, str] = {}
        for view, path in given.items():
            told = told_by_name(stem_of(check_exists(path, "image")), (LONG_AXIS,))
            if path.is_dir():
                raise InputError(f"{path} is a folder; give one image for {view}, or the folder alone.")
            if told.view and told.view != view:
                raise InputError(
                    f"{path.name} is named as a view of {told.view}, and was given as {view}; exchange them."
                )
            if told.phase:
                phases.setdefault(told.phase, path.name)
        if len(phases) > 1:
            named = " and ".join(f"{name} ({phase})" for phase, name in phases.items())
            raise InputError(
                f"The views of a heart are of one moment of its beat, and these are named as two: {named}. Give files "
                "of one phase, or the folder with both."
            )
        files = {view: next(iter(case_of_file(path).sources.values())) for view, path in given.items()}
        return {"": files}, result_stem(stem_of(self.image))

    def _of_folder(self) -> tuple[Sources, str]:
        if self.two_chamber is not None or self.long_axis is not None:
            raise InputError(f"{self.image} is a folder, whose files tell the views; give no other files beside it.")
        wanted = "files named as patient0001_4CH_ED and patient0001_2CH_ED, of one patient"
        complete = {}
        for case in cases_in(self.image, (LONG_AXIS,)):
            moments = {
                phase: {view: case.sources[view, phase] for view in VIEWS if (view, phase) in case.sources}
                for phase in PHASES
                if {(FOUR_CHAMBER.name, phase), (TWO_CHAMBER.name, phase)} <= set(case.sources)
            }
            third = [phase for phase, files in moments.items() if LONG_AXIS.name in files]
            if third and len(third) < len(moments):
                raise InputError(
                    f"The folder {self.image} has the view {LONG_AXIS.name} at {third[0]} alone, and both moments are "
                    "made from the same views; add the other one, or take it away."
                )
            if moments:
                complete[case.name] = moments
        if len(complete) != 1:
            found = ", ".join(complete) or "none"
            raise InputError(f"The folder {self.image} has to hold {wanted}; patients with both views: {found}.")
        (name, sources), *_ = complete.items()
        return sources, result_stem(name)

    def _views(self, sources: Sources) -> tuple[dict[str, Any], dict[str, Spacing], list[str], list[str]]:
        """Pictures and spacing by view, names of the moments, and what the readers had to say."""
        import numpy as np

        from EchoSynthLib.tasks.parts.measure_inputs import open_source

        pictures: dict[str, list[Any]] = {}
        spacing: dict[str, Spacing] = {}
        remarks: list[str] = []
        is_cycle = len(sources) > 1
        for moment, files in sources.items():
            for view, source in files.items():
                frames, told, _time = open_source(source, self.pixel_size())
                remarks += told
                if frames[0].spacing is None:
                    raise InputError(
                        f"The pixel size of {view}{moment and ' ' + moment} is not known, and a heart has a size; give "
                        "it by row_spacing and column_spacing, in mm."
                    )
                if spacing.setdefault(view, frames[0].spacing) != frames[0].spacing:
                    raise InputError(
                        f"The frames of {view} differ in pixel size: {spacing[view]} and {frames[0].spacing} mm; "
                        "reconstruct each moment on its own."
                    )
                if is_cycle and len(frames) > 1:
                    raise InputError(
                        f"{view} {moment} is a cine of {len(frames)} frames; give single frames by moment."
                    )
                pictures.setdefault(view, []).extend(_shown(frame) for frame in frames)
        counts = {len(of_view) for of_view in pictures.values()}
        if max(counts) == 1:
            return {view: of_view[0] for view, of_view in pictures.items()}, spacing, list(sources), remarks
        if len(counts) > 1:
            told_of = ", ".join(f"{view} {len(of_view)}" for view, of_view in pictures.items())
            raise InputError(f"The cines have different numbers of frames ({told_of}); give as many of each view.")
        for view, of_view in pictures.items():
            shapes = {np.shape(picture) for picture in of_view}
            if len(shapes) > 1:
                raise InputError(f"The frames of {view} differ in size ({shapes}); reconstruct each moment on its own.")
        moments = list(sources) if is_cycle else [str(index) for index in range(next(iter(counts)))]
        return {view: np.stack(of_view) for view, of_view in pictures.items()}, spacing, moments, remarks


def _shown(frame: Given) -> Any:
    return frame.image if frame.label_map is None else frame.label_map
