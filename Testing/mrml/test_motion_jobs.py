"""Tracking and propagating in a scene: what becomes of the cine's frames, and what stays as it was."""

from __future__ import annotations

import time

import numpy as np
import pytest
from drawn_nodes import pixels_of

import EchoSynthLib as es
from EchoSynthJobs.job import finish
from EchoSynthJobs.propagate import propagate
from EchoSynthJobs.stretch import ALL, SHOWN, Stretch
from EchoSynthJobs.track import track
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.api.strain_of_cine import strain_of_cine
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import new_segmentation, read_label_map, write_segments
from EchoSynthMRML.phases import phases_of, stamp_phases
from EchoSynthMRML.tracked import tracked_in
from EchoSynthMRML.volumes import add_to_scene, new_frame

SHAPE = (112, 136)
GRAY = np.array([90, 25, 150, 30], np.uint8)
PHASES = (0.0, 0.5, 1.0, 0.6, 0.1)


def hearts():
    return [parametric_heart("4CH", phase, shape=SHAPE) for phase in PHASES]


def grid_of(heart):
    row, column = heart.spacing
    return Grid(SHAPE, (-column, 0, 0, 10, 0, -row, 0, 20, 0, 0, 1, 5, 0, 0, 0, 1))


@pytest.fixture
def cine(scene):
    """A drawn heart that beats once."""
    builder, speckle = CineBuilder("cine", frame_time_ms=40), np.random.default_rng(0).rayleigh(0.8, SHAPE)
    for heart in hearts():
        picture = np.where(heart.sector.mask(SHAPE), (GRAY[heart.label_map] * speckle).clip(1, 255), 0)
        builder.append(new_frame(picture.astype(np.uint8), grid_of(heart), "cine"))
    node = builder.finish(scene)
    cine_of(node).browser.SetSelectedItemNumber(0)
    return node


@pytest.fixture
def label_maps(scene, cine):
    """The label map of each frame."""
    builder = CineBuilder("labels", cine_of(cine))
    for heart in hearts():
        builder.append(new_segmentation(heart.label_map, grid_of(heart), "labels"))
    return builder.finish(scene, cine_of(cine).browser, save_changes=True)


def run(job):
    return finish(job, lambda report: time.sleep(0.002))


def codes_of(node):
    cine = cine_of(node)
    return [read_label_map(node if cine.shown == frame else cine.node(frame)).codes for frame in range(len(cine))]


BEATS = {"ED": [3, 20], "ES": [1, 11, 28]}


class TestStretch:
    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            ("ED", ALL, (3, 0, 29)),
            ("ED", "ES", (3, 3, 11)),
            ("ES", "ED", (1, 1, 3)),
            ("ED", SHOWN, (3, 3, 15)),
            (SHOWN, "ES", (15, 15, 28)),
            (SHOWN, ALL, (15, 0, 29)),
        ],
    )
    def test_it_goes_from_the_first_start_to_the_end_after_it(self, start, end, expected):
        found = Stretch.of(start, end, BEATS, shown=15, count=30)
        assert (found.reference, found.first, found.last) == expected

    def test_of_half_a_beat_it_may_go_back(self):
        found = Stretch.of("ED", "ES", {"ED": [19], "ES": [0]}, shown=5, count=20)
        assert (found.reference, found.first, found.last) == (19, 0, 19)

    def test_an_unknown_phase_or_no_motion_is_told(self):
        with pytest.raises(InputError, match="End-diastole was not found"):
            Stretch.of("ED", ALL, {"ED": [], "ES": []}, shown=0, count=30)
        with pytest.raises(InputError, match="nothing moves"):
            Stretch.of(SHOWN, "ED", {"ED": [4]}, shown=4, count=30)


def test_the_transforms_are_what_es_track_finds(scene, client, cine, label_maps):
    found = run(track(scene, client, cine, label_maps, start="ED"))
    assert (found.tracked.reference, found.tracked.first, found.tracked.last) == (0, 0, 4)
    frames = np.stack([pixels_of(node) for node in cine_of(cine)])
    expected, _record = es.track(frames, 40.0, 0)
    for frame in range(len(frames)):
        assert np.allclose(found.tracked.displacement(frame)[0], expected[frame], atol=1e-3)
    assert np.array_equal(found.tracked.codes(), hearts()[0].label_map)
    assert 1 < found.tracked.longest < 40


def test_phases_are_found_from_label_maps_that_nothing_was_told_of(scene, client, cine, label_maps):
    assert phases_of(cine_of(cine)) == {"ED": [], "ES": []}
    found = run(track(scene, client, cine, label_maps, start="ED", end="ES"))
    assert (found.tracked.reference, found.tracked.first, found.tracked.last) == (0, 0, 2)
    assert phases_of(cine_of(cine))["ES"] == [2]


