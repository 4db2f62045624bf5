"""Displacements as grid transforms: Slicer warps by them as EchoSynth does, wherever and however a picture lies."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from drawn_nodes import GRIDS, SHAPE, new_volume
from scipy import ndimage
from vtk.util.numpy_support import vtk_to_numpy

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthMRML.transforms import displacement_of, new_grid_transform


@pytest.fixture
def displacement():
    """A smooth motion that differs from pixel to pixel, in rows otherwise than in columns."""
    row, column = np.indices(SHAPE) / np.reshape(SHAPE, (2, 1, 1))
    down = 2.5 * np.sin(3 * row + 1) + 0.8 * column
    right = -1.7 * np.cos(2.2 * column) + 0.9 * row
    return np.stack([down, right]).astype(np.float32)


def resampled(volume, transform, grid):
    """The pixels of a volume under a transform, as Slicer's slice views read them on a grid."""
    node = volume.GetScene().AddNode(transform)
    volume.SetAndObserveTransformNodeID(node.GetID())
    to_ijk = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(to_ijk)
    from_world = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(None, node, from_world)
    place = vtk.vtkGeneralTransform()
    place.PostMultiply()
    for part in (grid.matrix(), from_world, to_ijk):
        place.Concatenate(part)
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(volume.GetImageData())
    reslice.SetResliceTransform(place)
    reslice.SetInterpolationModeToLinear()
    reslice.SetOutputOrigin(0, 0, 0)
    reslice.SetOutputSpacing(1, 1, 1)
    reslice.SetOutputExtent(0, grid.shape[1] - 1, 0, grid.shape[0] - 1, 0, 0)
    reslice.Update()
    return vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars()).reshape(grid.shape)


def inner(array):
    """Without the border, beyond which Slicer and we read other things."""
    return array[..., 4:-4, 4:-4].astype(float)


@pytest.mark.parametrize("name", GRIDS)
def test_slicer_reads_a_volume_under_the_transform_as_es_warp_does(scene, displacement, name):
    grid = GRIDS[name]
    array = np.random.default_rng(5).integers(0, 256, SHAPE).astype(np.float32)
    volume = scene.AddNode(new_volume(grid, array=array))
    found, expected = (
        resampled(volume, new_grid_transform(displacement, grid, "motion"), grid),
        es.warp(array, displacement),
    )
    assert np.abs(inner(expected) - inner(array)).mean() > 10
    assert np.abs(inner(found) - inner(expected)).max() < 0.05


@pytest.mark.parametrize("name", GRIDS)
def test_hardened_the_transform_gives_the_same_picture(scene, displacement, name):
    """Slicer takes a larger grid for it, so the pictures are compared where its pixels lie on ours."""
    grid = GRIDS[name]
    row, column = np.indices(SHAPE)
    array = (120 + 60 * np.sin(row / 6) + 50 * np.cos(column / 7 + row / 15)).astype(np.float32)
    expected = es.warp(array, displacement)
    volume = scene.AddNode(new_volume(grid, array=array))
    volume.SetAndObserveTransformNodeID(scene.AddNode(new_grid_transform(displacement, grid, "motion")).GetID())
    volume.HardenTransform()
    to_ras = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(to_ras)
    found = vtk_to_numpy(volume.GetImageData().GetPointData().GetScalars()).reshape(
        volume.GetImageData().GetDimensions()[::-1]
    )
    indices = np.indices(found.shape)[::-1].reshape(3, -1)
    matrix = np.array([[to_ras.GetElement(i, j) for j in range(4)] for i in range(4)])
    places = np.linalg.inv(np.reshape(grid.ijk_to_ras, (4, 4))) @ matrix @ [*indices, np.ones(indices.shape[1])]
    inside = np.all([(places[axis] > 4) & (places[axis] < SHAPE[1 - axis] - 5) for axis in (0, 1)], axis=0)
    inside &= np.abs(places[2]) < 0.4
    told = ndimage.map_coordinates(expected, places[1::-1, inside], order=1)
    assert inside.sum() > 500
    assert np.abs(es.warp(array, displacement) - array).mean() > 10
    assert np.abs(found.ravel()[inside] - told).max() < 2


@pytest.mark.parametrize("name", GRIDS)
def test_a_point_of_the_fixed_picture_is_taken_to_where_it_lies_in_the_moving_one(scene, displacement, name):
    matrix = np.reshape(GRIDS[name].ijk_to_ras, (4, 4))
    node = scene.AddNode(new_grid_transform(displacement, GRIDS[name], "motion"))
    row, column = 17, 30
    down, right = displacement[:, row, column]
    place = node.GetTransformFromParent().TransformPoint((matrix @ (column, row, 0, 1))[:3])
    assert place == pytest.approx((matrix @ (column + right, row + down, 0, 1))[:3], abs=1e-4)
    # A segmentation or a volume of the moving picture is moved by this one, onto the fixed picture.
    back = node.GetTransformToParent().TransformPoint(place)
    assert back == pytest.approx((matrix @ (column, row, 0, 1))[:3], abs=0.01)


@pytest.mark.parametrize("name", GRIDS)
def test_what_was_stored_is_read_back(displacement, name):
    found, grid = displacement_of(new_grid_transform(displacement, GRIDS[name], "motion"))
    assert np.allclose(found, displacement, atol=1e-4)
    assert grid.shape == SHAPE
    assert np.allclose(grid.ijk_to_ras, GRIDS[name].ijk_to_ras, atol=1e-6)


def test_under_a_transform_that_turns_the_image_the_motion_turns_with_it(scene, displacement):
    turn = vtk.vtkTransform()
    turn.Translate(30, -12, 7)
    turn.RotateWXYZ(35, 0.2, 0.3, 1)
    parent = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    parent.SetMatrixTransformToParent(turn.GetMatrix())
    grid = GRIDS["anisotropic"]
    node = scene.AddNode(new_grid_transform(displacement, grid, "motion"))
    node.SetAndObserveTransformNodeID(parent.GetID())
    matrix = np.reshape(grid.ijk_to_ras, (4, 4))
    from_world = slicer.vtkMRMLTransformNode
    between = vtk.vtkGeneralTransform()
    from_world.GetTransformBetweenNodes(None, node, between)
    there = turn.TransformPoint((matrix @ (30, 17, 0, 1))[:3])
    down, right = displacement[:, 17, 30]
    assert between.TransformPoint(there) == pytest.approx((matrix @ (30 + right, 17 + down, 0, 1))[:3], abs=1e-3)


def test_a_displacement_of_another_size_is_refused_and_no_displacement_is_told(scene, displacement):
    with pytest.raises(InputError, match=r"\(2, 40, 52\) was expected"):
        new_grid_transform(displacement[:, :-1], GRIDS["picture"], "motion")
    with pytest.raises(InputError, match="holds no displacements"):
        displacement_of(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode"))
