"""Cines that slide downward, and a registrar that finds by how much: what tracking is tested with, without weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib import zoo

SIZE = (64, 80)


def still(seed: int = 0) -> NDArray[np.uint8]:
    """A picture that shows something, with speckle."""
    smooth = gaussian_filter(np.random.default_rng(seed).standard_normal(SIZE), 1.5)
    return np.clip(128 + 250 * smooth, 0, 255).astype(np.uint8)


def sliding(rows: list[int]) -> NDArray[np.uint8]:
    """A cine of a picture that is pushed downward by so many rows in each frame."""
    return np.stack([np.roll(still(), by, axis=0) for by in rows])


class RowShift:
    """Registers by the one shift of rows that makes the pictures most alike."""

    grid = SIZE

    def __call__(self, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
        tried = list(range(-9, 10))
        unlike = [np.abs(np.roll(moving.astype(float), -by, axis=0) - fixed).mean() for by in tried]
        found = np.zeros((2, *fixed.shape), np.float32)
        found[0] = tried[int(np.argmin(unlike))]
        return found


def use(registrar: object, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Lets `es.register`, `track` and `propagate` find this registrar as the model `motion`."""
    model = zoo.ModelFolder("motion", folder, {"system": "motion.fourier", "supervision": "none"}, {}, False)
    monkeypatch.setattr("EchoSynthLib.motion.registration.find_model", lambda *_: model)
    monkeypatch.setattr("EchoSynthLib.motion.registration.load_pipeline", lambda *_, **__: registrar)
