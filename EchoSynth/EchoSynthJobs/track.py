"""Track a cine: where each point of one frame goes; a grid transform for each frame, and the strain of the wall."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.frames import frames_in_worker, spacing_parameters
from EchoSynthJobs.job import Job, Report, while_there, working_folder
from EchoSynthJobs.results import Result, add_all
from EchoSynthJobs.segment_first import all_or_none, segment_first
from EchoSynthJobs.strain import strain_in
from EchoSynthJobs.stretch import Stretch, find_phases
from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement.strain import StrainResult
from EchoSynthLib.records import with_warnings
from EchoSynthMRML.cines import Cine, cine_of, frame_time_of
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.grid import same_place
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import LabelMap, read_label_map
from EchoSynthMRML.provenance import frame_stamped, stamp, stamps_of
from EchoSynthMRML.tracked import Tracked, mark_as_tracked, tracked_in
from EchoSynthMRML.transforms import new_grid_transform


@dataclass
class Motion:
    """What tracking gave.

    Attributes:
        tracked: the motion, in the scene.
        label_map: node whose label map of the reference frame was followed.
        strain: of the left ventricle; None where the label map has none that could be measured.
        record: how it was made; under "warnings" also why there is no strain.
    """

    tracked: Tracked
    label_map: Any
    strain: StrainResult | None = None
    record: dict[str, Any] = field(default_factory=dict)


def track(
    scene: Any,
    client: Client,
    image: Any,
    label_map: Any = None,
    *,
    start: str = "ED",
    end: str = "all",
    model: str = "motion",
) -> Job[Motion]:
    """Tracks the cine that an image shows; what was tracked in it before is replaced.

    Args:
        scene: where the motion goes.
        client: whose worker tracks.
        image: volume of a cine's frames.
        label_map: node of their label maps, or of the first frame's; where there is none, the cine is segmented first.
        start, end: see `Stretch.of`.
        model: name of the model folder.

    Raises:
        InputError: the image is of no cine, the label map lies elsewhere, a phase is not known; and what the tasks
            raise.
    """
    cine = cine_of(image)
    if cine is None or cine.browser is None:
        raise InputError(f"'{image.GetName()}' is a single frame; motion needs a cine.")
    job = _track(scene, client, image, cine, label_map, start, end, model)
    return (yield from while_there(job, image, label_map, cine.browser, cine.sequence))


def _track(
    scene: Any, client: Client, image: Any, cine: Cine, label_map: Any, start: str, end: str, model: str
) -> Job[Motion]:
    with all_or_none() as added:
        if label_map is None:
            added.append((yield from segment_first(scene, client, image, all_frames=True)))
            label_map = added[0]
        phases = yield from find_phases(cine, label_map)
        stretch = Stretch.of(start, end, phases, cine.shown or 0, len(cine))
        followed = label_map_of(label_map, cine, stretch.reference)
        stack = FrameStack(list(cine)[stretch.first : stretch.last + 1])
        if not same_place(followed.grid, stack.grids[0]):
            raise InputError(
                f"'{label_map.GetName()}' lies on other pixels than '{image.GetName()}'. Choose the label map of this "
                "cine, or none."
            )
        frame_time = frame_time_of(cine)
        with working_folder(image=cine.sequence.GetName()) as folder:
            reference = stretch.reference - stretch.first
            told = {"reference": reference, "model": model, **spacing_parameters(stack.spacing)}
            told |= {} if frame_time is None else {"frame_time": frame_time}
            record = yield from frames_in_worker(client, "track", stack, folder / "motion.npy", told)
            name = f"{cine.sequence.GetName()} motion"
            result, displacements = yield from _collect(record, stack, stretch, cine, name)
            about = {"frame_time": frame_time, "view": view_of(label_map), "model": model}
            job = strain_in(client, stack, followed.codes, displacements, reference, about, folder)
            strain, record = yield from _if_there_is_any(job, record)
        longest = _longest(displacements, followed, stack)
        earlier = tracked_in(image)

        def dress(node: Any, index: int) -> None:
            place_beside(node, image)
            stamp(node, record)

        output = None if earlier is None else earlier.node
        (node,) = yield from add_all(scene, [result], image, dress, output=output)
        mark_as_tracked(node, image, label_map, stretch.reference, stretch.first, longest)
        tracked = tracked_in(image)
        assert tracked is not None
        return Motion(tracked, label_map, strain, record)


def label_map_of(node: Any, cine: Cine, frame: int) -> LabelMap:
    """The label map of a frame of a cine.

    Raises:
        InputError: the node has none of that frame.
    """
    maps, stamped = cine_of(node), frame_stamped(node)
    name = node.GetName()
    if maps is None:
        if stamped is not None and stamped != frame:
            raise InputError(
                f"'{name}' is the label map of frame {stamped}, and motion starts at frame {frame}. Segment all "
                "frames, or go to that frame and start from the shown frame."
            )
        return read_label_map(node)
    if len(maps) != len(cine):
        raise InputError(
            f"'{name}' has {len(maps)} frames and the cine {len(cine)}. Choose the label map of this cine."
        )
    return read_label_map(node if maps.shown == frame else maps.node(frame))


def _if_there_is_any(job: Job[StrainResult], record: dict[str, Any]) -> Job[tuple[StrainResult | None, dict[str, Any]]]:
    """Strain, and the record with its warnings; where it cannot be measured the motion is there nevertheless."""
    try:
        strain = yield from job
    except InputError as error:
        return None, with_warnings(record, [f"no strain: {error}"])
    return strain, with_warnings(record, strain.warnings)


def _collect(
    record: dict[str, Any], stack: FrameStack, stretch: Stretch, cine: Cine, name: str
) -> Job[tuple[Result, NDArray[np.float32]]]:
    """The transforms of all frames, and the displacements (T, 2, H, W), NaN in frames that show nothing."""
    found = np.load(record["outputs"]["displacements"], mmap_mode="r")
    result, grid = Result(name, cine, first=stretch.first), stack.grids[0]
    whole = np.empty((len(stack), 2, *grid.shape), np.float32)
    for index, tissue in enumerate(found):
        whole[index] = stack.whole_displacement(tissue)
        result.append(new_grid_transform(whole[index], grid, name))
        yield Report(index + 1, len(found), f"{name}, {index + 1} of {len(found)}")
    whole[record.get("blank_frames", [])] = np.nan
    return result, whole


def _longest(displacements: NDArray[np.float32], followed: LabelMap, stack: FrameStack) -> float:
    """How far the farthest point of the heart goes, in mm, or in pixels where their size is not known."""
    ways = displacements[:, :, followed.codes > 0] * np.reshape(stack.spacing or (1.0, 1.0), (2, 1))
    lengths = np.linalg.norm(ways, axis=1)
    return float(np.nanmax(lengths)) if np.isfinite(lengths).any() else 1.0


def view_of(label_map: Any) -> str:
    """The view that a label map is known to show; the four-chamber one where nothing tells it."""
    return str(stamps_of(label_map).get("view") or FOUR_CHAMBER.name)
