"""The task `segment`: an echo frame, a cine or a folder of them becomes label maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import check_named_view
from EchoSynthLib.images.formats import ITK_SUFFIXES, PICTURE_SUFFIXES, VIDEO_SUFFIXES, stem_of, suffix_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.folder_runs import run_folder
from EchoSynthLib.tasks.common.inputs import trusted_spacing
from EchoSynthLib.tasks.common.motion import frame_time_of, frame_time_parameter
from EchoSynthLib.tasks.common.options import IMAGES, Strictness, view_parameter
from EchoSynthLib.tasks.common.output_places import check_replaceable, is_folder
from EchoSynthLib.tasks.common.results import FORMATS, RECORD, check_exists, naming, told_of_folder, write_records
from EchoSynthLib.tasks.common.shown import blank_frames
from EchoSynthLib.tasks.task import Context, Task, parameter
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame
    from EchoSynthLib.segmentation.results import SegmentationResult

WRITABLE = (".nii.gz", ".nii", ".mha", ".nrrd", ".png", ".npy")
NOT_WRITABLE = {*ITK_SUFFIXES, ".dcm", ".dicom", *PICTURE_SUFFIXES, *VIDEO_SUFFIXES} - {*WRITABLE}


@dataclass(frozen=True)
class SegmentationFiles:
    """How the results of one image are called."""

    segmentation: str
    confidence: str
    record: str


@dataclass(frozen=True, kw_only=True)
class Segment(Strictness, Task):
    """Finds the structures in an image, in each frame of a cine, or in every image of a folder."""

    name = "segment"
    summary = "Find LV cavity, myocardium and left atrium in an echo frame, a cine, or a folder of them."

    image: Path = parameter(main=True, help=IMAGES)
    output: Path = parameter(
        help="folder for the results; for one image also the label map's file name, such as map.nii.gz; results of "
        "the same input are replaced, those of another never"
    )
    view: str = view_parameter("segmentation", "auto", help="apical view; auto takes what the model sees")
    model: str = parameter("segmenter", help="name of the model, see `echosynth models`")
    frame_time: float | None = frame_time_parameter()
    confidence: bool = parameter(True, help="also write the confidence map: how sure the model is of each pixel")
    format: str = parameter(
        "nifti", choices=tuple(FORMATS), help="file format of the results; a file name's own suffix wins"
    )

    def run(self, context: Context) -> dict[str, Any]:
        """Writes label map, confidence (0 to 1; of cines and in PNG 0 to 255) and record of each; see `Task.run`."""
        check_exists(self.image, "image or folder")
        if self.image.is_dir():
            return self._run_folder(context)
        folder, names = self._place_of_one()
        check_replaceable(folder, names.record, astuple(names), self.name, self.image)
        with OutputFolder(folder) as hidden, naming(self.image):
            return self._segment(self.image, folder, hidden, names, context.progress)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How many images of a folder were segmented; of a lone one the view, and how sure the model is."""
        if "mean_confidence" not in record:
            return told_of_folder(record, "segmented")
        seen = record.get("view_probabilities", {}).get(record["view"])
        sure = "as given" if record["view_source"] != "model" or seen is None else f"{100 * seen:.0f} % sure"
        return [f"{record['view']} view ({sure}), mean confidence {record['mean_confidence']:.2f}"]

    def _place_of_one(self) -> tuple[Path, SegmentationFiles]:
        suffix = suffix_of(self.output)
        if is_folder(self.output) or suffix not in {*WRITABLE, *NOT_WRITABLE}:
            return self.output, self._files_of(result_stem(stem_of(self.image)))
        if suffix in NOT_WRITABLE:
            raise InputError(
                f"A label map cannot be written as {self.output.name}; end the name in one of {', '.join(WRITABLE)}."
            )
        if self.output.exists() and self.output.samefile(self.image):
            raise InputError(f"The output {self.output} is the image itself; give another name.")
        stem = stem_of(self.output)
        return self.output.parent, SegmentationFiles(
            self.output.name, f"{stem}_confidence{suffix}", f"{stem}_record.json"
        )

    def _run_folder(self, context: Context) -> dict[str, Any]:
        if not is_folder(self.output) and suffix_of(self.output) in {*WRITABLE, *NOT_WRITABLE}:
            raise InputError(
                f"{self.image} is a folder, so the output is one too; {self.output.name} names a single file."
            )
        return run_folder(
            self.name, self.image, self.output, RECORD, self._files_of, self._segment_of_folder, context, "segmented"
        )

    def _files_of(self, stem: str) -> SegmentationFiles:
        return _names(stem, FORMATS[self.format])

    def _segment_of_folder(
        self, path: Path, hidden: Path, names: SegmentationFiles, progress: Progress
    ) -> dict[str, Any]:
        return self._segment(path, self.output, hidden, names, progress)

    def _segment(
        self, path: Path, folder: Path, hidden: Path, names: SegmentationFiles, progress: Progress
    ) -> dict[str, Any]:
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo
        from EchoSynthLib.images.write import write_label_map

        if self.view == "auto":
            check_named_view(stem_of(path), "segmentation")
        image = read_echo(path)
        if isinstance(image, EchoCine) and names.segmentation.endswith(".png"):
            raise InputError(f"{path} is a cine of {len(image)} frames and PNG holds one; take NIfTI or npy.")
        blank = blank_frames(image)
        scale = _confidence_scale(names.confidence, image)
        if isinstance(image, EchoCine):
            label_map, confidence, record = self._segment_cine(image, blank, scale, progress)
        else:
            label_map, confidence, record = self._segment_frame(image, progress)
        write_label_map(hidden / names.segmentation, label_map, like=image)
        record = record | new_record(self.name, source=path) | {"outputs": {"segmentation": names.segmentation}}
        if confidence is not None:
            _write_confidence(hidden / names.confidence, confidence, scale, image)
            record |= {"confidence_scale": scale, "outputs": {**record["outputs"], "confidence": names.confidence}}
        record = with_warnings(record, image.remarks)
        return write_records(hidden, names.record, folder, record)

    def _segment_frame(
        self, frame: EchoFrame, progress: Progress
    ) -> tuple[np.ndarray, np.ndarray | None, dict[str, Any]]:

        tissue = frame.tissue
        found = es.segment_detailed(
            frame.pixels[tissue],
            trusted_spacing(frame),
            view=self.view,
            model=self.model,
            strict=self.strict,
            progress=progress,
        )
        # Beside the tissue a scanner draws scales and text: nothing is looked for there, and nothing is known of it.
        label_map = np.zeros(frame.pixels.shape, np.uint8)
        label_map[tissue] = found.label_map
        if not self.confidence:
            return label_map, None, found.record
        confidence = np.zeros(frame.pixels.shape, np.float32)
        confidence[tissue] = found.confidence
        return label_map, confidence, found.record

    def _segment_cine(
        self, cine: EchoCine, blank: list[int], scale: int, progress: Progress
    ) -> tuple[np.ndarray, np.ndarray | None, dict[str, Any]]:
        tissue = cine.tissue
        label_maps = np.zeros_like(cine.pixels)
        confidences = np.zeros(cine.pixels.shape, np.uint8 if scale == 255 else np.float32) if self.confidence else None

        def keep(index: int, found: SegmentationResult) -> None:
            if confidences is not None:
                confidences[index, *tissue] = in_scale(found.confidence, scale)

        label_maps[:, *tissue], record = es.segment_cine(
            cine.pixels[:, *tissue],
            trusted_spacing(cine),
            frame_time_of(cine, self.frame_time),
            view=self.view,
            model=self.model,
            blank=blank,
            each=keep,
            strict=self.strict,
            progress=progress,
        )
        return label_maps, confidences, record


def _confidence_scale(name: str, image: EchoFrame | EchoCine) -> int:
    """What stands for certainty in a confidence file: 1, or 255 where whole gray levels are written."""
    # A cine's confidence as float takes longer to compress than to compute.
    return 255 if name.endswith(".png") or (image.pixels.ndim == 3 and not name.endswith(".npy")) else 1


def _write_confidence(path: Path, confidence: np.ndarray, scale: int, image: EchoFrame | EchoCine) -> None:
    from EchoSynthLib.images.write import write_image, write_map

    if scale == 255:
        write_image(path, in_scale(confidence, scale), like=image)
    else:
        write_map(path, confidence, like=image)


def in_scale(confidence: np.ndarray, scale: int) -> np.ndarray:
    """Confidence (H, W) in [0, 1] as it is, or as whole gray levels of a scale of 255."""
    # 8-bit values are what a cine already has.
    return np.rint(confidence * 255).astype(np.uint8) if scale == 255 and confidence.dtype != np.uint8 else confidence


def _names(stem: str, suffix: str) -> SegmentationFiles:
    return SegmentationFiles(f"{stem}_segmentation{suffix}", f"{stem}_confidence{suffix}", f"{stem}_record.json")
