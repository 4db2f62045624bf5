"""DICOM ultrasound, single and multi-frame, through pydicom."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from EchoSynthLib.images.dicom.calibration import (
    frame_time_ms,
    pixel_spacing,
    region_spacing,
    tissue_box,
    tissue_region,
)
from EchoSynthLib.images.dicom.file import EXPECTED, load_dataset
from EchoSynthLib.images.dicom.pixels import gray_frames
from EchoSynthLib.images.formats import reading
from EchoSynthLib.images.frame import EchoCine, EchoFrame, frame_or_cine

if TYPE_CHECKING:
    from pydicom import Dataset


def read_dicom(path: Path) -> EchoFrame | EchoCine:
    """A frame or cine of a DICOM file, whole, with the box of its 2D tissue region where the scanner tells it.

    The spacing is that of the tissue region, else PixelSpacing. A number that is not needed for the pixels and broken
    counts as unknown, and a remark says so.

    Raises:
        InputError: not DICOM, incomplete, an object that is no 2D ultrasound, or a transfer syntax that cannot be
            decoded, both of which it names.
    """
    remarks: list[str] = []
    # pydicom remarks on every liberty that a scanner took with the standard; the user can do nothing about them.
    with reading(path, EXPECTED), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = load_dataset(path, remarks)
        region = tissue_region(dataset, path, remarks)
        pixels = gray_frames(dataset, path)
        spacing = (region_spacing(region, remarks) if region else None) or pixel_spacing(dataset, remarks)
        box = tissue_box(region, pixels.shape[1:]) if region else None
        time = frame_time_ms(dataset, remarks) if len(pixels) > 1 else None
        cine = EchoCine(pixels, spacing, spacing is not None, str(path), time, None, box)
        return frame_or_cine(replace(cine, remarks=tuple(dict.fromkeys(remarks)), exam_date=_exam_date(dataset)))


def _exam_date(dataset: Dataset) -> str:
    """YYYY-MM-DD of the study, else of what was acquired; '' where neither is a date."""
    for name in ("StudyDate", "AcquisitionDate", "ContentDate"):
        # Old files write 2019.05.03.
        digits = str(dataset.get(name, "")).replace(".", "").strip()
        try:
            return datetime.strptime(digits, "%Y%m%d").date().isoformat()
        except ValueError:
            continue
    return ""
