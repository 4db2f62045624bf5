"""Points that are followed through a cine, and label maps that are carried along, with a network that looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.errors import InputError
from EchoSynthLib.motion import tracking_quality


def still(shape: tuple[int, int] = (64, 80), seed: int = 0) -> NDArray[np.uint8]:
    """A picture that shows something, with speckle."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.standard_normal(shape), 1.5)
    return np.clip(128 + 250 * smooth, 0, 255).astype(np.uint8)


def sliding(rows: list[int], shape: tuple[int, int] = (64, 80)) -> NDArray[np.uint8]:
    """A cine of a picture that is pushed downward by so many rows in each frame."""
    return np.stack([np.roll(still(shape), by, axis=0) for by in rows])


class RowShift:
    """Registers by the one shift of rows that makes the pictures most alike."""

    grid = (64, 80)

    def __call__(self, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
        tried = list(range(-9, 10))
        unlike = [np.abs(np.roll(moving.astype(float), -by, axis=0) - fixed).mean() for by in tried]
        return np.stack(
            [np.full(fixed.shape, tried[int(np.argmin(unlike))], np.float32), np.zeros(fixed.shape)]
        ).astype(np.float32)


@pytest.fixture(autouse=True)
def a_model_that_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = zoo.ModelFolder("motion", tmp_path, {"system": "motion.fourier"}, {}, False)
    for module in ("tracking", "propagation"):
        monkeypatch.setattr(f"EchoSynthLib.motion.{module}.find_model", lambda *_: folder)
        monkeypatch.setattr(f"EchoSynthLib.motion.{module}.load_pipeline", lambda *_, **__: RowShift())


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
