"""Points that are followed through a cine, and label maps that are carried along, with a network that looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label
from sliding_cines import RowShift, sliding, use

import EchoSynthLib as es
from EchoSynthLib.anatomy import deformation
from EchoSynthLib.errors import InputError
from EchoSynthLib.motion import tracking_quality
from EchoSynthLib.motion.following import agreed, turned
from EchoSynthLib.motion.propagation import Memberships
from EchoSynthLib.motion.steadying import closures, period_of, smoothing_weights, without_drift


@pytest.fixture(autouse=True)
def a_model_that_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(RowShift(), monkeypatch, tmp_path)


def test_what_lies_at_x_in_the_reference_lies_at_x_plus_displacement_in_each_frame() -> None:
    cine = sliding([0, 1, 2, 3, 4])
    displacements, record = es.track(cine, 20.0, reference=1)
    assert displacements.shape == (5, 2, 64, 80)
    assert displacements.dtype == np.float32
    assert (displacements[1] == 0).all()
    inner = displacements[:, :, 16:-16, 16:-16]
    for t, moved in enumerate([-1, 0, 1, 2, 3]):
        np.testing.assert_allclose(inner[t, 0], moved, atol=0.15)
        np.testing.assert_allclose(inner[t, 1], 0, atol=0.15)
    assert record["reference"] == 1
    assert record["frames"] == 5


def test_a_label_map_goes_where_the_tissue_goes() -> None:
    labels = np.zeros((64, 80), np.uint8)
    labels[20:40, 30:50] = 1
    carried, record = es.propagate(labels, sliding([0, 2, 4, 6]), first=1, last=2)
    np.testing.assert_array_equal(carried[0], labels)
    assert not carried[3].any()
    moved = np.roll(labels, 4, axis=0)
    overlap = (2 * (carried[2] & moved).sum()) / (carried[2].sum() + moved.sum())
    assert overlap > 0.97
    assert record["propagated_frames"] == [1, 2]


def test_a_reference_that_is_no_frame_or_shows_nothing_is_refused() -> None:
    cine = sliding([0, 1, 2])
    cine[2] = 0
    with pytest.raises(InputError, match="from 0 to 2; given was 3"):
        es.track(cine, reference=3)
    with pytest.raises(InputError, match="reference frame 2 has no contrast"):
        es.track(cine, reference=2)


def test_a_right_motion_has_a_good_quality_and_a_wrong_one_has_not() -> None:
    cine = sliding([0, 3])
    right = np.zeros((2, 2, 64, 80), np.float32)
    right[1, 0] = 3
    good = tracking_quality(cine, right, -right)
    poor = tracking_quality(cine, np.zeros_like(right), -right)
    inner = (1, slice(16, -16), slice(16, -16))
    np.testing.assert_allclose(good["forward_backward_px"][inner], 0, atol=1e-5)
    np.testing.assert_allclose(poor["forward_backward_px"][inner], 3, atol=1e-5)
    assert good["ncc"][inner].mean() > 0.98
    assert poor["ncc"][inner].mean() < 0.8
    np.testing.assert_allclose(good["jacobian"], 1)


def test_cines_that_do_not_move_or_hold_one_frame_are_told_of() -> None:
    still, record = es.track(sliding([0, 0, 0]), 20)
    np.testing.assert_allclose(still, 0, atol=1e-6)
    assert record["cycle_frames"] is None
    with pytest.raises(InputError, match="two frames or more"):
        es.track(sliding([0]))
    with pytest.raises(InputError, match="two frames or more"):
        es.propagate(np.ones((64, 80), np.uint8), sliding([0]))


def test_the_motion_of_a_blank_frame_is_put_between_its_neighbors() -> None:
    cine = sliding([0, 1, 2, 3, 4, 5])
    cine[3] = 7
    displacements, record = es.track(cine, 20)
    np.testing.assert_allclose(displacements[3, 0, 16:-16], 3, atol=0.2)
    assert record["blank_frames"] == [3]
    assert any("[3]" in text for text in record["warnings"])


def test_beyond_what_a_cine_shows_the_motion_stays_as_it_is() -> None:
    cine = np.concatenate([np.zeros((6, 64, 80), np.uint8), sliding([0, 1, 2, 4, 6]), np.zeros((20, 64, 80), np.uint8)])
    displacements, record = es.track(cine, 20, reference=6)
    for blank, shown in ((slice(0, 6), 6), (slice(11, None), 10)):
        np.testing.assert_allclose(displacements[blank], displacements[[shown]].repeat(len(cine[blank]), 0), atol=1e-5)
    assert any("nearest frame" in text and "[0, 1," in text for text in record["warnings"])


@pytest.mark.parametrize("reference", [-1, 3, True, 1.0, None, "0"])
def test_the_quality_of_a_tracking_has_a_frame_that_was_followed(reference: object) -> None:
    cine = sliding([0, 1, 2])
    with pytest.raises(InputError, match="from 0 to 2; given was"):
        tracking_quality(cine, np.zeros((3, 2, *cine.shape[1:])), reference=reference)


@pytest.mark.parametrize("kind", [str, complex, bool, object])
def test_the_quality_of_what_is_no_motion_is_refused(kind: type) -> None:
    cine = sliding([0, 1, 2])
    with pytest.raises(InputError, match="numbers of pixels"):
        tracking_quality(cine, np.zeros((3, 2, *cine.shape[1:])).astype(kind))
    with pytest.raises(InputError, match="beyond any picture"):
        tracking_quality(cine, np.full((3, 2, *cine.shape[1:]), 1e300))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_with_channels_is_warped_as_one_frame(channels: int) -> None:
    picture = np.stack([sliding([0])[0]] * channels, axis=-1)
    warped = es.warp(picture, np.zeros((2, *picture.shape[:2])))
    np.testing.assert_array_equal(warped, picture)


def test_labels_that_would_come_from_far_beyond_the_picture_are_empty() -> None:
    assert not es.warp(np.ones((9, 9), np.uint8), np.full((2, 9, 9), 1e30), labels=True).any()


@pytest.mark.parametrize("spacing", [(1e-300, 1.0), (1.0, 1e200), (1e7, 1e7)])
def test_a_size_that_no_pixel_has_is_refused(spacing: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="mm wide; given was"):
        es.track(sliding([0, 1, 2]), 20, spacing=spacing)


def test_a_color_cine_is_tracked_as_its_gray_levels_are() -> None:
    cine = sliding([0, 1, 2])
    color = np.repeat(cine[..., None], 3, axis=-1)
    np.testing.assert_allclose(es.track(color, 20)[0], es.track(cine, 20)[0], atol=1e-5)


def test_the_record_tells_what_time_was_taken_and_what_a_slow_cine_misses() -> None:
    cine = sliding([0, 1, 2])
    told = es.track(cine, spacing=(0.5, 1.0))[1]
    assert (told["frame_time_source"], told["frame_time_ms"]) == ("assumed", 33)
    assert "33 ms were assumed" in told["warnings"][0]
    assert told["mean_motion_mm"] == pytest.approx(told["mean_motion_px"] / 2, abs=1e-3)
    slow = es.track(cine, 50)[1]
    assert slow["frame_time_source"] == "given"
    assert "20 frames a second are fewer than 30" in slow["warnings"][0]
    assert "warnings" not in es.track(cine, 20)[1]
    with pytest.raises(InputError, match="milliseconds above 0, or None; given was -5"):
        es.track(cine, -5)


def test_labels_go_where_a_range_says_and_nowhere_else() -> None:
    labels = np.zeros((64, 80), np.uint8)
    labels[20:40, 30:50] = 2
    cine = sliding([0, 2, 4, 6])
    whole, _ = es.propagate(labels, cine, 1)
    np.testing.assert_array_equal(whole[1], labels)
    part, record = es.propagate(labels, cine, 1, first=2, last=3)
    assert record["propagated_frames"] == [2, 3]
    assert not part[0].any()
    for first, last in ((2, 1), (0, 4), (-1, 2)):
        with pytest.raises(InputError, match=r"first|last"):
            es.propagate(labels, cine, first=first, last=last)
    with pytest.raises(InputError, match="grid of the cine's frames"):
        es.propagate(labels[:-1], cine)


def test_carried_labels_have_neither_holes_nor_specks() -> None:
    """Where the motion trembles from pixel to pixel, the structures still have one piece each."""
    labels = np.zeros((64, 80), np.uint8)
    labels[10:50, 20:60] = 2
    labels[16:44, 28:52] = 1
    trembling = np.random.default_rng(0).normal(0, 1.5, (2, 64, 80))
    assert pieces(deformation.warp_labels(labels, trembling)) != [1, 1, 1]
    carried = Memberships.of(labels).carried(trembling)
    assert pieces(carried) == [1, 1, 1]
    assert (carried == labels).mean() > 0.9


def pieces(label_map: np.ndarray) -> list[int]:
    return [label(label_map == code)[1] for code in (0, 1, 2)]


def beat(frames: int, period: float) -> np.ndarray:
    """A motion (T, 2, 4, 4) that comes back."""
    phase = (1 - np.cos(2 * np.pi * np.arange(frames) / period)) / 2
    return (phase[:, None, None, None] * np.arange(32).reshape(2, 4, 4)).astype(np.float32)


@pytest.mark.parametrize(("frames", "period", "found"), [(60, 25, 25), (26, 25, 25), (20, 40, None), (30, 40, None)])
def test_a_beat_is_found_where_the_cine_holds_a_whole_one(frames: int, period: int, found: int | None) -> None:
    assert period_of(beat(frames, period)) == found
    assert period_of(np.zeros((frames, 2, 4, 4))) is None


def test_drift_is_taken_off_evenly_between_closures() -> None:
    drifting = beat(51, 25) + np.arange(51, dtype=np.float32)[:, None, None, None] / 25
    ends = closures(51, 0, 25)
    assert ends == [25, 50]
    closed = without_drift(drifting, 0, {end: drifting[end] for end in ends})
    np.testing.assert_allclose(closed, beat(51, 25), atol=1e-4)
    assert closures(51, 30, 25) == [5]


def test_a_parabola_in_time_goes_through_smoothing_unchanged_and_trembling_does_not() -> None:
    weights = smoothing_weights(20, reference=4, window=2.0)
    times = np.arange(20.0)
    np.testing.assert_allclose(weights @ (times - 4) ** 2, (times - 4) ** 2, atol=1e-9)
    trembling = np.random.default_rng(0).standard_normal((20, 500))
    trembling[4] = 0
    assert (weights @ trembling)[6:].std() < 0.6 * trembling[6:].std()
    np.testing.assert_array_equal(smoothing_weights(20, reference=4, window=0.4), np.eye(20))


def test_a_displacement_is_turned_around_and_both_directions_meet_halfway() -> None:
    rows, columns = np.indices((40, 40))
    bump = np.exp(-((rows - 20) ** 2 + (columns - 20) ** 2) / 60)
    forward = np.stack([3 * bump, -2 * bump]).astype(np.float32)
    back = turned(forward)
    np.testing.assert_allclose(turned(back), forward, atol=0.05)
    np.testing.assert_allclose(agreed(forward, back), forward, atol=0.05)
    np.testing.assert_allclose(agreed(1.2 * forward, turned(0.8 * forward)), forward, atol=0.15)
