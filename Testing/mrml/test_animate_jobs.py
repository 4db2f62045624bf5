"""A frame of the scene becomes a cine: which frame it starts from, what its nodes keep, and what a preview leaves."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthJobs.animate import (
    FRAME,
    AnimationRequest,
    make_cine,
    make_counterfactuals,
    may_show_a_patient,
    preview,
    preview_of,
)
from EchoSynthJobs.job import finish
from EchoSynthJobs.start_frame import StartFrame
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.records import DERIVED, SYNTHETIC
from EchoSynthMRML.beating import beating_of
from EchoSynthMRML.cines import CineBuilder, cine_of, times_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map, write_segments
from EchoSynthMRML.phases import phases_of, stamp_phases
from EchoSynthMRML.previews import preview_in, remove_previews, write_preview
from EchoSynthMRML.provenance import is_synthetic, stamp, stamps_of
from EchoSynthMRML.volumes import add_to_scene, frame_array, new_frame

SHAPE = (112, 136)
GRID = Grid(SHAPE, (-1.4, 0, 0, 10, 0, -1.4, 0, 20, 0, 0, 1, 5, 0, 0, 0, 1))
SHORT = AnimationRequest(ejection_fraction=40, frames=9)


def drawn(phase=0.0):
    """A picture and its label map."""
    heart = parametric_heart("4CH", phase, shape=SHAPE)
    gray = np.choose(heart.label_map, (90, 25, 150, 30)) * np.random.default_rng(0).rayleigh(0.8, SHAPE)
    return np.where(heart.sector.mask(SHAPE), gray.clip(1, 255), 0).astype(np.uint8), heart.label_map


@pytest.fixture
def frame(scene):
    """A frame and its label map, in the scene."""
    pixels, codes = drawn()
    image = add_to_scene(scene, new_frame(pixels, GRID, "x_4CH"))
    label_map = add_to_scene(scene, new_segmentation(codes, GRID, "x_4CH segmentation"))
    link_to_volume(label_map, image)
    return image, label_map


def made(scene, client, image, label_map, request=SHORT):
    return finish(make_cine(scene, client, image, label_map, request), lambda report: None)


def volumes_of(segmentation):
    return [disc_volume(read_label_map(node).codes) for node in cine_of(segmentation)]


def test_a_cine_ejects_what_was_asked_for_and_its_nodes_tell_so(scene, client, frame):
    one = made(scene, client, *frame)
    cine, maps = cine_of(one.image), cine_of(one.segmentation)
    assert cine.browser is maps.browser
    assert len(cine) == len(maps) == 9
    volumes = volumes_of(one.segmentation)
    assert 100 * (1 - min(volumes) / volumes[0]) == pytest.approx(40, abs=1)
    assert phases_of(cine) == {"ED": [0], "ES": [int(np.argmin(volumes))]}
    assert np.diff(times_of(cine)) == pytest.approx(np.full(8, 60 / 70 / 9), abs=1e-3)
    assert one.image.GetName() == "EF 40 % s0 of x_4CH"
    assert is_synthetic(one.image)
    assert stamps_of(one.image)["origin"] == DERIVED
    beating = beating_of(one.image)
    assert beating.told["ejection_fraction"]["asked"] == 40
    assert beating.source == (*frame, None)
    assert beating.phases[0] == 0
    assert list(beating.phases) == sorted(beating.phases)


def test_of_a_synthetic_frame_the_cine_is_synthetic_and_of_one_that_was_made_of_a_patients_it_is_not(
    scene, client, frame
):
    assert may_show_a_patient(frame[0])
    first = made(scene, client, *frame)
    assert may_show_a_patient(first.image)
    stamp(frame[0], {"synthetic": True})
    assert not may_show_a_patient(frame[0])
    assert stamps_of(made(scene, client, *frame).image)["origin"] == SYNTHETIC


def test_a_label_map_alone_is_drawn(scene, client):
    _pixels, codes = drawn()
    label_map = add_to_scene(scene, new_segmentation(codes, GRID, "alone"))
    one = made(scene, client, None, label_map)
    assert frame_array(one.image).std() > 20
    assert stamps_of(one.image)["origin"] == SYNTHETIC
    with pytest.raises(InputError, match="has no image below it"):
        made(scene, client, None, label_map, AnimationRequest(picture=FRAME))


def test_the_next_cine_starts_from_the_same_frame_unless_a_label_map_was_edited(scene, client, frame):
    first = made(scene, client, *frame)
    browser = cine_of(first.image).browser
    browser.SetSelectedItemNumber(4)
    start = StartFrame.of(first.image, first.segmentation)
    assert (start.shown, start.label_map, start.edited) == (*frame, False)
    read = read_label_map(first.segmentation)
    codes = read.codes.copy()
    codes[:, :60] = np.where(codes[:, :60] == 1, 2, codes[:, :60])
    write_segments(first.segmentation, codes, read.grid)
    edited = StartFrame.of(first.image, first.segmentation)
    assert edited.edited
    assert edited.frame == 4
    assert edited.phase == pytest.approx(beating_of(first.image).phases[4])
    assert SHORT.draws(edited)
    assert not SHORT.draws(start)
    browser.SetSelectedItemNumber(3)
    assert not StartFrame.of(first.image, first.segmentation).edited
    browser.SetSelectedItemNumber(4)
    assert StartFrame.of(first.image, first.segmentation).edited


def test_counterfactuals_are_played_by_one_browser(scene, client, frame):
    job = make_counterfactuals(scene, client, *frame, SHORT, (20, 60))
    several = finish(job, lambda report: None)
    weak, strong = (min(volumes_of(one.segmentation)) for one in several)
    assert strong < 0.7 * weak
    assert len({cine_of(one.image).browser for one in several}) == 1
    assert [one.image.GetName() for one in several] == ["EF 20 % s0 of x_4CH", "EF 60 % s0 of x_4CH"]


@pytest.mark.parametrize("told", ["", "frame 5 of 9 to Slicer", "EF 50 % s0 of x_4CH to the scene"])
def test_cancelled_at_any_step_nothing_is_left(scene, client, frame, told):
    nodes = scene.GetNumberOfNodes()

    def until_told(report):
        if told in report.message:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        finish(make_counterfactuals(scene, client, *frame, SHORT, (30, 50)), until_told)
    assert scene.GetNumberOfNodes() == nodes


def test_of_an_image_without_a_ventricle_nothing_is_made_and_no_segmentation_is_left(scene, client):
    image = add_to_scene(scene, new_frame(np.full(SHAPE, 7, np.uint8), GRID, "flat"))
    nodes = scene.GetNumberOfNodes()
    with pytest.raises(InputError):
        made(scene, client, image, None)
    assert scene.GetNumberOfNodes() == nodes


def test_the_phase_is_that_of_the_cine_or_the_name_and_the_volumes_follow_from_it(scene, frame):
    image, label_map = frame
    now = disc_volume(read_label_map(label_map).codes, GRID.spacing) / 1000
    start = StartFrame.of(image, label_map)
    assert start.phase == "auto"
    assert start.volumes(40, 70, "ED") == pytest.approx((now, 0.6 * now))
    assert start.volumes(40, 70, "ES") == pytest.approx((now / 0.6, now))
    emptied = float(Beat.at(70).emptied(0.2))
    full, empty = start.volumes(40, 70, 0.2)
    assert full - (full - empty) * emptied == pytest.approx(now)
    image.SetName("x_4CH_ES")
    assert StartFrame.of(image, label_map).phase == "ES"
    builder, labels = CineBuilder("c", frame_time_ms=40), CineBuilder("c labels", frame_time_ms=40)
    for phase in (0.0, 0.5, 1.0):
        pixels, codes = drawn(phase)
        builder.append(new_frame(pixels, GRID, "c"))
        labels.append(new_segmentation(codes, GRID, "c labels"))
    shown = builder.finish(scene)
    cine = cine_of(shown)
    maps = labels.finish(scene, cine.browser, save_changes=True)
    stamp_phases(cine, {"ED": [0], "ES": [2]})
    for number, phase in enumerate(("ED", "auto", "ES")):
        cine.browser.SetSelectedItemNumber(number)
        assert (StartFrame.of(shown, maps).phase, StartFrame.of(shown, maps).frame) == (phase, number)
    assert StartFrame.of(shown, maps, 1).read.codes.tolist() == drawn(0.5)[1].tolist()


def test_what_cannot_beat_is_told(scene, frame):
    image, label_map = frame
    write_segments(label_map, np.zeros(SHAPE, np.uint8), GRID)
    with pytest.raises(InputError, match="no left ventricle with a wall"):
        StartFrame.of(image, label_map)
    elsewhere = Grid((20, 20), GRID.ijk_to_ras)
    other = add_to_scene(scene, new_frame(np.ones((20, 20), np.uint8), elsewhere, "other"))
    with pytest.raises(InputError, match="lies on other pixels"):
        StartFrame.of(other, label_map)


def test_a_preview_is_both_ends_of_the_beat_and_is_written_over_the_one_before(scene, client, frame):
    start = StartFrame.of(*frame)
    both = finish(preview(client, start, SHORT), lambda report: None)
    assert both.cine.shape == both.label_maps.shape == (2, *SHAPE)
    full, empty = (disc_volume(codes) for codes in both.label_maps)
    assert 100 * (1 - empty / full) == pytest.approx(40, abs=1)
    one = write_preview(scene, "ES", both.cine[1], both.label_maps[1], start.read.grid, both.record, frame[0])
    assert np.array_equal(frame_array(one.image), both.cine[1])
    assert np.array_equal(read_label_map(one.label_map).codes, both.label_maps[1])
    assert one.image.GetHideFromEditors()
    assert not one.image.GetSaveWithScene()
    again = write_preview(scene, "ES", both.cine[0], both.label_maps[0], start.read.grid, both.record, frame[0])
    assert again == one
    assert np.array_equal(read_label_map(one.label_map).codes, both.label_maps[0])
    remove_previews(scene)
    assert preview_in(scene, "ES") is None


def test_a_preview_of_an_image_alone_leaves_its_segmentation(scene, client):
    pixels, _codes = drawn()
    image = add_to_scene(scene, new_frame(pixels, GRID, "alone"))
    both = finish(preview_of(scene, client, image, None, SHORT), lambda report: None)
    assert both.start.label_map.GetScene() is scene
    assert len(both.cine) == 2