def test_tracked_again_the_motion_takes_the_place_of_the_earlier_one(scene, client, cine, label_maps):
    first = run(track(scene, client, cine, label_maps, start=SHOWN)).tracked
    before = scene.GetNumberOfNodes()
    stamp_phases(cine_of(cine), {"ED": [0], "ES": [2]})
    again = run(track(scene, client, cine, label_maps, start="ES")).tracked
    assert again.node is first.node
    assert (again.reference, again.first, again.last) == (2, 0, 4)
    assert scene.GetNumberOfNodes() == before
    assert tracked_in(cine).reference == 2


def test_a_cancelled_track_leaves_nothing(scene, client, cine):
    before, steps = scene.GetNumberOfNodes(), 0

    def cancel(report):
        nonlocal steps
        time.sleep(0.002)
        steps += "motion, " in report.message
        if steps > 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        finish(track(scene, client, cine, start=SHOWN), cancel)
    assert scene.GetNumberOfNodes() == before
    assert tracked_in(cine) is None


def test_what_is_no_cine_or_has_another_label_map_is_refused(scene, client, cine):
    single = add_to_scene(scene, new_frame(np.ones(SHAPE, np.uint8), grid_of(hearts()[0]), "single"))
    with pytest.raises(InputError, match="single frame"):
        run(track(scene, client, single))
    elsewhere = Grid(SHAPE, tuple(np.eye(4).ravel().tolist()))
    other = add_to_scene(scene, new_segmentation(hearts()[0].label_map, elsewhere, "other"))
    with pytest.raises(InputError, match="other pixels"):
        run(track(scene, client, cine, other, start=SHOWN))


def test_labels_follow_the_shown_frame_in_the_range_and_stay_beyond_it(scene, client, cine, label_maps):
    browser = cine_of(cine).browser
    browser.SetSelectedItemNumber(1)
    before = codes_of(label_maps)
    found = run(propagate(scene, client, cine, label_maps, back=0, on=2))
    after = codes_of(label_maps)
    assert found.segmentation is label_maps
    assert found.frames == [2, 3]
    frames = np.stack([pixels_of(node) for node in cine_of(cine)])
    expected, _record = es.propagate(before[1], frames[1:4], 0, frame_time=40.0)
    for frame in (0, 1, 4):
        assert np.array_equal(after[frame], before[frame])
    for frame in (2, 3):
        assert np.array_equal(after[frame], expected[frame - 1])
        assert not np.array_equal(after[frame], before[frame])


def test_a_single_frames_label_map_becomes_those_of_a_cine(scene, client, cine):
    heart = hearts()[0]
    single = add_to_scene(scene, new_segmentation(heart.label_map, grid_of(heart), "single"))
    found = run(propagate(scene, client, cine, single, back=9, on=2))
    codes = codes_of(found.segmentation)
    assert cine_of(found.segmentation).browser is cine_of(cine).browser
    assert np.array_equal(codes[0], heart.label_map)
    assert [bool(one.any()) for one in codes] == [True, True, True, False, False]


def test_cut_short_while_it_is_written_all_frames_are_as_before(scene, client, cine, label_maps):
    before = codes_of(label_maps)

    def cancel(report):
        time.sleep(0.002)
        if report.message.startswith("labels of frame 3"):
            raise Cancelled

    with pytest.raises(Cancelled):
        finish(propagate(scene, client, cine, label_maps, back=0, on=9), cancel)
    assert all(np.array_equal(one, other) for one, other in zip(codes_of(label_maps), before, strict=True))


def test_strain_is_told_and_judged_as_the_library_does(scene, client, cine, label_maps):
    found = run(track(scene, client, cine, label_maps, start="ED"))
    frames = np.stack([pixels_of(node) for node in cine_of(cine)])
    spacing = grid_of(hearts()[0]).spacing
    expected, _record = strain_of_cine(frames, codes_of(label_maps)[0], spacing, 40.0, view="4CH")
    assert found.strain.gls == pytest.approx(expected.gls, abs=1e-3)
    assert found.strain.gls < -5
    assert found.strain.beat == expected.beat
    assert found.strain.light == expected.light
    for name, evidence in expected.evidence.items():
        assert vars(found.strain.evidence[name]) == pytest.approx(vars(evidence), abs=1e-3)
    assert any("25 frames a second" in warning for warning in found.record["warnings"])


def test_without_a_ventricle_there_is_motion_and_a_reason_why_no_strain(scene, client, cine, label_maps):
    for node in cine_of(label_maps):
        write_segments(node, np.full(SHAPE, 3, np.uint8), grid_of(hearts()[0]))
    found = run(track(scene, client, cine, label_maps, start=SHOWN))
    assert found.strain is None
    assert tracked_in(cine) is not None
    assert any(warning.startswith("no strain:") for warning in found.record["warnings"])
