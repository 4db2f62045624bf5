"""The contour model's endocardium in the frames of volumes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.frames import frames_in_worker, spacing_parameters
from EchoSynthJobs.job import Job, working_folder
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium
from EchoSynthLib.client import Client
from EchoSynthMRML.frame_stack import FrameStack


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


def contour_frames(client: Client, stack: FrameStack) -> Job[list[ModelContour]]:
    """The endocardium of frames.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type; and what the task raises.
    """
    corner, calibrated = np.array(stack.corner), stack.spacing is not None
    with working_folder(image=stack.name) as folder:
        spacing = spacing_parameters(stack.spacing)
        record = yield from frames_in_worker(client, "contour", stack, folder / "results", spacing)
        found = json.loads(Path(record["outputs"]["contours"]).read_text(encoding="utf-8"))["frames"]
    return [_contour_of(frame, corner, calibrated) for frame in found]


def _contour_of(found: dict[str, Any], corner: NDArray[np.intp], calibrated: bool) -> ModelContour:
    endocardium = Endocardium(corner + np.array(found["points"]), corner + np.array(found["curve"]))
    millimeters = np.array(found["spread_mm"]) if calibrated else None
    return ModelContour(endocardium, np.array(found["spread_px"]), millimeters)
