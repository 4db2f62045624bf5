"""A small echo drawn from a parametric heart, and its volume: cases need no data."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from EchoSynthLib.anatomy import HeartMap, parametric_heart

_GRAY = {0: 90, 1: 25, 2: 150, 3: 30}  # mean gray of tissue by CAMUS code: blood is dark


def drawn_heart(shape: tuple[int, int] = (112, 136), phase: float = 0.0) -> HeartMap:
    """A four-chamber heart with its sector on a small grid of square pixels."""
    return parametric_heart("4CH", phase, shape=shape)


def drawn_echo(heart: HeartMap, seed: int = 0) -> np.ndarray:
    """A picture (H, W) uint8 of a heart with Rayleigh speckle in its sector, black outside."""
    speckle = np.random.default_rng(seed).rayleigh(0.8, heart.label_map.shape)
    gray = np.vectorize(_GRAY.get)(heart.label_map) * speckle
    return np.where(heart.sector.mask(heart.label_map.shape), gray.clip(1, 255), 0).astype(np.uint8)


def echo_volume(heart: HeartMap, seed: int = 0, name: str = "echo") -> Any:
    """The picture as a volume in the scene, placed as Slicer's readers place one: the first row on top of the view."""
    row, column = heart.spacing
    matrix = np.diag([-column, -row, 1.0, 1.0])
    return slicer.util.addVolumeFromArray(drawn_echo(heart, seed)[None], ijkToRAS=matrix, name=name)
