"""Label maps are carried along, and do not fray where the sector cuts them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from beating_hearts import heart
from scipy import ndimage

from EchoSynthLib.synthesis.beating.label_maps import MovedLabels


def shift(label_map: np.ndarray, rows: float, columns: float) -> np.ndarray:
    return np.broadcast_to(np.array([rows, columns], np.float32)[:, None, None], (2, *label_map.shape))


def test_without_motion_a_label_map_stays() -> None:
    label_map, sector = heart()
    assert np.array_equal(MovedLabels(label_map, sector)(shift(label_map, 0, 0)), label_map)


def test_a_structure_that_the_sector_cuts_stays_whole_at_its_edge() -> None:
    label_map, sector = heart()
    # An atrium that goes beyond the sector's bottom.
    rows, columns = np.indices(label_map.shape)
    inside = sector.mask(label_map.shape)
    band = (rows > 100) & (np.abs(columns - 80) < 15) & inside
    label_map = np.where(band, 3, np.where(label_map == 3, 0, label_map)).astype(np.uint8)
    moved = MovedLabels(label_map, sector)(shift(label_map, 5, 0))  # up: from beyond the bottom
    strip = (rows > 110) & (np.abs(columns - 80) < 13) & inside
    assert (moved[strip] == 3).all()
    assert not moved[~inside].any()


def test_outlines_move_by_as_much_as_the_tissue() -> None:
    label_map, sector = heart()
    moved = MovedLabels(label_map, sector)(shift(label_map, -3, 2))
    cavity, before = np.argwhere(moved == 1), np.argwhere(label_map == 1)
    np.testing.assert_allclose(cavity.mean(axis=0) - before.mean(axis=0), (3, -2), atol=0.1)


def test_what_is_labeled_beyond_the_sector_moves_along_with_what_is_inside() -> None:
    label_map, sector = heart()
    rows, columns = np.indices(label_map.shape)
    inside = sector.mask(label_map.shape)
    wall = np.hypot(rows - 70, columns - 122) < 16  # half of it beyond the right edge
    assert (wall & ~inside).sum() > 50
    label_map = np.where(wall, 2, 0).astype(np.uint8)
    label_map[60:66, 70:76] = 1
    moved = MovedLabels(label_map, sector)(shift(label_map, -4, 0))
    expected = np.roll(label_map == 2, 4, axis=0)
    assert np.array_equal(moved == 2, expected)


@pytest.mark.parametrize("gap", [0, 2])
def test_beyond_the_edge_the_wall_is_no_thicker_than_it_is_elsewhere(gap: int) -> None:
    """Nor does it fray where it runs along the edge with gaps of a pixel or two, as in what a segmenter finds."""
    label_map, sector = heart()
    rows, columns = np.indices(label_map.shape)
    depth = ndimage.distance_transform_edt(sector.mask(label_map.shape))
    cavity = (rows > 50) & (rows < 100) & (depth > 10) & (depth < 30) & (columns > 80)
    wall = (ndimage.distance_transform_edt(~cavity) <= 10) & (depth > np.where(rows % 7 < 3, 0, gap))
    label_map = np.where(cavity, 1, np.where(wall & (columns > 80), 2, 0)).astype(np.uint8)
    moved = MovedLabels(label_map, sector)(shift(label_map, 0, 6.0))  # to the left, away from the edge
    band = (rows > 65) & (rows < 90) & (columns > 80) & (depth > 0) & (depth < 2)
    assert (moved[band] == 0).all()
    assert np.array_equal(MovedLabels(label_map, sector)(shift(label_map, 0, 0)), label_map)


def test_a_structure_that_the_picture_cuts_goes_on_beyond_it() -> None:
    """Also where it is labeled between the sector's edge and the picture's."""
    label_map, sector = heart()
    rows, columns = np.indices(label_map.shape)
    atrium = (rows > 100) & (np.abs(columns - 80) < 15)
    label_map = np.where(atrium, 3, np.where(label_map == 3, 0, label_map)).astype(np.uint8)
    shallow = replace(sector, radius_far=sector.radius_far - 10)
    moved = MovedLabels(label_map, shallow)(shift(label_map, 5, 0))  # up: from beyond the bottom
    assert (moved[(rows > 110) & (np.abs(columns - 80) < 13)] == 3).all()
