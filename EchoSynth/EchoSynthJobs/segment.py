"""Segment a frame or a cine: volume in, segmentation out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from EchoSynthJobs.frames import frames_in_worker
from EchoSynthJobs.job import Job, Report, while_there, working_folder
from EchoSynthJobs.results import Result, add_all
from EchoSynthLib.anatomy.views import taken_view
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import check_named_view
from EchoSynthLib.measurement.beats import cycle_of_label_maps
from EchoSynthLib.measurement.study_places import SET
from EchoSynthMRML.cines import frame_time_of
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.phases import PHASES, stamp_phases
from EchoSynthMRML.provenance import name_of_segmentation, stamp, stamp_frame
from EchoSynthMRML.study_folder import VIEW_FROM, facts_of
from EchoSynthMRML.volumes import new_frame


@dataclass
class Segmented:
    """What segmenting gave.

    Attributes:
        segmentation: the node; of a cine the one that follows its frames.
        confidence: the volume of confidences, 0 to 1, or None where it was not asked for.
        record: how it was made.
    """

    segmentation: Any
    confidence: Any = None
    record: dict[str, Any] = field(default_factory=dict)


def segment(
    scene: Any,
    client: Client,
    volume: Any,
    *,
    all_frames: bool = False,
    view: str = "auto",
    model: str = "segmenter",
    confidence: bool = False,
    output: Any = None,
) -> Job[Segmented]:
    """Segments the frame that a volume shows, or all frames of the cine it belongs to; into a new segmentation, or into
    `output`, whose segments are replaced.

    Raises:
        InputError: the volume is no echo frame, or no cine where all frames are asked for; see also `check_view`; and
            what the task raises.
    """
    check_view(volume, view)
    stack = FrameStack.of_volume(volume, all_frames)
    asked = _Asked(volume, stack, view, model, confidence, output)
    whole_cine = (stack.cine.browser, stack.cine.sequence) if stack.cine is not None else ()
    return (yield from while_there(_segment(scene, client, asked), volume, output, *whole_cine))


def check_view(volume: Any, view: str) -> None:
    """Whether a volume can be segmented in a view, 'auto' or one that a user gives.

    Raises:
        InputError: it is set to a view that is not segmented; or its name tells one, and nobody gave another, here or
            in its study.
    """
    known = facts_of(volume)
    if view == "auto" and known.get(VIEW_FROM) == SET:
        taken_view(known["view"], "segmentation")
    elif view == "auto":
        check_named_view(volume.GetName(), "segmentation")


@dataclass(frozen=True)
class _Asked:
    """What is segmented and how."""

    volume: Any
    stack: FrameStack
    view: str
    model: str
    confidence: bool
    output: Any

    @property
    def name(self) -> str:
        if self.stack.cine is not None:
            return str(self.stack.cine.sequence.GetName())
        return self.volume.GetName() + ("" if self.stack.number is None else f" frame {self.stack.number}")


def _segment(scene: Any, client: Client, asked: _Asked) -> Job[Segmented]:
    volume, stack, name = asked.volume, asked.stack, asked.name
    with working_folder(image=name) as folder:
        wanted = {"view": asked.view, "model": asked.model, "confidence": asked.confidence}
        time = None if stack.cine is None else frame_time_of(stack.cine)
        wanted |= {} if time is None else {"frame_time": time}
        record = yield from frames_in_worker(client, "segment", stack, folder / "map.npy", wanted)
        found = record["outputs"]
        phases = _phases_in(np.load(found["segmentation"]), stack)
        results = [(yield from _collect(found["segmentation"], stack, name_of_segmentation(name), new_segmentation))]
        if asked.confidence:
            results.append((yield from _collect(found["confidence"], stack, f"{name} confidence", new_frame)))

    def dress(node: Any, index: int) -> None:
        # First under the image's transform: its pixels would else be told to lie where the transform moves them.
        place_beside(node, volume)
        if index == 0:
            link_to_volume(node, volume)
            stamp(node, record)
            stamp_frame(node, stack.number)
        else:
            stamp(node, {"task": "confidence"})

    nodes = yield from add_all(scene, results, volume, dress, save_changes=True, output=asked.output)
    if stack.cine is not None:
        stamp_phases(stack.cine, phases)
    return Segmented(nodes[0], nodes[1] if asked.confidence else None, record)


def _phases_in(maps: np.ndarray, stack: FrameStack) -> dict[str, list[int]]:
    """The frames of end-diastole and end-systole in label maps (T, h, w); empty where they tell no cycle."""
    if stack.cine is None:
        return {}
    try:
        beats = cycle_of_label_maps(maps, frame_time_of(stack.cine), stack.spacing).beats
    except InputError:
        return {}
    return {phase: [beat[number].frame for beat in beats] for number, phase in enumerate(PHASES)}


def _collect(path: str, stack: FrameStack, name: str, new_node: Callable[..., Any]) -> Job[Result]:
    result, maps = Result(name, stack.cine), stack.whole(np.load(path))
    for index, (values, grid) in enumerate(zip(maps, stack.grids, strict=True)):
        result.append(new_node(values, grid, name))
        yield Report(index + 1, len(stack), f"{name}, {index + 1} of {len(stack)}")
    return result
