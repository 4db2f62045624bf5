"""The generator's own arithmetic around its two networks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.anatomy.beam import BEAM_SHAPE
from EchoSynthLib.synthesis.beam_flow import conditions
from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline
from EchoSynthLib.synthesis.beam_flow.shapes import CLASSES, FACTOR

MEAN, SCALE = -0.2, 0.05


def still(z, t, r, guidance, label, condition):
    """A flow that moves nothing: what was noise stays as it is."""
    return [np.zeros_like(z)]


def enlarged(coarse, blur, noise, label, condition):
    """Speckle that adds nothing."""
    return [coarse.repeat(FACTOR, axis=2).repeat(FACTOR, axis=3)]


def pipeline(spread: float) -> BeamFlowPipeline:
    config = {"structure_mean": MEAN, "structure_scale": SCALE, "guidance": 1.0, "blur": 0.0, "spread": spread}
    return BeamFlowPipeline(still, enlarged, config)


def drawn(spread: float, steps: int = 4) -> NDArray[np.float32]:
    label = np.zeros((1, CLASSES, *BEAM_SHAPE), np.float32)
    condition = np.zeros((1, conditions.LENGTH), np.float32)
    return pipeline(spread).draw(label, condition, np.random.default_rng(0), steps)


def test_without_spread_it_starts_from_noise_of_unit_variance() -> None:
    assert np.std(drawn(0.0)) == pytest.approx(SCALE, rel=0.05)


@pytest.mark.parametrize(("steps", "factor"), [(1, 1.2), (4, 1.1), (16, 1.05)])
def test_spread_widens_the_noise_less_the_more_steps_there_are(steps: int, factor: float) -> None:
    assert pipeline(0.2).temperature(steps) == pytest.approx(factor)
    np.testing.assert_allclose(drawn(0.2, steps) - MEAN, factor * (drawn(0.0, steps) - MEAN), atol=1e-6)
