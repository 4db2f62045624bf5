"""Measuring nodes: units by the trust in their pixel size, a cine frame by frame, an endocardium drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_nodes import FLAT, new_volume

from EchoSynthJobs.job import finish
from EchoSynthJobs.measure import measure, measured_of
from EchoSynthJobs.measured_frames import place_of
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import measure_frame, study_of_frame, with_points
from EchoSynthMRML.cines import CineBuilder
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map, write_segments
from EchoSynthMRML.volumes import SPACING_TRUST, add_to_scene, set_spacing

SHAPE = (112, 136)


def heart_node(phase=0.0, name="heart", spacing=(0.5, 0.5)):
    """A segmentation of a small four-chamber heart; pixels of 1 x 1 stand for an unknown size."""
    heart = parametric_heart("4CH", phase, shape=SHAPE)
    matrix = np.diag([*(FLAT.diagonal() * (spacing[1], spacing[0], 1)), 1.0])
    return new_segmentation(heart.label_map, Grid(SHAPE, tuple(matrix.ravel().tolist())), name)


def measured(job):
    return finish(job, lambda report: None)


def wider(contour):
    points = contour.points.copy()
    points[4] += (0, 4)
    return with_points(contour, points)


@pytest.fixture
def heart(scene):
    return add_to_scene(scene, heart_node())


@pytest.fixture
def cine(scene):
    builder = CineBuilder("cine")
    for phase in (0.0, 0.5, 1.0, 0.5):
        builder.append(heart_node(phase))
    return builder.finish(scene, save_changes=True)


def test_the_numbers_are_those_of_the_library(heart):
    label_map = read_label_map(heart)
    assert (
        measured(measure(heart)).study.table
        == study_of_frame(measure_frame(label_map.codes, label_map.grid.spacing)).table
    )


@pytest.mark.parametrize(("calibrated", "unit"), [(True, "mm"), (False, "px")])
def test_lengths_are_in_millimeters_where_the_image_is_calibrated(scene, calibrated, unit):
    node = add_to_scene(scene, heart_node(spacing=(1.0, 1.0)))
    image = scene.AddNode(new_volume(read_label_map(node).grid, array=np.zeros(SHAPE, np.uint8)))
    if calibrated:
        set_spacing(image, 1.0, 1.0)
    link_to_volume(node, image)
    assert measured(measure(node)).rows()[0]["unit"] == unit


def test_a_cine_is_measured_frame_by_frame(cine):
    found = measured(measure(cine, all_frames=True))
    assert list(found.frames) == [f"frame {index}" for index in range(4)]
    assert (found.study.value("ED frame", "cine"), found.study.value("ES frame", "cine")) == (0, 2)


def test_the_table_of_a_cine_begins_with_what_is_read_first_and_goes_on_with_its_ends(cine):
    rows = measured(measure(cine, all_frames=True)).rows()
    assert [row["label"] for row in rows[:3]] == ["EF, discs", "EDV, discs", "ESV, discs"]
    places = list(dict.fromkeys(row["place"] for row in rows))
    assert places == ["cine", "frame 0 (ED)", "frame 2 (ES)", "frame 1", "frame 3"]


def test_a_frame_alone_is_no_cine(heart):
    with pytest.raises(InputError, match="belongs to no sequence"):
        measured(measure(heart, all_frames=True))


def test_views_are_measured_as_far_as_they_are_there(scene):
    nodes = {f"4CH {phase}": add_to_scene(scene, heart_node(time, phase)) for phase, time in (("ED", 0), ("ES", 1))}
    places = {where: place_of(node, node, None, None) for where, node in nodes.items()}
    found = measured(measured_of(nodes["4CH ED"], places, None, None))
    assert found.study.value("EF, discs", "4CH") > 30


def test_a_drawn_endocardium_changes_its_frame_alone_and_the_segmentation_once_it_is_written(cine):
    found = measured(measure(cine, all_frames=True))
    before = found.study.curves["LV area"]
    found.draw("frame 1", wider(found.frames["frame 1"].endocardium))
    after = found.study.curves["LV area"]
    assert [a > b for a, b in zip(after, before, strict=True)] == [False, True, False, False]
    found.write()
    again = measured(measure(cine, all_frames=True))
    assert again.study.curves["LV area"] == after
    assert not found.drawn


def test_what_encloses_nothing_is_refused_and_changes_nothing(heart):
    found = measured(measure(heart))
    contour, before = found.frames[""].endocardium, found.study
    with pytest.raises(InputError, match="encloses no pixel"):
        found.draw("", with_points(contour, contour.points + 10_000))
    assert found.study is before
    assert not found.drawn


def test_an_edited_label_map_is_measured_again_and_an_unchanged_one_is_not(heart):
    found = measured(measure(heart))
    assert not found.read_again("")
    label_map = read_label_map(heart)
    codes = label_map.codes.copy()
    codes[codes == 3] = 0
    write_segments(heart, codes, label_map.grid)
    found.draw("", wider(found.frames[""].endocardium))
    assert found.read_again("")
    assert not found.drawn
    assert found.study.table == study_of_frame(measure_frame(read_label_map(heart).codes, label_map.grid.spacing)).table


def test_numbers_of_another_pixel_size_are_not_kept(scene):
    node = add_to_scene(scene, heart_node())
    image = scene.AddNode(new_volume(read_label_map(node).grid, array=np.zeros(SHAPE, np.uint8)))
    link_to_volume(node, image)
    found = measured(measure(node))
    image.SetAttribute(SPACING_TRUST, "untrusted")
    with pytest.raises(InputError, match="Measure again"):
        found.read_again("")


def test_what_is_gone_or_no_segmentation_cannot_be_written(scene, heart):
    found = measured(measure(heart))
    found.draw("", wider(found.frames[""].endocardium))
    scene.RemoveNode(heart)
    with pytest.raises(InputError, match="removed"):
        found.write()


def test_an_image_of_the_same_pixels_is_the_reports_picture(scene, heart):
    image = scene.AddNode(new_volume(read_label_map(heart).grid, array=np.full(SHAPE, 9, np.uint8)))
    assert (measured(measure(heart, image=image)).places[""].picture() == 9).all()
    small = scene.AddNode(new_volume(Grid((40, 52), read_label_map(heart).grid.ijk_to_ras)))
    assert measured(measure(heart, image=small)).places[""].picture() is None
