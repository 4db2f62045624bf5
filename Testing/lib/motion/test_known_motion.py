"""The hearts of Testing/benchmarks/known_motion.py, which is no package, move as they say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from EchoSynthLib.anatomy import deformation
from EchoSynthLib.anatomy.structures import CamusCode

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def known_motion() -> Any:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import known_motion
    finally:
        sys.path.remove(str(BENCHMARKS))
    return known_motion


@pytest.fixture(scope="module")
def heart(known_motion: Any) -> Any:
    return known_motion.moving_heart(1, frames=8, noise=0.0)


def test_the_true_motion_brings_every_frame_onto_the_first(heart: Any) -> None:
    wall, first = heart.wall(), heart.cine[0].astype(float)
    off = [
        np.abs(deformation.warp(frame.astype(float), truth, order=3) - first)[wall].mean()
        for frame, truth in zip(heart.cine, heart.truth, strict=True)
    ]
    unmoved = np.abs(heart.cine[heart.systole].astype(float) - first)[wall].mean()
    assert max(off) < 3
    assert unmoved > 15


def test_steps_after_one_another_are_the_motion_from_the_first_frame(heart: Any) -> None:
    whole = heart.steps[0]
    for step in heart.steps[1 : heart.systole]:
        whole = deformation.compose(step, whole)
    assert np.abs(whole - heart.truth[heart.systole])[:, heart.wall()].max() < 0.05


def test_the_cavity_shrinks_and_the_wall_thickens_without_a_fold(heart: Any, known_motion: Any) -> None:
    determinant = deformation.jacobian_determinant(heart.truth[heart.systole])
    assert determinant.min() > 0.2
    assert 0.4 < determinant[heart.label_map == CamusCode.LV_CAVITY].mean() < 0.75
    contraction = known_motion.Contraction.of(heart.label_map, heart.spacing)
    # Across the long axis, at its middle: the inner border comes nearer to it than the outer one.
    middle = contraction.apex + 0.5 * contraction.length * contraction.axis
    across = np.array([-contraction.axis[1], contraction.axis[0]])
    inner, outer = (
        contraction(((middle + share * contraction.radius * across) / heart.spacing).reshape(2, 1))[:, 0]
        for share in (1.0, 1.45)
    )
    assert -(inner * heart.spacing) @ across > -(outer * heart.spacing) @ across + 1
