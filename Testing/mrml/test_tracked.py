"""Motion in a scene: a transform for each tracked frame, which plays with the cine and outlives saving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer
from drawn_nodes import GRIDS, SHAPE, new_volume
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthMRML.cines import CineBuilder, cine_of, frame_time_of, times_of
from EchoSynthMRML.motion_shapes import LENGTH, arrows, sheet
from EchoSynthMRML.tracked import mark_as_tracked, tracked_in
from EchoSynthMRML.transforms import new_grid_transform

FRAMES, FIRST, REFERENCE = 6, 2, 2
GRID = GRIDS["anisotropic"]


def motion(frame):
    """What moves by as many pixels down as frames have gone by, and half as many to the right."""
    return np.stack([np.full(SHAPE, frame - REFERENCE), np.full(SHAPE, (frame - REFERENCE) / 2)]).astype(np.float32)


@pytest.fixture
def cine(scene):
    builder = CineBuilder("cine", frame_time_ms=40)
    for frame in range(FRAMES):
        builder.append(new_volume(GRID, array=np.full(SHAPE, 10 * frame, np.uint8)))
    return builder.finish(scene)


@pytest.fixture
def tracked(scene, cine):
    """Frames 2 to 4 of six."""
    builder = CineBuilder("motion", cine_of(cine), first=FIRST)
    for frame in range(FIRST, 5):
        builder.append(new_grid_transform(motion(frame), GRID, "motion"))
    node = builder.finish(scene, cine_of(cine).browser)
    mark_as_tracked(node, cine, None, REFERENCE, FIRST, 1.5)
    return tracked_in(cine)


def test_what_was_tracked_is_told_by_frame_and_beyond_it_nothing(tracked):
    assert (tracked.first, tracked.reference, tracked.last) == (2, 2, 4)
    for frame in (2, 3, 4):
        found, grid = tracked.displacement(frame)
        assert np.allclose(found, motion(frame), atol=1e-4)
        assert grid.shape == SHAPE
    assert tracked.displacement(1) is None
    assert tracked.displacement(5) is None


def test_the_transform_plays_with_the_cine_and_no_frame_is_made_up(tracked):
    browser, matrix = tracked.transforms.browser, np.reshape(GRID.ijk_to_ras, (4, 4))
    start = (matrix @ (20, 10, 0, 1))[:3]
    for frame in (4, 0, 3, 5):
        browser.SetSelectedItemNumber(frame)
        slicer.vtkSlicerSequencesLogic().UpdateProxyNodesFromSequences(browser)
        gone = max(0, frame - REFERENCE) if frame <= 4 else 0
        place = tracked.node.GetTransformFromParent().TransformPoint(start)
        assert place == pytest.approx((matrix @ (20 + gone / 2, 10 + gone, 0, 1))[:3], abs=1e-4)
    assert len(tracked.transforms) == 3


def test_a_saved_scene_brings_the_motion_back(application, scene, tracked, tmp_path):
    path = Path(tmp_path) / "scene.mrb"
    assert scene.WriteToMRB(str(path))
    loaded = application.load_scene(path, tmp_path / "cache")
    image = loaded.GetFirstNodeByName("cine")
    image = image if image.IsA("vtkMRMLScalarVolumeNode") else cine_of(image).proxy
    again = tracked_in(image)
    assert (again.first, again.reference, again.last, again.longest) == (2, 2, 4, 1.5)
    assert np.allclose(again.displacement(4)[0], motion(4), atol=1e-3)


def test_the_time_of_a_cine_is_told_in_seconds_and_of_numbered_frames_not_at_all(scene, cine):
    assert times_of(cine_of(cine)) == pytest.approx(np.arange(FRAMES) * 0.04)
    assert frame_time_of(cine_of(cine)) == pytest.approx(40)
    builder = CineBuilder("numbered")
    for _frame in range(2):
        builder.append(new_volume(GRID))
    assert frame_time_of(cine_of(builder.finish(scene))) is None


@pytest.mark.parametrize("name", GRIDS)
def test_arrows_lead_from_where_tissue_was_to_where_it_is(name):
    grid = GRIDS[name]
    mask = np.zeros(SHAPE, bool)
    mask[10:30, 12:40] = True
    shape = arrows(motion(4), grid, mask)
    points = vtk_to_numpy(shape.GetPoints().GetData())
    first = np.array([shape.GetCell(0).GetPointId(end) for end in (0, 1)])
    way = np.linalg.inv(np.reshape(grid.ijk_to_ras, (4, 4))[:3, :3]) @ (points[first[1]] - points[first[0]])
    assert way == pytest.approx((1, 2, 0), abs=1e-4)
    length = np.hypot(2 * grid.spacing[0], 1 * grid.spacing[1])
    assert vtk_to_numpy(shape.GetPointData().GetArray(LENGTH)) == pytest.approx(length, abs=1e-4)
    assert shape.GetNumberOfLines() == 2 * shape.GetNumberOfPoints() // 4


def test_the_sheet_covers_the_tissue_where_it_lies_now():
    mask = np.zeros(SHAPE, bool)
    mask[10:30, 12:40] = True
    shape = sheet(motion(4), GRID, mask)
    to_pixels = np.linalg.inv(np.reshape(GRID.ijk_to_ras, (4, 4)))
    used = np.unique([shape.GetCell(i).GetPointId(k) for i in range(shape.GetNumberOfCells()) for k in range(4)])
    points = np.c_[vtk_to_numpy(shape.GetPoints().GetData())[used], np.ones(len(used))] @ to_pixels.T
    assert (points[:, 1].min(), points[:, 1].max()) == pytest.approx((12, 31), abs=1e-3)
    assert (points[:, 0].min(), points[:, 0].max()) == pytest.approx((13, 40), abs=1e-3)
