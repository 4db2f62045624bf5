"""What a beat does besides going to and fro: the second mode in time, learned from the exact motion of drawn hearts.

Filling does not retrace ejection: the atrium goes on filling until the mitral valve opens, and empties in two waves of
other shares than the ventricle fills in. With e the part of the stroke volume that is out and f the filling of the
atrium, frames are exp(e v + b w), where b is f - e less what of it end-systole has: 0 at both ends of the stroke.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.errors import InputError
from EchoSynthLib.progress import silent
from EchoSynthLib.synthesis.beating.field import FINER, GRID, Field, HeartGrid, integrated
from EchoSynthLib.synthesis.beating.generator import Sight
from EchoSynthLib.synthesis.beating.timing import loop_of
from EchoSynthLib.types import Progress

HEARTS, SEED, ROWS = 60, 17, 112
VIEWS = (FOUR_CHAMBER.name, TWO_CHAMBER.name)
_SYSTOLE, _DIASTOLE = (0.3, 0.6, 0.85, 1.0), (0.0, 0.12, 0.3, 0.6, 0.9)
"""Where a heart is looked at: from the opening of the aortic valve to its closing, and of the mitral valve on."""
_ROUNDS = 4


def drawn_loops(
    hearts: int = HEARTS, seed: int = SEED, progress: Progress | None = None
) -> tuple[list[Sight], NDArray[np.float32]]:
    """N pictures of drawn hearts at end-diastole, and the velocities w (N, 2, *GRID) of their second modes."""
    cohort, tell = Cohort(seed, rows=ROWS), progress or silent
    sights, loops = [], []
    for index in range(hearts):
        tell(index, hearts, f"drawn heart {index + 1} of {hearts}")
        beat = cohort.heart(index).beat
        phases = _phases(beat)
        for view in VIEWS:
            still = cohort.cuts(index, view)[0]
            try:
                grid = HeartGrid.of(still.traced(cohort.tracing(index, view)), still.spacing)
            except InputError:  # a hand that missed the ventricle
                continue
            sights.append(Sight.of(still.label_map, grid, view))
            moved = [velocity_of(still.at(float(phase)).displacement(), grid) for phase in phases]
            modes = np.stack([beat.emptied(phases), loop_of(beat, phases)], axis=1)
            both = np.linalg.lstsq(modes, np.stack(moved).reshape(len(phases), -1), rcond=None)[0]
            loops.append(both[1].reshape(2, *GRID))
    return sights, np.stack(loops).astype(np.float32)


def velocity_of(displacement: NDArray[np.floating], grid: HeartGrid) -> Field:
    """The velocity V (2, *GRID) whose exp(-V) is where points of end-diastole go, (2, H, W) in pixels.

    By fixed-point iteration V <- V + (exp(-V) - u), for motion of a part of the long axis.
    """

    def on_grid(finer: int) -> NDArray[np.float64]:
        at = grid.places(finer)
        read = np.stack([map_coordinates(part, at, order=1, mode="constant") for part in displacement])
        return np.asarray(np.tensordot(np.linalg.inv(grid.to_pixels), read, 1), np.float64)

    wanted, velocity = on_grid(FINER), -on_grid(1)
    for _ in range(_ROUNDS):
        missed = integrated((-velocity).astype(np.float32)) / FINER - wanted
        velocity += missed.reshape(2, GRID[0], FINER, GRID[1], FINER).mean(axis=(2, 4))
    return velocity.astype(np.float32)


def _phases(beat: Beat) -> NDArray[np.float64]:
    systole = beat.aortic_opening + np.array(_SYSTOLE) * (beat.aortic_closing - beat.aortic_opening)
    return np.concatenate([systole, beat.mitral_opening + np.array(_DIASTOLE) * (1 - beat.mitral_opening)])
