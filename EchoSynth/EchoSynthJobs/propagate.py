"""Carry the label map of the shown frame of a cine along with the tissue, over the frames around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.frames import frames_in_worker
from EchoSynthJobs.job import Job, Report, while_there, working_folder
from EchoSynthJobs.results import Result, add_all
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthMRML.cines import Cine, cine_of, frame_time_of
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import LabelMap, link_to_volume, new_segmentation, read_label_map, write_segments
from EchoSynthMRML.provenance import frame_stamped, name_of_segmentation, stamp, stamps_of


@dataclass
class Propagated:
    """What propagating gave.

    Attributes:
        segmentation: the node whose frames were written; the given one, or a new one where that is of a single frame.
        reference: number of the frame that the others follow.
        frames: numbers of those that got its label map.
        record: how it was made.
    """

    segmentation: Any
    reference: int
    frames: list[int]
    record: dict[str, Any] = field(default_factory=dict)


def propagate(
    scene: Any, client: Client, image: Any, label_map: Any, *, back: int, on: int, model: str = "motion"
) -> Job[Propagated]:
    """Lets so many frames before and after the shown one follow its label map; all other frames stay as they are.

    Where the label map is a segmentation of the cine's frames, it is written there. Of a single frame's, a segmentation
    of the cine is made, which is empty beyond those frames.

    Raises:
        InputError: image or label map cannot be used, do not fit, or there is no frame to follow; and what the task
            raises.
    """
    asked = _Asked.of(image, label_map, back, on, model)
    job = _propagate(scene, client, asked)
    return (yield from while_there(job, image, label_map, asked.cine.browser, asked.cine.sequence))


@dataclass(frozen=True)
class _Asked:
    """What is carried, from where to where."""

    image: Any
    cine: Cine
    label_map: Any
    codes: NDArray[np.uint8]
    reference: int
    first: int
    last: int
    model: str

    @classmethod
    def of(cls, image: Any, label_map: Any, back: int, on: int, model: str) -> _Asked:
        cine = cine_of(image)
        if cine is None or cine.shown is None:
            raise InputError(f"'{image.GetName()}' belongs to no cine, so there are no frames to carry labels to.")
        shown = cine.shown
        first, last = max(0, shown - back), min(len(cine) - 1, shown + on)
        if first == last:
            raise InputError("There is no frame to carry the labels to; choose one or more before or after.")
        _check_frame_of(label_map, shown)
        read = read_label_map(label_map)
        _check_same(read, image, label_map)
        return cls(image, cine, label_map, read.codes, shown, first, last, model)

    @property
    def stack(self) -> FrameStack:
        return FrameStack(list(self.cine)[self.first : self.last + 1])

    @property
    def label_maps(self) -> Cine | None:
        """The cine of label maps that can be written into; None where there is none."""
        cine = cine_of(self.label_map)
        writable = self.label_map.IsA("vtkMRMLSegmentationNode") and cine is not None and len(cine) == len(self.cine)
        return cine if writable else None


def _propagate(scene: Any, client: Client, asked: _Asked) -> Job[Propagated]:
    stack = asked.stack
    with working_folder(image=stack.name, labels=asked.label_map.GetName()) as folder:
        rows, columns = stack.tissue
        labels = write_array(folder / "labels.npy", asked.codes[rows, columns])
        told: dict[str, Any] = {"label_map": labels, "reference": asked.reference - asked.first, "model": asked.model}
        frame_time = frame_time_of(asked.cine)
        told |= {} if frame_time is None else {"frame_time": frame_time}
        record = yield from frames_in_worker(client, "propagate", stack, folder / "followed.npy", told)
        found = stack.whole(np.load(record["outputs"]["label_maps"]))
    frames = {asked.first + index: codes for index, codes in enumerate(found)}
    del frames[asked.reference]
    if asked.label_maps is None:
        node = yield from _new_cine(scene, asked, frames, record)
    else:
        node = yield from _write(asked, asked.label_maps, frames)
    return Propagated(node, asked.reference, sorted(frames), record)


def _write(asked: _Asked, cine: Cine, frames: dict[int, NDArray[np.uint8]]) -> Job[Any]:
    """Writes label maps into the frames of a segmentation; cut short, it writes back what was there."""
    before: dict[int, LabelMap] = {}
    try:
        for index, codes in frames.items():
            node = _node_of(asked.label_map, cine, index)
            before[index] = read_label_map(node)
            write_segments(node, codes, before[index].grid)
            yield Report(len(before), len(frames), f"labels of frame {index}")
    except BaseException:
        for index, label_map in before.items():
            write_segments(_node_of(asked.label_map, cine, index), label_map.codes, label_map.grid)
        raise
    return asked.label_map


def _node_of(label_map: Any, cine: Cine, frame: int) -> Any:
    """The node that holds a frame's segments now: what is shown is written into its sequence as it is left."""
    return label_map if cine.shown == frame else cine.node(frame)


def _new_cine(scene: Any, asked: _Asked, frames: dict[int, NDArray[np.uint8]], record: dict[str, Any]) -> Job[Any]:
    name = name_of_segmentation(asked.cine.sequence.GetName())
    result, nothing = Result(name, asked.cine), np.zeros_like(asked.codes)
    for index, frame in enumerate(asked.cine):
        codes = asked.codes if index == asked.reference else frames.get(index, nothing)
        result.append(new_segmentation(codes, Grid.of_volume(frame), name))
        yield Report(index + 1, len(asked.cine), f"{name}, {index + 1} of {len(asked.cine)}")

    def dress(node: Any, index: int) -> None:
        place_beside(node, asked.image)
        link_to_volume(node, asked.image)
        stamp(node, stamps_of(asked.label_map) | record)

    (node,) = yield from add_all(scene, [result], asked.image, dress, save_changes=True)
    return node


def _check_frame_of(label_map: Any, shown: int) -> None:
    stamped = frame_stamped(label_map)
    if cine_of(label_map) is None and stamped is not None and stamped != shown:
        raise InputError(
            f"'{label_map.GetName()}' is the label map of frame {stamped}, and frame {shown} is shown. Go there."
        )


def _check_same(read: LabelMap, image: Any, label_map: Any) -> None:
    if not same_place(read.grid, Grid.of_volume(image)):
        raise InputError(
            f"'{label_map.GetName()}' lies on other pixels than '{image.GetName()}'. Choose the label map of this cine."
        )
    if not read.codes.any():
        raise InputError(
            f"'{label_map.GetName()}' is empty in the shown frame. Draw its structures, or go to a frame that has them."
        )
