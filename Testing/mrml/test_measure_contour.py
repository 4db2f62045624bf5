"""Measuring with the contour model, with the real worker: an image alone, a cine of it, and with a label map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_nodes import FLAT

from EchoSynthJobs.contour import contour_frames
from EchoSynthJobs.job import finish
from EchoSynthJobs.measure import measure, measured_of
from EchoSynthJobs.measured_frames import place_of
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.masks import fill_polygon
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.read import read_image
from EchoSynthLib.measurement import with_points
from EchoSynthMRML.cines import CineBuilder
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map, write_segments
from EchoSynthMRML.volumes import SPACING_TRUST, add_to_scene, new_frame

pytestmark = pytest.mark.skipif(
    "contour" not in {model.name for model in zoo.list_models()}, reason="the model contour is not in Resources/Models"
)

SAMPLE = read_image(Path(__file__).parents[2] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz")
MATRIX = np.diag([*(FLAT.diagonal() * (SAMPLE.spacing[1], SAMPLE.spacing[0], 1)), 1.0])
GRID = Grid(SAMPLE.pixels.shape, tuple(MATRIX.ravel().tolist()))


@pytest.fixture
def echo(scene: Any) -> Any:
    """The sample frame as a volume."""
    return add_to_scene(scene, new_frame(SAMPLE.pixels, GRID, "echo"))


def measured(job: Any) -> Any:
    return finish(job, lambda report: None)


def segmented(scene: Any, echo: Any, codes: np.ndarray) -> Any:
    node = add_to_scene(scene, new_segmentation(codes, GRID, "echo segmentation"))
    link_to_volume(node, echo)
    return node


def blocks() -> np.ndarray:
    """A wall with a cavity in it and an atrium below it, roughly where the sample has them."""
    codes = np.zeros(GRID.shape, np.uint8)
    codes[100:330, 150:330] = 2
    codes[140:330, 180:300] = 1
    codes[330:420, 180:300] = 3
    return codes


def test_an_image_alone_gives_the_ventricle_and_nothing_else(client, echo):
    found = measured(measure(echo, contour_by=client))
    names = {entry.name for entry in found.study.table}
    assert {"LV length", "LV area", "LV volume, discs", "landmark spread"} <= names
    assert not any("LA" in name or "wall" in name or "agreement" in name for name in names)
    assert found.places[""].bare
    assert found.places[""].contour.spread_mm.shape == (7,)
    assert found.places[""].picture().shape == GRID.shape
    with pytest.raises(InputError, match="no segmentation"):
        found.write()


def test_without_calibration_the_spread_is_in_pixels(client, echo):
    echo.SetAttribute(SPACING_TRUST, "untrusted")
    (contour,) = measured(contour_frames(client, FrameStack([echo])))
    assert contour.spread_mm is None
    assert (contour.spread > 0).all()
    assert measured(measure(echo, contour_by=client)).study.table[0].unit == "px"


def test_each_frame_of_a_cine_has_its_own_contour(client, scene):
    builder = CineBuilder("cine")
    for moved in (0, 40):
        builder.append(new_frame(np.roll(SAMPLE.pixels, moved, axis=1), GRID, "echo"))
    found = measured(measure(builder.finish(scene), all_frames=True, contour_by=client))
    first, second = (place.contour.endocardium.points for place in found.places.values())
    assert list(found.places) == ["frame 0", "frame 1"]
    assert np.abs(np.mean(second - first, axis=0) - (0, 40)).max() < 8


def test_views_can_be_images(client, echo):
    found = measured(measured_of(echo, {"4CH ED": place_of(echo, echo, None, None)}, client, None))
    assert found.study.value("LV length", "4CH ED") > 40


def test_the_segmentation_gets_the_models_cavity_once_it_is_written_and_keeps_its_atrium(client, scene, echo):
    node = segmented(scene, echo, blocks())
    found = measured(measure(node, image=echo, contour_by=client))
    assert 0.2 < found.study.value("contour agreement") < 1
    assert np.array_equal(read_label_map(node).codes, blocks())
    found.write()
    written = read_label_map(node).codes
    assert np.array_equal(written == 1, fill_polygon(found.places[""].contour.curve, GRID.shape))
    assert (written == 3).any()
    assert not found.drawn
    assert not found.read_again("")


def test_a_dragged_contour_survives_an_edit_of_the_label_map(client, scene, echo):
    node = segmented(scene, echo, blocks())
    found = measured(measure(node, image=echo, contour_by=client))
    contour = found.frames[""].endocardium
    points = contour.points.copy()
    points[4] += (0, 12)
    found.draw("", with_points(contour, points))
    area = found.study.value("LV area")
    codes = blocks()
    codes[400:420] = 0
    write_segments(node, codes, GRID)
    assert found.read_again("")
    assert found.study.value("LV area") == area
    assert np.allclose(found.frames[""].endocardium.points, points)


@pytest.mark.slow
def test_what_the_model_cannot_read_is_refused(client, scene, echo):
    elsewhere = Grid(GRID.shape, tuple((MATRIX @ np.diag([2, 2, 1, 1])).ravel().tolist()))
    node = add_to_scene(scene, new_segmentation(blocks(), elsewhere, "elsewhere"))
    with pytest.raises(InputError, match="other pixels"):
        measured(measure(node, image=echo, contour_by=client))
    with pytest.raises(InputError, match="on no image"):
        measured(measure(node, contour_by=client))
    with pytest.raises(InputError, match="is an image"):
        measured(measure(echo))
