"""Label maps of a cine that agree over time: lone failures are repaired, and a fast systole stays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from shipped import needs_segmenter

import EchoSynthLib as es
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.motion.flow import flow
from EchoSynthLib.motion.fusion import fused
from EchoSynthLib.progress import silent

SHAPE = (112, 112)


def beating(rate, count, seed=0):
    """Frames and label maps of a beating heart, with speckle that comes anew in each."""
    generator = np.random.default_rng(seed)
    phases = Beat.at(68).emptied(np.arange(count) / rate * 68 / 60 + 0.1)
    maps = np.stack([parametric_heart("4CH", float(phase), shape=SHAPE).label_map for phase in phases])
    bright = np.array([70.0, 15.0, 130.0, 20.0])[maps]
    speckle = ndimage.gaussian_filter(generator.normal(0, 30, maps.shape), (0, 1, 1))
    pictures = ndimage.gaussian_filter(bright, (0, 1.5, 1.5)) + speckle
    return np.clip(pictures, 0, 255).astype(np.uint8), maps


def dice(one, other):
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def test_small_motion_is_followed_by_gray_levels():
    picture = ndimage.gaussian_filter(np.random.default_rng(1).normal(0, 1, SHAPE), 4)
    picture = (128 + 80 * picture / np.abs(picture).max()).astype(np.uint8)
    moved = flow(np.roll(picture, (2, -3), (0, 1)), picture)[:, 20:-20, 20:-20].mean(axis=(1, 2))
    assert moved == pytest.approx([2, -3], abs=0.4)


def test_sound_label_maps_stay_as_they_are():
    frames, maps = beating(30, 12)
    found = fused(frames, maps, 33.3, silent)
    assert not found.repaired
    assert min(dice(one == 1, other == 1) for one, other in zip(found.label_maps, maps, strict=True)) > 0.97


def test_trembling_edges_become_steadier_and_nearer_to_the_truth():
    frames, maps = beating(30, 16)
    generator = np.random.default_rng(2)
    steps = ndimage.gaussian_filter(generator.normal(0, 1, (16, 2, *SHAPE)), (0, 0, 6, 6)) * 28
    rough = np.stack(
        [
            ndimage.map_coordinates(labels, np.indices(SHAPE) + step, order=0)
            for labels, step in zip(maps, steps, strict=True)
        ]
    )
    joined = fused(frames, rough, 33.3, silent).label_maps
    before, after = (np.mean([dice(a == 1, b == 1) for a, b in zip(it, maps, strict=True)]) for it in (rough, joined))
    assert 1 - after < 0.8 * (1 - before)


def test_a_frame_that_fails_alone_is_repaired_and_told():
    frames, maps = beating(30, 12)
    wrong = maps.copy()
    wrong[6][:, :56][wrong[6][:, :56] == 1] = 2
    found = fused(frames, wrong, 33.3, silent)
    assert list(found.repaired) == [6]
    assert dice(found.label_maps[6] == 1, maps[6] == 1) > 0.95


def test_a_systole_of_few_frames_is_kept():
    frames, maps = beating(8, 16)
    found = fused(frames, maps, 125.0, silent).label_maps
    areas, own = ((it == 1).sum(axis=(1, 2)) for it in (found, maps))
    assert areas.min() / areas.max() == pytest.approx(own.min() / own.max(), abs=0.04)


def test_blank_frames_are_no_neighbors():
    frames, maps = beating(30, 6)
    frames[3], maps[3] = 0, 0
    found = fused(frames, maps, 33.3, silent, blank=[3])
    assert not found.label_maps[3].any()
    assert all((labels == 1).any() for index, labels in enumerate(found.label_maps) if index != 3)
    alone = fused(frames[:2], maps[:2], 33.3, silent, blank=[1])
    np.testing.assert_array_equal(alone.label_maps, maps[:2])


@needs_segmenter
def test_the_record_tells_what_was_joined():
    frames, _ = beating(30, 6)
    maps, record = es.segment_cine(frames, frame_time=33.3)
    alone, plain = es.segment_cine(frames, frame_time=33.3, motion=None)
    assert maps.shape == alone.shape == frames.shape
    assert record["joined_by"] == "gray levels"
    assert set(record["steadiness"]["after"]) == {"area_percent", "length_percent", "base_percent_of_length"}
    assert "steadiness" not in plain
    assert es.segment_cine(frames, frame_time=125)[1]["joined_by"] == "motion"
    assert es.segment_cine(frames)[1]["joined_frame_time_source"] == "assumed"
