from __future__ import annotations

import numpy as np

from EchoSynthLib.anatomy.structures import LEFT_VENTRICLE
from EchoSynthLib.images.overlay import Overlay, bright, pixel_aspect

FRAME = np.full((40, 50), 90, np.uint8)
RED = (255, 0, 0)


def test_a_line_and_circles_lie_where_they_do_in_the_frame_whatever_its_pixels() -> None:
    overlay = Overlay(FRAME, 200, pixel_aspect((0.5, 1.0)))
    assert overlay.image.size == (500, 200)
    overlay.line([(10, 10), (10, 40)], RED)
    overlay.circles([(30, 20)], RED)
    red = (np.asarray(overlay.image) == RED).all(axis=2)
    rows, columns = np.nonzero(red[:100])
    assert abs(rows.mean() - 10.5 * 5) < 1
    assert abs(columns.min() - 10.5 * 10) <= 1
    assert abs(columns.max() - 40.5 * 10) <= 1
    around = np.argwhere(red[100:]).mean(axis=0)
    np.testing.assert_allclose(around, (30.5 * 5 - 100, 20.5 * 10), atol=0.6)


def test_an_outline_is_as_wide_as_asked_for_and_lies_within_its_structure() -> None:
    labels = np.zeros(FRAME.shape, np.uint8)
    labels[10:30, 10:40] = 1
    for width in (1, 3):
        overlay = Overlay(FRAME, len(FRAME))
        overlay.outlines(labels, width)
        drawn = (np.asarray(overlay.image) == bright(LEFT_VENTRICLE)).all(axis=2)
        expected = labels == 1
        expected[10 + width : 30 - width, 10 + width : 40 - width] = False
        np.testing.assert_array_equal(drawn, expected)
