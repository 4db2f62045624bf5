"""Refinement makes pictures more alike without folding, and registration takes volumes where a model does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sliding_cines import RowShift, still, use

import EchoSynthLib as es
from EchoSynthLib.anatomy import deformation
from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.motion.fourier.pipeline import MotionPipeline
from EchoSynthLib.motion.refinement import likeness_and_slope, refined


def smooth_picture(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float32]:
    picture = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 3)
    return (128 + 40 * picture / picture.std()).astype(np.float32)


def test_the_slope_is_that_of_the_likeness() -> None:
    """Against a difference quotient, in the middle and at the border."""
    warped, fixed = smooth_picture((30, 34)).astype(np.float64), smooth_picture((30, 34), 1).astype(np.float64)
    _, slope = likeness_and_slope(warped, fixed)
    for place in ((15, 17), (0, 3)):
        step = np.zeros_like(warped)
        step[place] = 1e-3
        up, down = (likeness_and_slope(warped + sign * step, fixed)[0] for sign in (1, -1))
        assert (up - down) / 2e-3 * warped.size == pytest.approx(slope[place], rel=1e-3)


@pytest.mark.parametrize("shape", [(64, 80), (63, 80), (24, 32, 32)])
def test_refinement_goes_toward_the_motion_that_the_pictures_show(shape: tuple[int, ...]) -> None:
    fixed = smooth_picture(shape)
    true = np.zeros((len(shape), *shape), np.float32)
    true[0] = 2
    moving = deformation.warp(fixed, -true, outside=None)
    gray = [picture.clip(0, 255).astype(np.uint8) for picture in (moving, fixed)]
    found, likeness = refined(gray[0], gray[1], np.zeros_like(true), 12)
    inner = tuple(slice(side // 4, -(side // 4)) for side in shape)
    assert likeness[1] > likeness[0]
    assert 0.5 < found[0][inner].mean() < 3
    assert deformation.folding_share(found) == 0


def test_refine_is_an_option_of_register_and_told_in_the_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(RowShift(), monkeypatch, tmp_path)
    moving, steps = np.roll(still(), 3, axis=0), []
    coarse, plain = es.register(moving, still())
    found, record = es.register(moving, still(), refine=3, progress=lambda done, *_: steps.append(done))
    assert np.abs(found - coarse)[:, 16:-16, 16:-16].max() < 1
    assert (record["refine"], len(record["likeness"])) == (3, 2)
    assert steps == [0, 1, 2, 3]
    assert "refine" not in plain
    with pytest.raises(InputError, match="number of steps, is a whole number from 0 to 10000; given was -1"):
        es.register(moving, still(), refine=-1)


def deeper(*volumes: NDArray[np.generic]) -> list[NDArray[np.float32]]:
    """A network for volumes: all lies one voxel of its grid deeper."""
    assert [volume.shape for volume in volumes] == [(1, 1, 8, 16, 12)] * 2
    answer = np.zeros((1, 3, 8, 16, 12), np.float32)
    answer[:, 0] = 1
    return [answer]


def test_volumes_are_registered_by_a_model_for_volumes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(MotionPipeline(deeper, {"grid": [8, 16, 12]}), monkeypatch, tmp_path)
    volume = np.random.default_rng(0).integers(0, 256, (24, 40, 36), dtype=np.uint8)
    moving = np.stack([gaussian_filter(plane, 2) for plane in volume]) * 3
    fixed = np.roll(moving, -3, axis=0)
    displacement, record = es.register(moving, fixed, (0.5, 1.0, 1.0))
    assert displacement.shape == (3, 24, 40, 36)
    np.testing.assert_allclose(displacement[0], 3, rtol=1e-5)
    np.testing.assert_allclose(displacement[1:], 0)
    assert (record["shape"], record["mean_motion_mm"]) == ([24, 40, 36], 1.5)
    np.testing.assert_array_equal(deformation.warp(moving, displacement)[:20], fixed[:20])
    with pytest.raises(ModelError, match=r"frames \(H, W\) needs a model for them, and 'motion' is one for volumes"):
        es.register(moving[0], fixed[0])
    with pytest.raises(InputError, match="three positive numbers"):
        es.register(moving, fixed, (0.5, 1.0))


def test_a_model_for_frames_tells_that_volumes_need_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(RowShift(), monkeypatch, tmp_path)
    volume = np.stack([still(seed) for seed in range(9)])
    with pytest.raises(ModelError, match="None for volumes comes with EchoSynth"):
        es.register(volume, volume[::-1])
