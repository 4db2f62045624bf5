"""Label map to image: one folder for each system of the kind `synthesis`, and what all of them answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    from EchoSynthLib.anatomy.sector.geometry import Sector


class Synthesizer(Protocol):
    """A pipeline that draws echocardiograms."""

    def __call__(
        self,
        label_map: NDArray[np.uint8],
        sector: Sector,
        *,
        view: str | None = None,
        depth_mm: float | None = None,
        count: int = 1,
        seed: int = 0,
        progress: Progress | None = None,
        **options: Any,
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Images (count, H, W), or cines (count, T, H, W), uint8 on the label map's grid, 0 outside the sector.

        Args:
            label_map: (H, W) in CAMUS codes, or (T, H, W), the frames of a cine, which share their noise.
            sector: the ultrasound sector on the same grid; what lies outside it is not drawn.
            view: '2CH', '4CH' or None.
            depth_mm: length of the beams in millimeters, where known.
            count: images or cines; number i depends on (seed, i) alone, bit for bit.
            seed: of everything random.
            progress: progress(done, total, message) after each step; may raise `Cancelled`.
            options: those that its row in `systems.SYSTEMS` names: steps, solver, quality.

        Returns:
            The images, and how they were made: process, solver, steps and network_evaluations for each image.
        """
        ...


class SpeckleDrawer(Synthesizer, Protocol):
    """A synthesizer that can also draw the speckle of a frame that is there."""

    def redrawn(
        self,
        beams: NDArray[np.float32],
        label_map: NDArray[np.uint8],
        sector: Sector,
        *,
        view: str | None = None,
        depth_mm: float | None = None,
        count: int = 2,
        seed: int = 0,
    ) -> NDArray[np.float32]:
        """(count, R, A) drawings of a frame, which share its coarse picture and differ in their speckle.

        Args:
            beams: (R, A) the frame in beam space, gray levels from -1, black, to 1, white.
            label_map: (H, W) in CAMUS codes.
            sector: on the label map's grid.
            view: '2CH', '4CH' or None.
            depth_mm: length of the beams in millimeters, where known.
            count: drawing number i depends on (seed, i) alone.
            seed: of the speckle.
        """
        ...
