"""The contour model's endocardium in the frames of volumes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.job import Job, working_folder
from EchoSynthJobs.segment import frames_in_worker
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium
from EchoSynthLib.client import Client
from EchoSynthMRML.volumes import tissue_of, trusted_spacing


@dataclass(frozen=True, eq=False)
class ModelContour:
    """What the contour model found in one frame; as `measure_frame` takes it for its second contour.

    Attributes:
        endocardium: in the frame's pixels.
        spread: (7,) how far each point may lie from where it is told, root mean square, in pixels.
        spread_mm: the same in mm; None where the pixel size is not trusted.
    """

    endocardium: Endocardium
    spread: NDArray[np.float64]
    spread_mm: NDArray[np.float64] | None

    @property
    def curve(self) -> NDArray[np.float64]:
        """(n, 2) (row, column), open, from P1 to P7."""
        return self.endocardium.curve


def contour_frames(client: Client, frames: Sequence[Any]) -> Job[list[ModelContour]]:
    """The endocardium of frame volumes of one size, as those of a cine.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type; and what the task raises.
    """
    corner = np.array([part.start for part in tissue_of(frames[0])])
    calibrated = trusted_spacing(frames[0]) is not None
    with working_folder(image=frames[0].GetName()) as folder:
        record = yield from frames_in_worker(client, "contour", frames, folder)
        found = json.loads(Path(record["outputs"]["contours"]).read_text(encoding="utf-8"))["frames"]
    return [_contour_of(frame, corner, calibrated) for frame in found]


def _contour_of(found: dict[str, Any], corner: NDArray[np.intp], calibrated: bool) -> ModelContour:
    endocardium = Endocardium(corner + np.array(found["points"]), corner + np.array(found["curve"]))
    millimetres = np.array(found["spread_mm"]) if calibrated else None
    return ModelContour(endocardium, np.array(found["spread_px"]), millimetres)
