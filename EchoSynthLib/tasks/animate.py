"""The task `animate`: one frame becomes a cine in which the heart beats."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import check_named_view, name_of_cine, told_by_name
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import distinct_stems, result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, stamp_of, with_warnings
from EchoSynthLib.synthesis.animation import (
    BEATS,
    EJECTION_FRACTIONS,
    END_DIASTOLE,
    END_SYSTOLE,
    FRAME_RATES,
    FRAMES,
    HEART_RATES,
    UNTOLD,
    check_phase,
)
from EchoSynthLib.tasks.common.folders import all_or_none, run_each, warnings_of_each
from EchoSynthLib.tasks.common.motion import frame_parameter
from EchoSynthLib.tasks.common.options import PixelSize, Strictness, seed_parameter, view_parameter
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import RECORD, check_exists, naming, told_of_folder, write_records
from EchoSynthLib.tasks.common.view_told import view_told
from EchoSynthLib.tasks.parts.animate_inputs import GivenFrame, files_in, open_frame
from EchoSynthLib.tasks.parts.measure_cases import CaseFiles, case_of_file, cases_in
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

FORMATS = {"nifti": ".nii.gz", "npy": ".npy", "mp4": ".mp4", "avi": ".avi"}
OF_LABEL_MAPS = {".nii.gz": ".nii.gz", ".npy": ".npy"}
"""What label maps are written as, by what the cine is; videos would change their codes."""


@dataclass(frozen=True)
class AnimationFiles:
    """How the results of one frame are called."""

    cine: str
    label_maps: str
    record: str


def _limited(default: Any, limits: tuple[float, float], unit: str, help: str) -> Any:
    return parameter(default, minimum=limits[0], maximum=limits[1], unit=unit, help=help)


@dataclass(frozen=True, kw_only=True)
class Animate(PixelSize, Strictness, Task):
    """Makes the heart of a frame beat."""

    name = "animate"
    summary = "Make the heart of one frame beat with the ejection fraction asked for: a cine with its label maps."

    image: Path = parameter(
        main=True,
        help="frame (segmented first, unless its label map is given), cine of which one frame is taken, label map "
        "alone, whose frame is drawn, or a folder of them",
    )
    label_map: Path | None = parameter(
        None,
        help="label map of the frame, or a cine of them of which that frame's is taken; edited, it beats as edited",
    )
    output: Path = parameter(help=f"folder for the cine, its label maps and the record; {REPLACES}")
    ejection_fraction: float | None = _limited(
        None, EJECTION_FRACTIONS, "%", "of the left ventricle by discs; none as such a heart would have it"
    )
    frames: int = _limited(32, FRAMES, "frames", "of the whole cine")
    beats: int = _limited(1, BEATS, "beats", "that the frames are spread over, where no frame rate is given")
    heart_rate: float = _limited(70.0, HEART_RATES, "1/min", "of the heart")
    frame_rate: float | None = _limited(None, FRAME_RATES, "1/s", "of the cine; none spreads its frames over the beats")
    phase: str = parameter(
        END_DIASTOLE,
        help=f"of the beat that the frame shows: {END_DIASTOLE}, {END_SYSTOLE}, {UNTOLD} to have it found, or a number "
        "from 0, end-diastole, to 1",
    )
    frame: int = frame_parameter("number of the frame that is taken of a cine, from 0")
    seed: int = seed_parameter("of the motion and of the new speckle")
    view: str = view_parameter(
        "synthesis", "auto", help="apical view; auto takes that of the name, else what is seen in the image, else 4CH"
    )
    model: str = parameter("beating", help="name of the model, see `echosynth models`")
    segmenter: str = parameter("segmenter", help="name of the model that segments")
    check: bool = parameter(False, help="also segment the cine at end-diastole and end-systole, and tell what is seen")
    correct: bool = parameter(
        False, help="have the segmenter see the ejection fraction asked for; the labels then have some points more"
    )
    best_of: int | None = parameter(
        None,
        minimum=1,
        maximum=100,
        unit="cines",
        help="drawn by a model that draws by chance, of which the one nearest to the ejection fraction is kept; none "
        "draws one",
    )
    synthetic_image: bool = parameter(
        False, help="the image shows no patient; a file that EchoSynth wrote tells it by itself"
    )
    device: str = parameter("auto", help="for models that run in PyTorch, as in `echosynth synthesize`")
    format: str = parameter(
        "nifti", choices=tuple(FORMATS), help="file format of the cine; label maps of videos are NIfTI"
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Writes a cine, its label maps and a record for each frame; see `Task.run`."""
        check_phase(self._phase())
        check_exists(self.image, "image, label map or folder")
        folder = output_folder(self.output)
        if self.image.is_dir():
            return self._run_folder(folder, context)
        source = self._source()
        names = self._files_of(result_stem(stem_of(self.image)))
        left = check_replaceable(folder, names.record, astuple(names), self.name, self.image)
        with OutputFolder(folder) as hidden, naming(self.image):
            return self._animate(source, folder, hidden, names, context.progress, left)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """The ejection fraction asked for, that of the labels, and the one seen; of a folder how many frames beat."""
        if "ejection_fraction" not in record:
            return told_of_folder(record, "animated")
        fractions, volumes = record["ejection_fraction"], record["volumes_ml"]
        told = f"ejection fraction {fractions['labels']:.1f} % by the labels"
        if fractions["asked"] is not None:
            told += f", {fractions['asked']:g} % asked for"
        if fractions["segmented"] is not None:
            told += f", {fractions['segmented']:.1f} % segmented"
        if volumes is not None:
            told += f"; EDV {volumes['EDV']:.0f} ml, ESV {volumes['ESV']:.0f} ml in this view"
        return [f"{told}; {record['origin']}"]

    def _phase(self) -> str | float:
        try:
            return float(self.phase)
        except ValueError:
            return self.phase

    def _source(self) -> CaseFiles:
        if self.label_map is None:
            return case_of_file(self.image).sources["", ""]
        check_exists(self.label_map, "label map")
        return CaseFiles(self.image, self.label_map)

    def _files_of(self, stem: str) -> AnimationFiles:
        suffix, stem = FORMATS[self.format], name_of_cine(stem)
        labels = OF_LABEL_MAPS.get(suffix, ".nii.gz")
        return AnimationFiles(
            f"{stem}_beating{suffix}", f"{stem}_beating_segmentation{labels}", f"{stem}_beating_record.json"
        )

    def _run_folder(self, folder: Path, context: Context) -> dict[str, Any]:
        started = time.perf_counter()
        if self.label_map is not None:
            raise InputError(
                f"{self.image} is a folder, and {self.label_map} is the label map of one frame; in a folder label maps "
                "lie beside their images, as frame_gt.nii.gz beside frame.nii.gz."
            )
        sources = files_in(cases_in(self.image))
        mains = [source.image or source.label_map or self.image for source in sources]
        named = list(zip(sources, mains, distinct_stems(mains), strict=True))
        for _, main, stem in named:
            names = self._files_of(stem)
            check_replaceable(folder, names.record, astuple(names), self.name, main)
        check_replaceable(folder, RECORD, (), self.name, self.image)
        with OutputFolder(folder) as hidden:

            def one(item: tuple[CaseFiles, Path, str], progress: Progress) -> dict[str, Any]:
                source, main, stem = item
                names = self._files_of(stem)
                with all_or_none(hidden / name for name in astuple(names)):
                    record = self._animate(source, folder, hidden, names, progress, [])
                told = {"file": main.name, **{role: Path(path).name for role, path in record["outputs"].items()}}
                return with_warnings(told, record.get("warnings", []))

            results, failures = run_each(named, lambda item: item[1].name, one, context, self.image, "animated")
            record = new_record(self.name, source=self.image, started=started)
            record |= {"images": len(results), "failures": failures, "results": results, "outputs": {}}
            return write_records(hidden, RECORD, folder, with_warnings(record, warnings_of_each(results)))

    def _animate(
        self,
        source: CaseFiles,
        folder: Path,
        hidden: Path,
        names: AnimationFiles,
        progress: Progress,
        left: list[str],
    ) -> dict[str, Any]:
        from EchoSynthLib.images.write import write_image, write_label_map

        main = source.image or source.label_map or self.image
        view, doubts = self._view(source, main)
        given = open_frame(source, self.frame, self.pixel_size())
        cine, label_maps, record = es.animate(
            given.image,
            given.label_map,
            ejection_fraction=self.ejection_fraction,
            view=view,
            frames=self.frames,
            beats=self.beats,
            heart_rate=self.heart_rate,
            frame_rate=self.frame_rate,
            phase=self._phase(),
            seed=self.seed,
            spacing=given.spacing,
            model=self.model,
            segmenter=self.segmenter,
            check=self.check,
            correct=self.correct,
            best_of=self.best_of,
            synthetic_image=self.synthetic_image or given.synthetic,
            device=self.device,
            strict=self.strict,
            progress=progress,
        )
        record |= new_record(self.name, source=main, synthetic=True)
        if source.label_map is not None:
            record["source_label_map"] = str(source.label_map.resolve())
        whole, maps = given.whole(cine), given.whole(label_maps)
        like = given.like(whole, record["frame_time_ms"])
        write_image(hidden / names.cine, whole, like=like, attributes=stamp_of(record))
        write_label_map(hidden / names.label_maps, maps, like=like, attributes=stamp_of(record))
        record |= {
            "shape": list(whole.shape[1:]),
            "outputs": {"cine": names.cine, "label_maps": names.label_maps},
        }
        record = with_warnings(record, [*given.remarks, *doubts, *_doubts_of_phase(given, self._phase()), *left])
        return write_records(hidden, names.record, folder, record)

    def _view(self, source: CaseFiles, main: Path) -> tuple[str, list[str]]:
        """The view, or 'auto' where the image is to tell it, and what is doubtful."""
        if self.view != "auto" or source.image is None:
            return view_told(self.view, main)
        check_named_view(stem_of(main), "synthesis")
        return told_by_name(stem_of(main)).view or "auto", []


def _doubts_of_phase(given: GivenFrame, phase: str | float) -> list[str]:
    named = told_by_name(given.name).phase
    if not named or phase in (UNTOLD, named) or isinstance(phase, float):
        return []
    return [f"its name tells {named}, and it was taken as {phase}; --phase {named} takes it as named"]
