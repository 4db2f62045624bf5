"""Files that the tests of the tasks work on, and what they find in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, heart_cycle, parametric_heart
from EchoSynthLib.images.write import write_image, write_label_map

SHAPE = (112, 120)
SPACING = (0.9, 0.8)


def heart(phase: float = 0.0) -> HeartMap:
    return parametric_heart("4CH", phase, shape=SHAPE)


def write_heart(path: Path, phase: float = 0.0) -> Path:
    path.parent.mkdir(exist_ok=True)
    return write_label_map(path, heart(phase).label_map, spacing=SPACING)


def write_beat(path: Path, frames: int = 3, view: str = "4CH") -> Path:
    """A cine of label maps; NumPy files carry no spacing."""
    beat = np.stack([frame.label_map for frame in heart_cycle(frames, view, shape=SHAPE)])
    path.parent.mkdir(exist_ok=True)
    return write_label_map(path, beat, spacing=SPACING)


def write_echo(path: Path, frames: int = 0) -> Path:
    """A sector full of noise, for tasks whose plumbing is tested and not their eyesight."""
    mask = heart().sector.mask(SHAPE)
    noise = np.random.default_rng(0).integers(20, 200, (max(frames, 1), *SHAPE), dtype=np.uint8) * mask
    path.parent.mkdir(exist_ok=True)
    return write_image(path, noise if frames else noise[0], spacing=SPACING)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
