"""Make a heart beat: the frame that is shown becomes a cine with the ejection fraction asked for, or several cines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.job import Job, Report, each_report, in_worker, while_there, working_folder
from EchoSynthJobs.segment_first import all_or_none, segment_first
from EchoSynthJobs.start_frame import AUTO, StartFrame
from EchoSynthJobs.synthesize import SynthesisRequest, draw
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.capabilities import capabilities
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.records import DERIVED, SYNTHETIC
from EchoSynthMRML.beating import mark_as_beating
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.phases import stamp_phases
from EchoSynthMRML.provenance import (
    is_synthetic,
    link_to_label_map,
    name_of_beating,
    name_of_segmentation,
    stamp,
    stamps_of,
)
from EchoSynthMRML.volumes import SPACING_TRUST, new_frame

FRAME, LABEL_MAP = "frame", "label map"
"""What a heart is drawn from: the picture that is there, or its label map alone."""
PREVIEW = (0, 1)
"""The two frames of a preview: end-diastole and end-systole."""
_TOLD = (
    "ejection_fraction", "reached", "volumes_ml", "heart_rate", "beats", "frames", "phase", "seed", "model", "origin",
    "view", "end_diastole", "end_systole",
)  # fmt: skip


@dataclass(frozen=True)
class AnimationRequest:
    """What is asked of the task `animate`.

    Attributes:
        ejection_fraction: percent, by discs; None as such a heart would have it.
        view: '2CH', '4CH', or 'auto' for the one that the label map is known to show.
        frames, beats: of the whole cine.
        heart_rate: beats per minute.
        frame_rate: frames per second; None spreads the frames over the beats.
        phase: that the start frame shows: 'ED', 'ES', a number from 0 to 1, or 'auto': what the frame is known to
            show, else found by the task.
        picture: `FRAME`, `LABEL_MAP`, or 'auto' for the frame as long as it shows what its label map says.
        seed: of motion, beats and speckle.
        model: name of the model folder.
        check: whether the ejection fraction that is seen in the images is told, too.
    """

    ejection_fraction: float | None = None
    view: str = AUTO
    frames: int = 32
    beats: int = 1
    heart_rate: float = 70.0
    frame_rate: float | None = None
    phase: str | float = AUTO
    picture: str = AUTO
    seed: int = 0
    model: str = "beating"
    check: bool = False

    def phase_of(self, start: StartFrame) -> str | float:
        """The phase of a frame: as it is asked for, else as it is known."""
        return start.phase if self.phase == AUTO else self.phase

    def of_ends(self) -> AnimationRequest:
        """The same beat, of which two frames are made: its end-diastole and its end-systole."""
        seconds = Beat.at(self.heart_rate).aortic_closing * 60 / self.heart_rate
        return replace(self, frames=len(PREVIEW), beats=1, frame_rate=1 / seconds, check=False)

    def draws(self, start: StartFrame) -> bool:
        """Whether the picture is drawn from the label map: there is none, another is wished, or it shows another heart.

        Raises:
            InputError: the frame is asked for, and there is none.
        """
        if self.picture == FRAME and start.image is None:
            raise InputError(f"'{start.name}' has no image below it. Choose one, or draw the heart from its label map.")
        return start.image is None or self.picture == LABEL_MAP or (self.picture == AUTO and start.edited)


@dataclass(frozen=True, eq=False)
class Animated:
    """What the task gave, on the start frame's pixels.

    Attributes:
        cine, label_maps: (T, H, W) uint8.
        record: how they were made.
        start: what they were made of.
    """

    cine: NDArray[np.uint8]
    label_maps: NDArray[np.uint8]
    record: dict[str, Any]
    start: StartFrame

    @property
    def phases(self) -> tuple[float, ...]:
        """Of the beat, of each frame, 0 (end-diastole) to below 1."""
        told = self.record.get("phases")
        if told is None:
            times = np.arange(len(self.cine)) * self.record["frame_time_ms"]
            told = times * self.record["heart_rate"] / 60_000 % 1
        return tuple(float(phase) for phase in told)


@dataclass
class MadeCine:
    """A cine in the scene.

    Attributes:
        image, segmentation: nodes that follow its frames.
        record: how it was made.
        start: of which frame.
    """

    image: Any
    segmentation: Any
    record: dict[str, Any] = field(default_factory=dict)
    start: StartFrame | None = None


def make_cine(scene: Any, client: Client, image: Any, label_map: Any, request: AnimationRequest) -> Job[MadeCine]:
    """Makes a cine of the frame that an image, its label map or both show; without a label map it is segmented first.

    Raises:
        InputError: see `StartFrame.of`; and what the tasks raise.
    """
    return (yield from _made(scene, client, image, label_map, [request]))[0]


def make_counterfactuals(
    scene: Any, client: Client, image: Any, label_map: Any, request: AnimationRequest, percents: Sequence[float | None]
) -> Job[list[MadeCine]]:
    """Makes a cine for each of these ejection fractions, of the same heart and seed, played together by one browser.

    Raises:
        InputError: as of `make_cine`.
    """
    requests = [replace(request, ejection_fraction=percent) for percent in percents]
    return (yield from _made(scene, client, image, label_map, requests))


def preview_of(scene: Any, client: Client, image: Any, label_map: Any, request: AnimationRequest) -> Job[Animated]:
    """The preview of the frame that an image, its label map or both show; without a label map it is segmented first.

    Raises:
        InputError: as of `make_cine`.
    """
    with all_or_none() as added:
        if label_map is None:
            added.append((yield from segment_first(scene, client, image, all_frames=False)))
            label_map = added[0]
        start = StartFrame.of(image, label_map)
        return (yield from while_there(preview(client, start, request), start.shown, start.label_map))


def preview(client: Client, start: StartFrame, request: AnimationRequest) -> Job[Animated]:
    """End-diastole and end-systole of the cine that a request would make.

    Raises:
        InputError: see `AnimationRequest.draws`; and what the tasks raise.
    """
    return (yield from animate(client, start, request.of_ends()))


def animate(client: Client, start: StartFrame, request: AnimationRequest) -> Job[Animated]:
    """Makes the frames of a cine in the worker.

    Raises:
        InputError: see `AnimationRequest.draws`; and what the tasks raise.
    """
    view = start.view if request.view == AUTO else request.view
    with working_folder(image=start.name, label_map=start.label_map.GetName()) as folder:
        drawn = (yield from _drawn(client, start, request, view, folder)) if request.draws(start) else None
        told = start.write(folder, drawn) | _parameters(request, start, view)
        told["synthetic_image"] = drawn is not None or not may_show_a_patient(start.image)
        record = yield from in_worker(client, "animate", told | {"output": folder / "cine", "format": "npy"})
        cine, maps = (np.load(record["outputs"][name]) for name in ("cine", "label_maps"))
    return Animated(start.whole(cine), start.whole(maps), record, start)


def _drawn(
    client: Client, start: StartFrame, request: AnimationRequest, view: str, folder: Path
) -> Job[NDArray[np.uint8]]:
    """A picture (H, W) of the label map, in the sector of the picture that is there."""
    drawing = SynthesisRequest(seed=request.seed, view=view)
    images, _record = yield from draw(client, [start.read], drawing, start.image, folder)
    picture: NDArray[np.uint8] = images[0, 0]
    return picture


def may_show_a_patient(image: Any) -> bool:
    """Whether an image is, or was made of, a patient's: all that is not known to be synthetic through and through."""
    if not is_synthetic(image):
        return True
    cine = cine_of(image)
    nodes = [image, *([cine.sequence] if cine else ())]
    return any(stamps_of(node).get("origin", SYNTHETIC) == DERIVED for node in nodes)


