"""Mitral leaflets hang at the annulus, close in systole, and swing into the ventricle in diastole."""

from __future__ import annotations

import numpy as np
import pytest
from beating_hearts import heart

from EchoSynthLib.synthesis.beating.leaflets import CLOSED, OPEN, LeafletLayer, leaflets_of


def test_they_hang_where_ventricle_atrium_and_wall_meet() -> None:
    label_map, _ = heart()
    left, right = leaflets_of(label_map, "4CH")
    rows, columns = np.nonzero((label_map[:-1] == 1) & (label_map[1:] == 3))
    assert left.hinge[1] == pytest.approx(columns.min(), abs=4)
    assert right.hinge[1] == pytest.approx(columns.max(), abs=4)
    assert left.hinge[0] == pytest.approx(rows[columns.argmin()], abs=4)
    assert left.apical[0] < 0  # the ventricle lies above
    # Closed, both meet.
    tips = [leaflet.at(np.array(leaflet.length), np.array(CLOSED)) for leaflet in (left, right)]
    assert np.hypot(*(tips[0] - tips[1])) < 4
    assert left.length > right.length


def test_without_an_atrium_there_are_none() -> None:
    label_map, _ = heart()
    assert leaflets_of(np.where(label_map == 3, 0, label_map).astype(np.uint8), "4CH") == ()


def test_an_open_leaflet_points_into_the_ventricle() -> None:
    label_map, _ = heart()
    for leaflet in leaflets_of(label_map, "4CH"):
        row, column = np.rint(leaflet.at(np.array(0.8 * leaflet.length), np.array(OPEN))).astype(int)
        assert label_map[row, column] == 1


def test_turning_there_and_back_comes_home() -> None:
    label_map, _ = heart()
    leaflet = leaflets_of(label_map, "4CH")[0]
    points = leaflet.at(np.linspace(2, leaflet.length, 9), np.linspace(-0.3, 1.4, 9))
    there = leaflet.turned(points, CLOSED, OPEN)
    np.testing.assert_allclose(leaflet.turned(there, OPEN, CLOSED), points, atol=1e-3)
    # The sheet itself goes from one position to the other.
    radius = np.linspace(2, leaflet.length, 9)
    closed = leaflet.at(radius, leaflet.angle(CLOSED, radius))
    opened = leaflet.turned(closed, CLOSED, OPEN)
    np.testing.assert_allclose(opened, leaflet.at(radius, leaflet.angle(OPEN, radius)), atol=1e-3)


def test_it_finds_how_far_leaflets_are_lifted_in_the_frame() -> None:
    label_map, _ = heart()
    leaflets = leaflets_of(label_map, "4CH")
    places = np.indices(label_map.shape).astype(float)
    lifts = (np.radians(20), np.radians(48))
    bright = sum(leaflet.sheet(places, lift) for leaflet, lift in zip(leaflets, lifts, strict=True))
    pools = np.isin(label_map, (1, 3)).astype(np.float32)
    layer = LeafletLayer(leaflets, bright.astype(np.float32), np.zeros_like(pools), pools, places)
    np.testing.assert_allclose(np.degrees(layer.lifts), np.degrees(lifts), atol=9)
