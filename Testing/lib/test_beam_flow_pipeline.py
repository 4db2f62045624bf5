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


def drawn(temperature: float) -> NDArray[np.float32]:
    config = {"structure_mean": MEAN, "structure_scale": SCALE, "guidance": 1.0, "blur": 0.0}
    pipeline = BeamFlowPipeline(still, enlarged, {**config, "temperature": temperature})
    label = np.zeros((1, CLASSES, *BEAM_SHAPE), np.float32)
    condition = np.zeros((1, conditions.LENGTH), np.float32)
    return pipeline.draw(label, condition, np.random.default_rng(0), steps=3)


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.1])
def test_the_temperature_widens_what_the_structure_stage_starts_from(temperature: float) -> None:
    np.testing.assert_allclose(drawn(temperature) - MEAN, temperature * (drawn(1.0) - MEAN), atol=1e-6)


def test_at_temperature_one_it_starts_from_noise_of_unit_variance() -> None:
    assert np.std(drawn(1.0)) == pytest.approx(SCALE, rel=0.05)