def _parameters(request: AnimationRequest, start: StartFrame, view: str) -> dict[str, Any]:
    """Of the task."""
    told: dict[str, Any] = {
        "view": view,
        "frames": request.frames,
        "beats": request.beats,
        "heart_rate": request.heart_rate,
        "phase": str(request.phase_of(start)),
        "seed": request.seed,
        "model": request.model,
        "check": request.check,
    }
    optional = {"ejection_fraction": request.ejection_fraction, "frame_rate": request.frame_rate}
    return told | {name: value for name, value in optional.items() if value is not None}


def _made(
    scene: Any, client: Client, image: Any, label_map: Any, requests: Sequence[AnimationRequest]
) -> Job[list[MadeCine]]:
    browsers: list[Any] = []
    try:
        with all_or_none() as added:
            if label_map is None:
                added.append((yield from segment_first(scene, client, image, all_frames=False)))
                label_map = added[0]
            start = StartFrame.of(image, label_map)
            job = _animated_and_added(scene, client, start, requests, added, browsers)
            return (yield from while_there(job, start.shown, start.label_map))
    except BaseException:
        for browser in browsers:
            scene.RemoveNode(browser)
        raise


def _animated_and_added(
    scene: Any,
    client: Client,
    start: StartFrame,
    requests: Sequence[AnimationRequest],
    added: list[Any],
    browsers: list[Any],
) -> Job[list[MadeCine]]:
    """Adds the cines once all are made; what is added is listed, to be taken back."""
    if capabilities(requests[0].model).needs_full:
        yield Report(message=f"loading {requests[0].model} and PyTorch")
    animated = []
    for number, request in enumerate(requests, 1):
        job = animate(client, start, request)
        animated.append((yield from _numbered(job, request, number, len(requests))))
    made: list[MadeCine] = []
    for one in animated:
        made.append((yield from _into_scene(scene, one, browsers, added)))
    return made


