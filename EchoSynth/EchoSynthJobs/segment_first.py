"""Measure an image that has no label map: it is segmented in the same go, and both come or neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from EchoSynthJobs.job import Job, saying
from EchoSynthJobs.measure import Measured, measure
from EchoSynthJobs.results import remove
from EchoSynthJobs.segment import segment
from EchoSynthLib.client import Client


def segment_first(scene: Any, client: Client, image: Any, all_frames: bool, part: str = "") -> Job[Any]:
    """Segments a frame or cine; the node of its label map.

    Args:
        scene: where it goes.
        client: whose worker segments.
        image: the volume.
        all_frames: whether its whole cine is segmented.
        part: how many others are, as '2 of 4', for the message.

    Raises:
        What `segment` raises.
    """
    job = segment(scene, client, image, all_frames=all_frames)
    told = f"segmenting {image.GetName()}{f' ({part})' if part else ''}"
    return (yield from saying(job, told)).segmentation


@contextmanager
def all_or_none() -> Iterator[list[Any]]:
    """Takes the nodes in its list away again if the block does not end well."""
    added: list[Any] = []
    try:
        yield added
    except BaseException:
        for node in added:
            remove(node)
        raise


def measure_image(scene: Any, client: Client, image: Any, *, all_frames: bool, judge: bool) -> Job[Measured]:
    """Segments an image, or with `all_frames` its cine, and measures it.

    Args:
        judge: whether the models are asked how far to rely on it.

    Raises:
        What `segment` and `measure` raise.
    """
    with all_or_none() as added:
        added.append((yield from segment_first(scene, client, image, all_frames)))
        job = measure(added[0], all_frames=all_frames, image=image, judge_by=client if judge else None)
        return (yield from job)
