"""Fields are read between their samples as scipy reads them; beyond the grid as at the nearest sample."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from EchoSynthLib.anatomy.bilinear import Bilinear


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_field_is_read_as_scipy_reads_it_inside_and_beyond(kind: type) -> None:
    rng = np.random.default_rng(3)
    field = rng.normal(size=(7, 5)).astype(kind)
    places = rng.uniform(-3, 10, (2, 40, 6)).astype(kind)
    found = Bilinear.at(places, (7, 5)).read(field)
    assert found.dtype == kind
    assert found.shape == (40, 6)
    np.testing.assert_allclose(found, map_coordinates(field, places, order=1, mode="nearest"), atol=1e-5)


def test_samples_are_read_as_they_are_also_the_last_ones() -> None:
    field = np.random.default_rng(4).normal(size=(4, 6)).astype(np.float32)
    found = Bilinear.at(np.indices((4, 6), dtype=np.float32), (4, 6)).read(field)
    np.testing.assert_allclose(found, field, atol=1e-6)


def test_a_field_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"A field of \(4, 6\) is read here; given was one of \(6, 4\)"):
        Bilinear.at(np.zeros((2, 1), np.float32), (4, 6)).read(np.zeros((6, 4), np.float32))
