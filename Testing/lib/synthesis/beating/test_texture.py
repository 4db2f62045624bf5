"""A frame is taken apart into what stays and what does not, and its speckle can be laid on anew."""

from __future__ import annotations

import numpy as np
import pytest
from beating_hearts import Drawer, heart
from scipy.ndimage import gaussian_filter

from EchoSynthLib.anatomy.beam import to_beam_space
from EchoSynthLib.evaluation.speckle import lag_one_autocorrelation
from EchoSynthLib.synthesis.beating.texture import Grain, taken_apart

SIZE = (160, 128)


def speckle_of(sigma: tuple[float, float]) -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(3).standard_normal(SIZE), sigma, mode="wrap")
    return (noise / noise.std()).astype(np.float32)


def test_a_grain_is_that_of_the_speckle_it_was_told_from() -> None:
    everywhere = np.ones(SIZE, bool)
    speckle = speckle_of((0.7, 1.8))
    grain, _ = Grain.of(speckle, everywhere)
    new = grain.laid_on(np.random.default_rng(8).standard_normal(SIZE).astype(np.float32))
    assert new.std() == pytest.approx(1, rel=0.06)
    for axis in (0, 1):
        expected = lag_one_autocorrelation(speckle, everywhere, axis)
        assert lag_one_autocorrelation(new, everywhere, axis) == pytest.approx(expected, abs=0.05)


def test_the_white_noise_of_speckle_gives_it_back() -> None:
    speckle = speckle_of((0.5, 0.8))
    grain, white = Grain.of(speckle, np.ones(SIZE, bool))
    assert np.corrcoef(grain.laid_on(white).ravel(), speckle.ravel())[0, 1] > 0.98


def test_the_skew_of_speckle_is_kept() -> None:
    skewed = np.log(np.abs(speckle_of((0.6, 0.6))) + 0.3)
    skewed = ((skewed - skewed.mean()) / skewed.std()).astype(np.float32)
    grain, _ = Grain.of(skewed, np.ones(SIZE, bool))
    new = grain.laid_on(np.random.default_rng(8).standard_normal(SIZE).astype(np.float32))
    assert np.mean(new**3) == pytest.approx(float(np.mean(skewed**3)), abs=0.2)


def test_structure_and_speckle_are_told_apart() -> None:
    label_map, sector = heart()
    drawer = Drawer()
    labels = to_beam_space(label_map, sector, order=0).astype(np.uint8)
    frame, *others = drawer.redrawn(np.zeros(1), label_map, sector, count=3, seed=5)
    material = taken_apart(frame, labels, np.stack(others))
    wall = labels == 2
    # Another drawing of the same heart has the same structure.
    again = taken_apart(others[0], labels, np.stack([frame, others[1]]))
    apart = np.std((material.structure - again.structure)[wall])
    assert apart < 0.7 * np.std((frame - others[0])[wall])
    assert material.blood[labels == 1].mean() > 0.9 > 0.3 > material.blood[wall].mean()