def _numbered(job: Job[Animated], request: AnimationRequest, number: int, count: int) -> Job[Animated]:
    """A job whose reports tell which of several cines it is about."""
    if count == 1:
        return job
    name = f"EF {request.ejection_fraction:g} % ({number} of {count})"
    return each_report(job, lambda report: replace(report, message=f"{name}: {report.message}"))


def _into_scene(scene: Any, animated: Animated, browsers: list[Any], added: list[Any]) -> Job[MadeCine]:
    """Adds a cine and its label maps to the scene, in its last steps; all cines are played by one browser."""
    start, record = animated.start, animated.record
    grid, percent = start.read.grid, record["ejection_fraction"]["asked"]
    name = name_of_beating(start.name, record["seed"], percent)
    names = (name, name_of_segmentation(name))
    images, maps = (CineBuilder(text, frame_time_ms=record["frame_time_ms"]) for text in names)
    for index, (pixels, codes) in enumerate(zip(animated.cine, animated.label_maps, strict=True)):
        images.append(new_frame(pixels, grid, names[0]))
        maps.append(new_segmentation(codes, grid, names[1]))
        yield Report(index + 1, len(animated.cine), f"{name}, frame {index + 1} of {len(animated.cine)} to Slicer")
    image = images.finish(scene, *browsers)
    added.append(image)
    cine = cine_of(image)
    assert cine is not None
    browsers[:] = [cine.browser]
    segmentation = maps.finish(scene, cine.browser, save_changes=True)
    added.append(segmentation)
    yield Report(message=f"{name} to the scene")
    _dress(animated, image, segmentation)
    cine.browser.SetSelectedItemNumber(0)
    return MadeCine(image, segmentation, record, start)


def _dress(animated: Animated, image: Any, segmentation: Any) -> None:
    """Tells the nodes what they are and where they lie."""
    start, record = animated.start, animated.record
    cine = cine_of(image)
    assert cine is not None
    trusted = "untrusted" if start.spacing is None else "trusted"
    for node in (image, cine.sequence, *cine):
        node.SetAttribute(SPACING_TRUST, trusted)
    for node in (image, segmentation):
        place_beside(node, start.label_map if start.shown is None else start.shown)
    stamp(image, record | {"source_label_map": start.label_map.GetName()})
    stamp(segmentation, {key: record[key] for key in ("task", "model", "seed", "view", "echosynth_version")})
    link_to_volume(segmentation, image)
    link_to_label_map(image, segmentation)
    stamp_phases(cine, {"ED": [record["end_diastole"]], "ES": [record["end_systole"]]})
    source = (start.shown, start.label_map, start.frame)
    told = {key: record[key] for key in _TOLD if key in record}
    mark_as_beating(image, segmentation, animated.label_maps, animated.phases, source, told)
