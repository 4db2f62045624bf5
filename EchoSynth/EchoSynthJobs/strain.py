"""Strain of a cine that was tracked, judged by the image below its label map and by how well the wall was tracked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.evidence import evidence_in
from EchoSynthJobs.frames import frames_in_worker
from EchoSynthJobs.job import Job, in_thread
from EchoSynthLib.client import Client
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement import Evidence
from EchoSynthLib.measurement.strain import StrainResult, measure_strain
from EchoSynthLib.measurement.strain.judged import judged
from EchoSynthLib.motion import tracking_quality
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.volumes import frame_array


def strain_in(
    client: Client,
    stack: FrameStack,
    codes: NDArray[np.uint8],
    displacements: NDArray[np.float32],
    reference: int,
    told: Mapping[str, Any],
    folder: Path,
) -> Job[StrainResult]:
    """Strain of the left ventricle, as `echosynth strain` gives it.

    Args:
        client: whose worker looks at the label map's image, and tracks back from end-systole.
        stack: the frames that were tracked.
        codes: (H, W) label map of the reference frame.
        displacements: (T, 2, H, W) of `es.track`, NaN in blank frames.
        reference: its number among the frames.
        told: `frame_time`, `view` and `model`.
        folder: of the job.

    Raises:
        InputError: the label map has no ventricle that can be measured; and what the tasks raise.
    """
    evidence = yield from evidence_in(client, FrameStack([stack.nodes[reference]]))

    def measured() -> StrainResult:
        return measure_strain(
            codes,
            displacements,
            stack.spacing,
            told["frame_time"],
            view=told["view"],
            reference=reference,
            evidence=_only(evidence),
        )

    strain = yield from in_thread(measured, "measuring strain")
    systole = strain.beat.end_systole
    if systole == reference:
        return judged(strain, {})
    # Back from end-systole: from its frame, which is fixed, into that of the reference.
    ends = FrameStack([stack.nodes[reference], stack.nodes[systole]])
    parameters = {"frame": 0, "fixed_frame": 1, "model": told["model"]}
    record = yield from frames_in_worker(client, "register", ends, folder / "back", parameters)
    back = stack.whole_displacement(np.load(record["outputs"]["displacement"]))

    def looked_at() -> StrainResult:
        # From the reference to end-systole and back: the tracked field leads there, this one from there.
        frames = np.stack([to_gray8(frame_array(stack.nodes[frame])) for frame in (reference, systole)])
        there = np.stack([displacements[reference], displacements[systole]])
        maps = tracking_quality(frames, there, np.stack([np.zeros_like(back), back]))
        return judged(strain, {name: both[1] for name, both in maps.items()})

    return (yield from in_thread(looked_at, "judging the tracking"))


def _only(evidence: list[Evidence]) -> Evidence | None:
    return evidence[0] if evidence else None
