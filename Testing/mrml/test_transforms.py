"""An image under a transform: its results lie on it, and what is measured is as without the transform."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import slicer
import vtk
from drawn_nodes import pixels_of, segment_mask

from EchoSynthJobs.cine_of_slices import cine_of_slices
from EchoSynthJobs.job import finish
from EchoSynthJobs.measure import measure
from EchoSynthJobs.measured_frames import reference_of
from EchoSynthJobs.segment import segment
from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
from EchoSynthJobs.vary import Change, vary
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthMRML.cines import CineBuilder
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import linked_volume, read_label_map
from EchoSynthMRML.volumes import add_to_scene, new_frame

SHAPE = (112, 136)
GRAY = np.array([90, 25, 150, 30], np.uint8)


def echo(seed: int = 0) -> Any:
    """A drawn four-chamber echo, placed as Slicer's readers place a picture."""
    heart = parametric_heart("4CH", 0.0, shape=SHAPE)
    speckle = np.random.default_rng(seed).rayleigh(0.8, SHAPE)
    picture = np.where(heart.sector.mask(SHAPE), (GRAY[heart.label_map] * speckle).clip(1, 255), 0).astype(np.uint8)
    row, column = heart.spacing
    return new_frame(picture, Grid(SHAPE, (-column, 0, 0, 10, 0, -row, 0, 20, 0, 0, 1, 5, 0, 0, 0, 1)), "echo")


def turned(scene: Any, *, scale: float = 1.0, parent: Any = None) -> Any:
    """A linear transform that turns, moves and scales."""
    transform = vtk.vtkTransform()
    transform.Translate(30, -12, 7)
    transform.RotateWXYZ(35, 0.2, 0.3, 1)
    transform.Scale(scale, scale, scale)
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(transform.GetMatrix())
    if parent is not None:
        node.SetAndObserveTransformNodeID(parent.GetID())
    return node


def bent(scene: Any) -> Any:
    """A transform that bends."""
    spline = vtk.vtkThinPlateSplineTransform()
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for point in np.random.default_rng(1).uniform(-100, 100, (6, 3)):
        source.InsertNextPoint(point)
        target.InsertNextPoint(point + np.sin(point) * 8)
    spline.SetSourceLandmarks(source)
    spline.SetTargetLandmarks(target)
    spline.SetBasisToR()
    node = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    node.SetAndObserveTransformToParent(spline)
    return node


TRANSFORMS = {
    "linear": turned,
    "scaling": lambda scene: turned(scene, scale=1.7),
    "nested": lambda scene: turned(scene, parent=turned(scene, scale=0.5)),
    "bending": bent,
}


@pytest.fixture(params=TRANSFORMS)
def moved(request, scene):
    """An echo under a transform."""
    volume = add_to_scene(scene, echo())
    volume.SetAndObserveTransformNodeID(TRANSFORMS[request.param](scene).GetID())
    return volume


def run(job: Any) -> Any:
    return finish(job, lambda report: time.sleep(0.002))


def test_a_segmentation_lies_on_the_image_and_measures_as_without_the_transform(scene, client, moved):
    still = add_to_scene(scene, echo())
    expected = run(segment(scene, client, still)).segmentation
    found = run(segment(scene, client, moved, confidence=True))
    assert found.segmentation.GetParentTransformNode() is moved.GetParentTransformNode()
    assert found.confidence.GetParentTransformNode() is moved.GetParentTransformNode()
    one, other = read_label_map(expected), read_label_map(found.segmentation)
    assert np.array_equal(one.codes, other.codes)
    assert one.codes.any()
    assert other.grid.ijk_to_ras == pytest.approx(one.grid.ijk_to_ras)
    assert np.array_equal(read_label_map(found.segmentation, moved).codes, one.codes)
    assert rows(found.segmentation) == rows(expected)


def rows(node: Any) -> list[tuple[Any, ...]]:
    found = run(measure(node, image=reference_of(node))).rows()
    return [tuple(value for key, value in row.items() if key != "name" and value != node.GetName()) for row in found]


def test_slicer_lays_the_segments_over_the_moved_image(scene, client):
    moved = add_to_scene(scene, echo())
    moved.SetAndObserveTransformNodeID(turned(scene).GetID())
    node = run(segment(scene, client, moved)).segmentation
    codes = read_label_map(node).codes
    first = node.GetSegmentation().GetNthSegmentID(0)
    assert np.array_equal(segment_mask(node, first, moved), codes == 1)


def test_a_cine_is_followed_under_the_transform(scene, client, moved):
    builder = CineBuilder("cine")
    for seed in range(2):
        builder.append(echo(seed))
    shown = builder.finish(scene)
    shown.SetAndObserveTransformNodeID(moved.GetTransformNodeID())
    node = run(segment(scene, client, shown, all_frames=True)).segmentation
    assert node.GetParentTransformNode() is moved.GetParentTransformNode()
    (image,) = run(synthesize(scene, client, node, SynthesisRequest(steps=1), reference=shown, all_frames=True)).volumes
    assert image.GetParentTransformNode() is moved.GetParentTransformNode()
    assert Grid.of_volume(image).ijk_to_ras == pytest.approx(Grid.of_volume(shown).ijk_to_ras)


def test_synthetic_images_and_variations_lie_where_the_label_map_lies(scene, client, moved):
    node = run(segment(scene, client, moved)).segmentation
    (variation,) = run(vary(scene, client, node, Change(count=1))).segmentations
    assert linked_volume(variation) is moved
    for reference in (None, moved):
        (image,) = run(synthesize(scene, client, variation, SynthesisRequest(steps=1), reference=reference)).volumes
        assert image.GetParentTransformNode() is moved.GetParentTransformNode()
        assert Grid.of_volume(image).ijk_to_ras == pytest.approx(Grid.of_volume(moved).ijk_to_ras)
        assert pixels_of(image).any()


def test_a_reference_elsewhere_gives_the_image_its_place(scene, client):
    moved, still = add_to_scene(scene, echo()), add_to_scene(scene, echo())
    moved.SetAndObserveTransformNodeID(turned(scene).GetID())
    node = run(segment(scene, client, still)).segmentation
    node.SetAndObserveTransformNodeID(turned(scene, scale=1.001).GetID())
    (image,) = run(synthesize(scene, client, node, SynthesisRequest(steps=1), reference=moved)).volumes
    assert image.GetParentTransformNode() is moved.GetParentTransformNode()


@pytest.mark.slow
def test_slices_become_a_cine_in_their_place(scene):
    stack = slicer.vtkMRMLScalarVolumeNode()
    image = vtk.vtkImageData()
    image.SetDimensions(20, 16, 3)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    stack.SetAndObserveImageData(image)
    stack.SetName("stack")
    scene.AddNode(stack)
    transform = turned(scene)
    stack.SetAndObserveTransformNodeID(transform.GetID())
    assert run(cine_of_slices(scene, stack)).GetParentTransformNode() is transform
