"""The task `examine`: a row and a thumbnail for each clip of a folder, a reason for each file that is none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from shipped import needs_views
from task_files import SPACING, names, write_echo, write_heart

import EchoSynthLib as es
from EchoSynthLib.acoustics import draw
from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import frame_view
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.images.clip_names import name_without_patient
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.write import write_image
from EchoSynthLib.tasks import Context, find_task
from EchoSynthLib.tasks.examine import COLUMNS, Examine
from EchoSynthLib.tasks.parts.examined_clip import LOOKED_AT, THUMBNAIL, evenly

SAMPLES = Path(__file__).resolve().parents[3] / "Resources" / "SampleData"


def write_dicom(path: Path, pixels: np.ndarray, patient: str) -> Path:
    """A cine (T, H, W) as a scanner writes it, with a patient's name, and no suffix."""
    file = pydicom.Dataset()
    file.SOPClassUID, file.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.3.1", pydicom.uid.generate_uid()
    file.Modality, file.PatientName, file.PatientID = "US", patient, "4711"
    file.NumberOfFrames, file.Rows, file.Columns = pixels.shape
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 8
    file.HighBit, file.PixelRepresentation, file.FrameTime = 7, 0, 25
    file.PixelData = pixels.tobytes()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID
    path.parent.mkdir(parents=True, exist_ok=True)
    file.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A frame, a cine in a folder within, a damaged file, a black one, and a label map, which is no clip."""
    inside = tmp_path / "exam"
    write_echo(inside / "Doe_4CH_ED.nii.gz")
    noise = read_image(write_echo(tmp_path / "noise.nii.gz", frames=20)).pixels
    write_dicom(inside / "disc" / "IM_Doe_0001", noise, "Doe^Jane")
    write_heart(inside / "Doe_4CH_ED_segmentation.nii.gz")
    (inside / "broken.png").write_bytes(b"\x89PNG")
    write_image(inside / "dark.png", np.zeros((64, 64), np.uint8))
    return inside


@needs_views
def test_each_file_has_a_row_and_a_bad_one_the_reason(tmp_path: Path, folder: Path) -> None:
    record = Examine(folder=folder, output=tmp_path / "out").run(Context())
    rows = {row["file"]: row for row in record["results"]}
    assert list(rows) == ["Doe_4CH_ED.nii.gz", "broken.png", "dark.png", "disc/IM_Doe_0001"]
    frame, cine = rows["Doe_4CH_ED.nii.gz"], rows["disc/IM_Doe_0001"]
    assert (frame["frames"], frame["frame_time_ms"], frame["spacing_trusted"]) == (1, None, True)
    assert frame["spacing_mm"] == pytest.approx(SPACING)
    assert (cine["frames"], cine["frame_time_ms"], cine["spacing_trusted"]) == (20, 25, False)
    assert sum(cine["view_probabilities"].values()) == pytest.approx(1)
    assert set(cine["view_probabilities"]) > {"2CH", "4CH", "PLAX"}
    assert 0 <= cine["trust"] < 0.5
    assert len(cine["trust_reasons"]) == 1
    assert "cannot be read" in rows["broken.png"]["failure"]
    assert "shows nothing" in rows["dark.png"]["failure"]
    assert [each["file"] for each in record["failures"]] == ["broken.png", "dark.png"]
    thumbnails = np.load(record["outputs"]["thumbnails"])
    assert thumbnails.shape == (4, *THUMBNAIL)
    assert [bool(one.any()) for one in thumbnails] == [True, False, False, True]
    assert names(tmp_path / "out") == ["examination.csv", "examination.json", "sheet.png", "thumbnails.npy"]
    with open(record["outputs"]["table"], newline="", encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    assert tuple(told[0]) == COLUMNS
    assert [row["frames"] for row in told] == ["1", "", "", "20"]
    assert Examine.findings(record)[1].startswith("disc/IM_Doe_0001: ")


@needs_views
def test_names_tell_no_patient_neither_that_of_the_file_nor_that_in_it(folder: Path) -> None:
    record = Examine(folder=folder).run(Context())
    assert [row["name"] for row in record["results"]] == ["4CH_ED", "broken", "dark", "IM_0001"]
    assert record["outputs"] == {}


@pytest.mark.parametrize(
    ("name", "patient", "left"),
    [
        ("patient0001_4CH_ED", [], "4CH_ED"),
        ("Jane Doe A4C end-systole", [], "A4C end-systole"),
        ("Doe_PSAX-PM_2", [], "PSAX-PM_2"),
        ("DOE_JANE_IM_0007", ["Doe^Jane", "12"], "IM_0007"),
        ("doe", ["Doe^J"], ""),
        ("IM_0007", ["", "I"], "IM_0007"),
    ],
)
def test_a_name_without_its_patient(name: str, patient: list[str], left: str) -> None:
    assert name_without_patient(name, patient) == left


@needs_views
def test_the_shares_of_a_cine_are_the_mean_over_a_few_frames_evenly_spread() -> None:
    path = SAMPLES / "synthetic_4CH_cine.nii.gz"
    (row,) = Examine(folder=path).run(Context())["results"]
    assert row["looked_at"] == evenly(range(20), LOOKED_AT) == [0, 3, 5, 8, 11, 14, 16, 19]
    pixels = read_image(path).pixels
    shares, record = es.classify_view(pixels[row["looked_at"]])
    assert (row["view"], row["view_probabilities"]) == ("4CH", pytest.approx(shares))
    assert row["trust"] >= record["trust"] > 0.5
    assert row["trust_reasons"] == []


@needs_views
def test_another_standard_view_is_trusted_to_be_one(tmp_path: Path) -> None:
    heart = Heart.drawn(seed=7)
    plane = cut(heart, frame_view(heart, "PLAX"))
    path = write_image(tmp_path / "clip.nii.gz", draw(plane, seed=1)[0], spacing=plane.spacing)
    (row,) = Examine(folder=path).run(Context())["results"]
    assert row["view"] == "PLAX"
    assert row["trust"] > 0.5 > es.trust(read_image(path).pixels)[0]


@needs_views
def test_results_in_the_folder_itself_are_no_clips_of_the_next_run(folder: Path) -> None:
    first = Examine(folder=folder, output=folder / "out").run(Context())
    again = Examine(folder=folder, output=folder / "out").run(Context())
    assert [row["file"] for row in again["results"]] == [row["file"] for row in first["results"]]
    assert json.loads((folder / "out" / "examination.json").read_text())["results"] == again["results"]


@needs_views
def test_a_thumbnail_has_square_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (96, 64), dtype=np.uint8)
    write_image(tmp_path / "wide.nii.gz", pixels, spacing=(0.2, 0.4))
    Examine(folder=tmp_path / "wide.nii.gz", output=tmp_path / "out").run(Context())
    (picture,) = np.load(tmp_path / "out" / "thumbnails.npy")
    assert np.count_nonzero(picture.any(axis=0)) == 128
    assert np.count_nonzero(picture.any(axis=1)) == 96


def test_an_empty_folder_is_refused_and_a_view_is_told_by_what_tells_views(tmp_path: Path) -> None:
    (tmp_path / "empty" / "within").mkdir(parents=True)
    with pytest.raises(InputError, match="There is no image or cine in the folder"):
        Examine(folder=tmp_path / "empty", output=tmp_path / "out").run(Context())
    assert not (tmp_path / "out").exists()
    (tmp_path / "empty" / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match="None of the 1 files"):
        Examine(folder=tmp_path / "empty").run(Context())


@needs_views
def test_cancelling_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    def stop(done: int, total: int, message: str) -> None:
        if message.startswith("disc"):
            raise Cancelled

    with pytest.raises(Cancelled):
        Examine(folder=folder, output=tmp_path / "out").run(Context(stop))
    assert not (tmp_path / "out").exists()


def test_it_is_found_by_its_name() -> None:
    found: Any = find_task("examine")
    assert found is Examine
