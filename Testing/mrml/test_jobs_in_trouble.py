"""Jobs whose nodes or files go away while they run: told at once, in words, and nothing half-made."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from EchoSynthJobs.job import finish
from EchoSynthJobs.segment import segment
from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
from EchoSynthJobs.vary import Change, vary
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.errors import InputError, OutputError
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.provenance import frame_stamped
from EchoSynthMRML.volumes import REGION, add_to_scene, new_frame

SHAPE = (72, 88)
GRID = Grid(SHAPE, (-0.5, 0, 0, 0, 0, -0.5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))


@pytest.fixture
def cine(scene: Any) -> Any:
    """A cine of four frames of noise; the node that shows them."""
    builder = CineBuilder("echo")
    for seed in range(4):
        builder.append(new_frame(_noise(seed), GRID, "echo"))
    return builder.finish(scene)


@pytest.fixture
def heart(scene: Any) -> Any:
    """A label map."""
    codes = parametric_heart("4CH", 0.0, shape=SHAPE).label_map
    return add_to_scene(scene, new_segmentation(codes, GRID, "heart"))


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 255, SHAPE).astype(np.uint8)


def run(job: Any, meanwhile: Callable[[], None] | None = None) -> Any:
    """Drives a job; `meanwhile` is done once, when the worker has the task."""
    waiting = [meanwhile] if meanwhile else []

    def idle(report: Any) -> None:
        if report.waiting and waiting:
            waiting.pop()()
        time.sleep(0.002)

    return finish(job, idle)


def nodes_of(scene: Any, kind: str) -> int:
    return int(scene.GetNumberOfNodesByClass(kind))


def test_a_browser_deleted_meanwhile_ends_the_segmentation_in_words(scene, client, cine):
    browser = cine_of(cine).browser
    with pytest.raises(InputError, match="'echo browser' was removed from the scene"):
        run(segment(scene, client, cine, all_frames=True), lambda: scene.RemoveNode(browser))
    assert nodes_of(scene, "vtkMRMLSegmentationNode") == 0


def test_a_label_map_deleted_meanwhile_ends_what_is_made_of_it_at_once(scene, client, heart):
    name = heart.GetName()
    with pytest.raises(InputError, match=f"'{name}' was removed from the scene"):
        run(synthesize(scene, client, heart, SynthesisRequest(count=200)), lambda: scene.RemoveNode(heart))
    assert nodes_of(scene, "vtkMRMLScalarVolumeNode") == 0


def test_a_reference_deleted_meanwhile_ends_it_too(scene, client, heart):
    image = add_to_scene(scene, new_frame(_noise(0), GRID, "image"))
    with pytest.raises(InputError, match="'image' was removed"):
        run(vary(scene, client, heart, Change(count=200), image), lambda: scene.RemoveNode(image))


def test_one_frame_of_a_cine_is_named_and_kept(scene, client, cine):
    cine_of(cine).browser.SetSelectedItemNumber(2)
    found = run(segment(scene, client, cine)).segmentation
    assert found.GetName() == "echo frame 2 segmentation"
    assert frame_stamped(found) == 2
    whole = run(segment(scene, client, cine, all_frames=True)).segmentation
    assert whole.GetName() == "echo segmentation"
    assert frame_stamped(whole) is None


def test_beside_the_tissue_of_a_scanner_nothing_is_looked_for(scene, client):
    heart = parametric_heart("4CH", 0.0, shape=SHAPE)
    speckle = np.random.default_rng(1).rayleigh(0.8, SHAPE) * heart.sector.mask(SHAPE)
    picture = (np.where(heart.label_map > 0, 40 * heart.label_map, 90) * speckle).clip(0, 255)
    alone = add_to_scene(scene, new_frame(picture.astype(np.uint8), GRID, "alone"))
    screen = np.random.default_rng(0).integers(0, 255, (100, 130)).astype(np.uint8)
    screen[20:92, 30:118] = picture
    whole = add_to_scene(scene, new_frame(screen, Grid((100, 130), GRID.ijk_to_ras), "screen"))
    whole.SetAttribute(REGION, "20 92 30 118")
    expected = read_label_map(run(segment(scene, client, alone)).segmentation).codes
    found = run(segment(scene, client, whole, confidence=True))
    codes = read_label_map(found.segmentation).codes
    assert np.array_equal(codes[20:92, 30:118], expected)
    assert expected.any()
    codes[20:92, 30:118] = 0
    assert not codes.any()


def test_a_refusal_names_the_node_and_not_the_file_that_went_to_the_worker(scene, client):
    blank = add_to_scene(scene, new_frame(np.kron(np.eye(8), np.full((9, 11), 200)).astype(np.uint8), GRID, "drawing"))
    with pytest.raises(InputError, match=r"^'drawing' is no ultrasound image") as told:
        run(segment(scene, client, blank))
    assert "echosynth-" not in str(told.value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    arguments = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *arguments], capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Temporary files lie in a folder meanwhile; pytest has some of its own before and after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield


@pytest.mark.parametrize("frames", [1, 8])
def test_a_full_disk_is_told_with_advice(scene, client, small_disk, frames):
    builder = CineBuilder("large")
    pixels = np.zeros((600, 800), np.uint8)
    for _ in range(frames):
        builder.append(new_frame(pixels, Grid(pixels.shape, GRID.ijk_to_ras), "large"))
    shown = builder.finish(scene)
    told = pytest.raises(OutputError, match=r"the disk is full; make room on it .* TMPDIR")
    with told, temporary_files_in(small_disk):
        run(segment(scene, client, shown, all_frames=frames > 1))
    assert nodes_of(scene, "vtkMRMLSegmentationNode") == 0
    assert os.listdir(small_disk) == []


@pytest.mark.slow
def test_a_removed_temporary_folder_is_told(scene, client, cine, tmp_path):
    told = pytest.raises(OutputError, match="the folder is not there any more")
    with told, temporary_files_in(tmp_path / "gone"):
        run(segment(scene, client, cine, all_frames=True))
