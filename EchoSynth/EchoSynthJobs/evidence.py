"""What the models see in the images below label maps; the worker asks them."""

from __future__ import annotations

import numpy as np

from EchoSynthJobs.frames import frames_in_worker, spacing_parameters
from EchoSynthJobs.job import Job, working_folder
from EchoSynthLib.client import Client
from EchoSynthLib.measurement import Evidence
from EchoSynthMRML.frame_stack import FrameStack


def evidence_in(client: Client, stack: FrameStack) -> Job[list[Evidence]]:
    """What the models see in frames, which all show something.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type; and what the task `evidence` raises.
    """
    with working_folder(image=stack.name) as folder:
        spacing = spacing_parameters(stack.spacing)
        record = yield from frames_in_worker(client, "evidence", stack, folder / "results", spacing)
        found = []
        for path in record["outputs"]["evidence"]:
            with np.load(path, allow_pickle=False) as arrays:
                seen = Evidence.from_arrays(dict(arrays))
            found.append(seen.placed(stack.grids[0].shape, stack.corner))
    return found
