"""The generator's own arithmetic around its two networks."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.beam import BEAM_SHAPE
from EchoSynthLib.errors import Cancelled
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


def pipeline(spread: float, at_once: int = 1, speckle=enlarged) -> BeamFlowPipeline:
    config = {"structure_mean": MEAN, "structure_scale": SCALE, "guidance": 1.0, "blur": 0.0, "spread": spread}
    config["default_steps"] = 4
    return BeamFlowPipeline(still, speckle, config, at_once)


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


def marked(coarse, blur, noise, label, condition):
    """Speckle that shows the label map, too."""
    return [enlarged(coarse, blur, noise, label, condition)[0] + label[:, 1:2]]


def cine() -> tuple[NDArray[np.uint8], object]:
    hearts = [parametric_heart("4CH", phase, shape=(56, 68)) for phase in (0.0, 0.5, 1.0)]
    return np.stack([heart.label_map for heart in hearts]), hearts[0].sector


@pytest.mark.parametrize("at_once", [2, 3, 16])
def test_images_drawn_side_by_side_are_those_drawn_one_by_one(at_once: int) -> None:
    label_maps, sector = cine()
    together, _ = pipeline(0.0, at_once, marked)(label_maps, sector, count=2, seed=7, steps=3)
    assert together.shape == (2, *label_maps.shape)
    for index, label_map in enumerate(label_maps):
        alone, _ = pipeline(0.0, 1, marked)(label_map, sector, count=2, seed=7, steps=3)
        assert np.array_equal(together[:, index], alone)


def test_what_goes_wrong_beside_others_is_told_and_a_cancelled_drawing_ends() -> None:
    label_maps, sector = cine()

    def broken(*arrays):
        raise OSError("no weights")

    with pytest.raises(OSError, match="no weights"):
        pipeline(0.0, 2, broken)(label_maps, sector, steps=3)
    told = []

    def stop(done: int, total: int, message: str) -> None:
        told.append((done, total))
        if done == 4:
            raise Cancelled

    for at_once in (1, 2):
        told.clear()
        with pytest.raises(Cancelled):
            pipeline(0.0, at_once)(label_maps, sector, steps=3, progress=stop)
        assert told == [(1, 12), (2, 12), (3, 12), (4, 12)]


def test_one_at_a_time_is_drawn_in_the_callers_thread_where_its_operations_are_counted() -> None:
    seen: list[int] = []

    def noting(*arrays):
        seen.append(threading.get_ident())
        return enlarged(*arrays)

    label_maps, sector = cine()
    pipeline(0.0, 1, noting)(label_maps, sector, count=2, steps=1)
    pipeline(0.0, 4, noting)(label_maps[0], sector, count=1, steps=1)
    assert set(seen) == {threading.get_ident()}
