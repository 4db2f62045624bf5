"""Where a model looked for the view that it tells: the saliency of the frame that a volume shows, as a volume."""

from __future__ import annotations

from typing import Any

import numpy as np

from EchoSynthJobs.frames import frames_in_worker
from EchoSynthJobs.job import Job, while_there, working_folder
from EchoSynthLib.client import Client
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.provenance import stamp
from EchoSynthMRML.volumes import add_to_scene, new_frame


def where_it_looked(scene: Any, client: Client, volume: Any, model: str) -> Job[Any]:
    """A volume on the frame's pixels: by how much the likeliest view's share falls where they are covered, 0 to 1.

    Args:
        scene: where it goes.
        client: whose worker looks.
        volume: of the frame, or that shows one of a cine.
        model: that tells the view.

    Raises:
        InputError: the volume is no echo frame, or was removed; and what the task raises.
    """
    return (yield from while_there(_look(scene, client, volume, model), volume))


def _look(scene: Any, client: Client, volume: Any, model: str) -> Job[Any]:
    stack = FrameStack.of_volume(volume)
    with working_folder(image=volume.GetName()) as folder:
        record = yield from frames_in_worker(client, "saliency", stack, folder / "saliency", {"model": model})
        found = np.load(record["outputs"]["saliency"], allow_pickle=False)
    node = add_to_scene(scene, new_frame(stack.whole(found)[0], stack.grids[0], f"{volume.GetName()} saliency"))
    place_beside(node, volume)
    stamp(node, record)
    return node
