"""Frames on their way to the worker: the tissue of a stack as one array, and a task that is run on it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, Report, in_worker
from EchoSynthLib.client import Client
from EchoSynthLib.images.writers.arrays import growing_array, write_array
from EchoSynthLib.types import Spacing
from EchoSynthMRML.frame_stack import FrameStack

_COLORS = 3


def frames_in_worker(
    client: Client, task: str, stack: FrameStack, output: Path, parameters: Mapping[str, Any]
) -> Job[dict[str, Any]]:
    """Runs a task on the tissue of frames; gives its record.

    Args:
        client: whose worker runs it.
        task: one that takes an image and an output.
        stack: the frames.
        output: of the task, in the job's folder; the image is written beside it.
        parameters: what else the task is told.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type; and what the task raises.
    """
    image = output.with_name("image.npy")
    yield from write_frames(stack, image)
    return (yield from in_worker(client, task, {"image": image, "output": output, **parameters}))


def spacing_parameters(spacing: Spacing | None) -> dict[str, float]:
    """The tasks' parameters for the size of a pixel, (row, column) in mm; none where it is not to be trusted."""
    return {} if spacing is None else {"row_spacing": spacing[0], "column_spacing": spacing[1]}


def write_frames(stack: FrameStack, path: Path) -> Job[None]:
    """Writes the tissue of frames as (h, w[, 3]), or (T, h, w[, 3]) of several frames, in steps of one."""
    tissues = stack.tissues()
    first = next(tissues)
    if len(stack) == 1:
        write_array(path, first)
        return
    # Three gray frames in a file that are as alike as neighbors in a cine would be read as the colors of one.
    as_colors = len(stack) == _COLORS and first.ndim == 2
    shape = (*first.shape, _COLORS) if as_colors else first.shape
    with growing_array(path, (len(stack), *shape), first.dtype) as append:
        for index, tissue in enumerate(chain([first], tissues), start=1):
            yield Report(0, 0, f"reading frame {index} of {len(stack)}")
            append(np.repeat(tissue[..., None], _COLORS, axis=-1) if as_colors else tissue)
