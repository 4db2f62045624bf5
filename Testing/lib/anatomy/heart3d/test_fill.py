from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.fill import fill


def asked_of(labels):
    """What `fill` makes of a label map, and how many pixels it asked for."""
    count = 0

    def ask(rows, columns):
        nonlocal count
        count += len(rows)
        height, width = labels.shape
        return labels[np.minimum(rows, height - 1), np.minimum(columns, width - 1)]

    return fill(labels.shape, np.ones(labels.shape, bool), ask), count


def curves(seed: int, shape: tuple[int, int]) -> np.ndarray:
    """A region with a wavy outline, another in it, and a line of one pixel through both."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    angle = np.arctan2(rows - shape[0] / 2, columns - shape[1] / 2)
    radius = np.hypot(rows - shape[0] / 2, columns - shape[1] / 2)
    outline = 0.35 * min(shape) * (1 + 0.2 * np.sin(rng.integers(2, 6) * angle + rng.uniform(0, 6)))
    labels = (radius < outline).astype(np.uint8) + (radius < 0.5 * outline)
    labels[np.abs(rows - columns * rng.uniform(0.6, 1.4)) < 0.8] = 9
    return labels


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(97, 130), (64, 64), (9, 200)])
def test_every_outline_is_followed_to_its_end_down_to_a_line_of_one_pixel(seed, shape) -> None:
    labels = curves(seed, shape)
    np.testing.assert_array_equal(asked_of(labels)[0], labels)


def test_most_pixels_of_a_large_picture_are_not_asked_for() -> None:
    labels = curves(0, (400, 400))
    assert asked_of(labels)[1] < 0.4 * labels.size


def test_pixels_that_are_not_wanted_are_not_labeled() -> None:
    wanted = np.zeros((40, 40), bool)
    wanted[10:20, 5:30] = True
    labels = fill((40, 40), wanted, lambda rows, columns: np.full(len(rows), 4, np.uint8))
    np.testing.assert_array_equal(labels, 4 * wanted)
