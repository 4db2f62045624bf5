"""An echo file as a node: what the file says of itself is not lost on the way into the scene."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
import vtk
from drawn_nodes import pixels_of
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from EchoSynthJobs.job import finish
from EchoSynthJobs.open import is_echo_file, open_echo, open_files
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.write import write_image
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.study_folder import exam_date_of
from EchoSynthMRML.volumes import tissue_of, trusted_spacing

FRAMES, SHAPE = 5, (64, 80)
PIXELS = np.random.default_rng(0).integers(0, 256, (FRAMES, *SHAPE)).astype(np.uint8)


@pytest.fixture
def opened(scene: Any, client: Client) -> Any:
    """Opens a file."""
    return lambda path: finish(open_echo(scene, client, path), lambda report: time.sleep(0.002))


def ultrasound_dicom(path: Path) -> Path:
    """A cine of a scanner: 33 ms a frame, pixels of 0.308 mm in a region beside which other things are drawn."""
    file = Dataset()
    file.SOPClassUID, file.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.3.1", pydicom.uid.generate_uid()
    file.Modality, file.PatientName, file.PatientID = "US", "nobody", "0"
    file.Rows, file.Columns, file.NumberOfFrames = *SHAPE, FRAMES
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 8
    file.HighBit, file.PixelRepresentation = 7, 0
    file.FrameTime, file.StudyDate = 33, "20190503"
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 8, 4
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 71, 59
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.0308
    file.SequenceOfUltrasoundRegions = Sequence([region])
    file.PixelData = PIXELS.tobytes()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID
    pydicom.dcmwrite(path, file, enforce_file_format=True)
    return path


@pytest.mark.parametrize("name", ["a4c.dcm", "1.2.840.113619.2.1"])
def test_a_dicom_cine_keeps_calibration_frame_time_and_region(opened, tmp_path, name):
    volume = opened(ultrasound_dicom(tmp_path / name)).volume
    cine = cine_of(volume)
    assert volume.GetName() == ("a4c" if name.endswith("dcm") else name)
    assert trusted_spacing(volume) == pytest.approx((0.308, 0.308))
    assert trusted_spacing(cine.node(3)) == pytest.approx((0.308, 0.308))
    assert cine.browser.GetPlaybackRateFps() == pytest.approx(1000 / 33)
    assert (cine.sequence.GetIndexName(), cine.sequence.GetIndexUnit()) == ("time", "s")
    assert float(cine.value(3)) == pytest.approx(0.099)
    assert tissue_of(volume) == tissue_of(cine.node(2)) == (slice(4, 60), slice(8, 72))
    assert np.array_equal(pixels_of(cine.node(4)), PIXELS[4])
    assert exam_date_of(volume) == "2019-05-03"


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_a_video_is_a_cine_at_its_own_speed_and_not_calibrated(opened, tmp_path, suffix):
    frames = np.repeat(PIXELS // 8 + 60, 4, axis=0)
    path = write_image(tmp_path / f"clip{suffix}", frames, like=EchoCine(frames, frame_time_ms=40.0))
    volume = opened(path).volume
    assert len(cine_of(volume)) == 4 * FRAMES
    assert cine_of(volume).browser.GetPlaybackRateFps() == pytest.approx(25, rel=0.01)
    assert trusted_spacing(volume) is None


def test_a_picture_lies_as_slicer_lays_one(opened, tmp_path):
    path = write_image(tmp_path / "frame.png", PIXELS[0])
    volume = opened(path).volume
    assert Grid.of_volume(volume).ijk_to_ras == (-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    assert trusted_spacing(volume) is None
    assert np.array_equal(pixels_of(volume), PIXELS[0])
    assert cine_of(volume) is None


def test_an_oblique_frame_lies_where_its_header_says(opened, tmp_path):
    turned, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    turned *= np.sign(np.linalg.det(turned))
    image = sitk.GetImageFromArray(PIXELS[:1])
    image.SetSpacing((0.31, 0.22, 1.5))
    image.SetOrigin((12, -7, 40))
    image.SetDirection(turned.ravel().tolist())
    sitk.WriteImage(image, str(tmp_path / "oblique.nrrd"))
    matrix = vtk.vtkMatrix4x4()
    opened(tmp_path / "oblique.nrrd").volume.GetIJKToRASMatrix(matrix)
    for pixel in ((0, 0), (79, 0), (0, 63)):
        left, posterior, superior = image.TransformIndexToPhysicalPoint((*pixel, 0))
        assert matrix.MultiplyPoint((*pixel, 0, 1))[:3] == pytest.approx((-left, -posterior, superior), abs=1e-4)


def test_the_remarks_of_the_reader_come_along(opened, tmp_path):
    heart = parametric_heart("4CH", 0.0)
    speckle = np.random.default_rng(0).rayleigh(60, heart.label_map.shape)
    upside_down = np.where(heart.sector.mask(speckle.shape), speckle.clip(1, 255), 0)[::-1].astype(np.uint8)
    (warning,) = opened(write_image(tmp_path / "flipped.png", upside_down)).record["warnings"]
    assert "upside down" in warning


def test_a_file_that_cannot_be_read_is_told_and_leaves_nothing(scene, opened, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match=r"broken\.mp4"):
        opened(tmp_path / "broken.mp4")
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


@pytest.fixture
def study(tmp_path: Path) -> list[Path]:
    """Two frames and a cine of a patient, and between them a file that is no video."""
    frames = [write_image(tmp_path / f"p7_{name}.png", PIXELS[0]) for name in ("2CH_ED", "2CH_ES")]
    (tmp_path / "p7_broken.mp4").write_bytes(b"no video")
    return [frames[0], tmp_path / "p7_broken.mp4", frames[1], ultrasound_dicom(tmp_path / "p7_4CH.dcm")]


def test_of_several_files_each_is_opened_the_first_is_given_and_one_that_fails_is_named(scene, client, study):
    opened = finish(open_files(scene, client, study), lambda report: time.sleep(0.002))
    assert opened.volume.GetName() == "p7_2CH_ED"
    names = {scene.GetNthNodeByClass(k, "vtkMRMLScalarVolumeNode").GetName() for k in range(3)}
    assert names == {"p7_2CH_ED", "p7_2CH_ES", "p7_4CH"}
    assert len(cine_of(scene.GetFirstNodeByName("p7_4CH"))) == FRAMES
    (failed,) = [text for text in opened.record["warnings"] if "broken" in text]
    assert failed.startswith("p7_broken.mp4 was not opened: ")


def test_the_reports_on_several_files_tell_which_one_is_read(scene, client, study):
    said: list[str] = []
    finish(open_files(scene, client, study), lambda report: said.append(report.message) or time.sleep(0.002))
    assert any(text.startswith("p7_2CH_ES.png (3 of 4)") for text in said)
    assert any(text.startswith("p7_4CH.dcm (4 of 4): frame 2 of 5") for text in said)


def test_several_files_of_which_the_last_is_cancelled_leave_nothing(scene, client, study):
    job = open_files(scene, client, study)
    while "(4 of 4)" not in next(job).message:
        time.sleep(0.002)
    job.close()
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


def test_where_none_of_several_files_can_be_read_each_is_told(scene, client, tmp_path):
    paths = [tmp_path / "one.mp4", tmp_path / "two.png"]
    for path in paths:
        path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"(?s)one\.mp4 was not opened.*two\.png was not opened"):
        finish(open_files(scene, client, paths), lambda report: time.sleep(0.002))


@pytest.mark.slow
def test_what_is_no_echo_file_is_left_to_slicer(tmp_path):
    (tmp_path / "scene.mrb").write_bytes(b"PK")
    assert not is_echo_file(tmp_path / "scene.mrb")
    assert is_echo_file(tmp_path / "clip.MP4")
