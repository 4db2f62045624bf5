"""What the models see in the images below label maps; the worker asks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, working_folder
from EchoSynthJobs.segment import frames_in_worker
from EchoSynthLib.client import Client
from EchoSynthLib.measurement import Evidence
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import tissue_of


def evidence_in(client: Client, frames: Sequence[Any]) -> Job[list[Evidence]]:
    """What the models see in frame volumes of one size, as those of a cine, which all show something.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type; and what the task `evidence` raises.
    """
    tissue, shape = tissue_of(frames[0]), Grid.of_volume(frames[0]).shape
    with working_folder(image=frames[0].GetName()) as folder:
        record = yield from frames_in_worker(client, "evidence", frames, folder)
        found = []
        for path in record["outputs"]["evidence"]:
            with np.load(path, allow_pickle=False) as arrays:
                seen = Evidence.from_arrays(dict(arrays))
            found.append(seen.placed(shape, (tissue[0].start, tissue[1].start)))
    return found
