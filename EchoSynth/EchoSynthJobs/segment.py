"""Segment a frame or a cine: volume in, segmentation out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, Report, in_worker, working_folder
from EchoSynthJobs.results import Result, add_all
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.array_files import growing_array, write_array
from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.provenance import stamp
from EchoSynthMRML.volumes import check_frame, frame_array, new_frame


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
) -> Job[Segmented]:
    """Segments the frame that a volume shows, or all frames of the cine it belongs to.

    Raises:
        InputError: the volume is no echo frame, or no cine where all frames are asked for; and what the task raises.
    """
    check_frame(volume)
    cine = cine_of(volume) if all_frames else None
    if all_frames and cine is None:
        raise InputError(f"{volume.GetName()} belongs to no sequence; load a cine, or segment the single frame.")
    frames = [volume] if cine is None else [cine.node(i) for i in range(len(cine))]
    with working_folder() as folder:
        yield from write_frames(frames, folder / "image.npy")
        record = yield from in_worker(
            client,
            "segment",
            {"image": folder / "image.npy", "output": folder / "map.npy", "view": view, "model": model},
        )
        name = (cine.sequence if cine else volume).GetName()
        maps = _stack(record["outputs"]["segmentation"])
        results = [(yield from _collect(maps, frames, f"{name} segmentation", cine, new_segmentation))]
        if confidence:
            maps = _stack(record["outputs"]["confidence"])
            results.append((yield from _collect(maps, frames, f"{name} confidence", cine, new_frame)))

    def dress(node: Any, index: int) -> None:
        if index == 0:
            link_to_volume(node, volume)
            stamp(node, record)
        place_beside(node, volume)

    nodes = yield from add_all(scene, results, volume, dress, save_changes=True)
    return Segmented(nodes[0], nodes[1] if confidence else None, record)


def write_frames(frames: Sequence[Any], path: Path) -> Job[None]:
    """Writes frame volumes as one array (H, W[, 3]) or (T, H, W[, 3]), in steps of one frame.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type.
    """
    first = frame_array(frames[0])
    if len(frames) == 1:
        write_array(path, first)
        return
    with growing_array(path, (len(frames), *first.shape), first.dtype) as append:
        for index, frame in enumerate(frames):
            check_frame(frame)
            pixels = frame_array(frame)
            if (pixels.shape, pixels.dtype) != (first.shape, first.dtype):
                raise InputError(
                    f"Frame {index + 1} is {_kind(pixels)} and the first one {_kind(first)}; all frames of a cine are "
                    "of one kind. Crop or cast them alike, or segment single frames."
                )
            append(pixels)
            yield Report(0, 0, f"reading frame {index + 1} of {len(frames)}")


def _collect(
    maps: np.ndarray, frames: Sequence[Any], name: str, cine: Cine | None, new_node: Callable[..., Any]
) -> Job[Result]:
    result = Result(name, cine)
    for index, (values, frame) in enumerate(zip(maps, frames, strict=True)):
        result.append(new_node(np.asarray(values), Grid.of_volume(frame), name))
        yield Report(index + 1, len(maps), f"{name}, {index + 1} of {len(maps)}")
    return result


def _kind(pixels: np.ndarray) -> str:
    rows, columns, *colors = pixels.shape
    return f"{columns} x {rows} {'color' if colors else 'gray'} pixels of {pixels.dtype}"


def _stack(path: str) -> np.ndarray:
    array = np.load(path, mmap_mode="r")
    return array[np.newaxis] if array.ndim == 2 else array
