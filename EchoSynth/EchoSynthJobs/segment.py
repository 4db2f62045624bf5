"""Segment a frame or a cine: volume in, segmentation out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, Report, in_worker, while_there, working_folder
from EchoSynthJobs.results import Result, add_all
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.writers.arrays import growing_array, write_array
from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.provenance import stamp, stamp_frame
from EchoSynthMRML.volumes import check_frame, frame_array, new_frame, tissue_of, trusted_spacing


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
        InputError: the volume is no echo frame, or no cine where all frames are asked for; and what the task raises.
    """
    check_frame(volume)
    cine = cine_of(volume)
    if all_frames and cine is None:
        raise InputError(f"{volume.GetName()} belongs to no sequence; load a cine, or segment the single frame.")
    frame = cine.shown if cine is not None and not all_frames else None
    asked = _Asked(volume, cine if all_frames else None, frame, view, model, confidence, output)
    whole_cine = (cine.browser, cine.sequence) if cine is not None and all_frames else ()
    return (yield from while_there(_segment(scene, client, asked), volume, output, *whole_cine))


@dataclass(frozen=True)
class _Asked:
    """What is segmented and how; `frame` is the number of the only frame of a cine that is."""

    volume: Any
    cine: Cine | None
    frame: int | None
    view: str
    model: str
    confidence: bool
    output: Any

    @property
    def name(self) -> str:
        if self.cine is not None:
            return str(self.cine.sequence.GetName())
        return self.volume.GetName() + ("" if self.frame is None else f" frame {self.frame}")


def _segment(scene: Any, client: Client, asked: _Asked) -> Job[Segmented]:
    volume, cine, name = asked.volume, asked.cine, asked.name
    frames = [volume] if cine is None else [cine.node(i) for i in range(len(cine))]
    tissue = tissue_of(volume)
    with working_folder(image=name) as folder:
        yield from write_frames(frames, folder / "image.npy", tissue)
        record = yield from in_worker(
            client,
            "segment",
            {
                "image": folder / "image.npy",
                "output": folder / "map.npy",
                "view": asked.view,
                "model": asked.model,
                "confidence": asked.confidence,
            },
        )
        shape = (len(frames), *Grid.of_volume(volume).shape)
        maps = _in_frames(record["outputs"]["segmentation"], shape, tissue)
        results = [(yield from _collect(maps, frames, f"{name} segmentation", cine, new_segmentation))]
        if asked.confidence:
            maps = _in_frames(record["outputs"]["confidence"], shape, tissue)
            results.append((yield from _collect(maps, frames, f"{name} confidence", cine, new_frame)))

    def dress(node: Any, index: int) -> None:
        # First under the image's transform: its pixels would else be told to lie where the transform moves them.
        place_beside(node, volume)
        if index == 0:
            link_to_volume(node, volume)
            stamp(node, record)
            stamp_frame(node, asked.frame)

    nodes = yield from add_all(scene, results, volume, dress, save_changes=True, output=asked.output)
    return Segmented(nodes[0], nodes[1] if asked.confidence else None, record)


def frames_in_worker(client: Client, task: str, frames: Sequence[Any], folder: Path) -> Job[dict[str, Any]]:
    """Runs a task on the tissue of frame volumes of one size, with their pixel size where it is known; its record.

    Args:
        task: one that takes an image, an output and a pixel size.
        frames: the volumes.
        folder: for the image and the results.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type; and what the task raises.
    """
    row, column = trusted_spacing(frames[0]) or (None, None)
    image, output = folder / "image.npy", folder / "results"
    yield from write_frames(frames, image, tissue_of(frames[0]))
    asked = {"image": image, "output": output, "row_spacing": row, "column_spacing": column}
    return (yield from in_worker(client, task, asked))


def write_frames(frames: Sequence[Any], path: Path, tissue: tuple[slice, slice]) -> Job[None]:
    """Writes the tissue of frame volumes as one array (H, W[, 3]) or (T, H, W[, 3]), in steps of one frame.

    Args:
        frames: the volumes.
        path: of the array.
        tissue: rows and columns of it in each; see `volumes.tissue_of`.

    Raises:
        InputError: a frame cannot be used, or they differ in size or type.
    """
    first = frame_array(frames[0])
    if len(frames) == 1:
        write_array(path, first[tissue])
        return
    with growing_array(path, (len(frames), *first[tissue].shape), first.dtype) as append:
        for index, frame in enumerate(frames):
            pixels = frame_array(frame)
            if (pixels.shape, pixels.dtype) != (first.shape, first.dtype):
                raise InputError(
                    f"Frame {index + 1} is {_kind(pixels)} and the first one {_kind(first)}; all frames of a cine are "
                    "of one kind. Crop or cast them alike, or segment single frames."
                )
            append(pixels[tissue])
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


def _in_frames(path: str, shape: tuple[int, ...], tissue: tuple[slice, slice]) -> np.ndarray:
    """What was found in the tissue, in whole frames (T, H, W); beside the tissue there is nothing."""
    array = np.load(path)
    whole = np.zeros(shape, array.dtype)
    whole[:, *tissue] = array
    return whole
