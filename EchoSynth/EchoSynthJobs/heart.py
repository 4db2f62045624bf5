"""A heart as asked for, and the echo of planes through it: a request goes to the worker, arrays come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.job import Job, Report, in_worker, working_folder
from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.heart_planes import grid_of
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.phases import stamp_phases
from EchoSynthMRML.provenance import link_to_label_map, name_of_segmentation, stamp
from EchoSynthMRML.volumes import add_to_scene, new_frame

TRUTH = "EchoSynth.truth"
"""Node attribute of what was saved of a heart: JSON of the true volumes, ejection fraction, phase and pose."""
_TOLD = (
    "condition", "seed", "EDV_ml", "ESV_ml", "EF_percent", "mass_g", "wall_mm", "heart_rate", "end_systole", "phases",
    "volumes_ml", "pose", "depth_mm", "opening_angle_deg", "nearest_view",
)  # fmt: skip


_HAND, _HAND_IN_PLANE = 25.0, 45.0
"""Degrees and mm."""


@dataclass(frozen=True)
class HeartRequest:
    """What is asked of the task `heart`.

    Attributes:
        condition, seed: of the heart that is drawn.
        ejection_fraction, lv_volume, wall: of its left ventricle: a fraction, ml and mm; None as it was drawn.
        view: standard view that is cut, where there is no plane.
        plane: JSON of the pose that is cut, see `plane_text`.
        phases: of the beat, from 0 to 1.
        drawing: of the echo, 'tissue' or 'generator'.
        echo_seed: of its speckle.
        surfaces, echo: whether they are made.
    """

    condition: str = "normal"
    seed: int = 0
    ejection_fraction: float | None = None
    lv_volume: float | None = None
    wall: float | None = None
    view: str = FOUR_CHAMBER.name
    plane: str | None = None
    phases: tuple[float, ...] = (0.0,)
    drawing: str = "tissue"
    echo_seed: int = 0
    surfaces: bool = True
    echo: bool = True

    @classmethod
    def asked(
        cls,
        condition: str,
        seed: int,
        percent: float | None,
        volume: float | None,
        wall: float | None,
        view: str,
        phase: float = 0.0,
    ) -> HeartRequest:
        """As scripts ask: the ejection fraction in per cent; '' for the usual view."""
        fraction = None if percent is None else percent / 100
        return cls(condition, seed, fraction, volume, wall, view=view or cls.view, phases=(phase,))

    @property
    def heart(self) -> tuple[Any, ...]:
        """What decides on the heart."""
        return self.condition, self.seed, self.ejection_fraction, self.lv_volume, self.wall

    @property
    def picture(self) -> tuple[Any, ...]:
        """What decides on the echo, but for the phase."""
        return *self.heart, self.view if self.plane is None else self.plane, self.drawing, self.echo_seed

    def parameters(self) -> dict[str, Any]:
        """Of the task, but for its output."""
        values = {name: value for name, value in vars(self).items() if value is not None}
        return values | {"phases": ",".join(f"{phase:.6f}" for phase in self.phases)}


@dataclass
class MadeHeart:
    """What the task gave.

    Attributes:
        record: as it wrote it.
        surfaces: points (T, N, 3) and quads (M, 4) of each structure; empty where none were asked for.
        echo, label_map: (T, H, W) uint8; None where no echo was asked for.
    """

    record: dict[str, Any]
    surfaces: dict[str, NDArray] = field(default_factory=dict)
    echo: NDArray[np.uint8] | None = None
    label_map: NDArray[np.uint8] | None = None


@dataclass
class SavedHeart:
    """What was added to the scene.

    Attributes:
        image, segmentation: nodes; of a beat those that show its frames.
        record: how they were made.
    """

    image: Any
    segmentation: Any
    record: dict[str, Any]


def plane_text(pose: Any) -> str:
    """A pose as the task takes it; digits end where nobody sees a difference, so that one plane is one text."""
    told = pose.to_dict()
    rotation = np.round(told["rotation"], 6).tolist()
    return json.dumps({"rotation": rotation, "origin_mm": np.round(told["origin_mm"], 3).tolist()})


def make_heart(client: Client, request: HeartRequest) -> Job[MadeHeart]:
    """Makes a heart in the worker.

    Raises:
        InputError: no heart has these numbers, or the plane does not meet it.
    """
    with working_folder() as folder:
        record = yield from in_worker(client, "heart", request.parameters() | {"output": folder / "heart"})
        places = record["outputs"]
        surfaces = dict(np.load(places["surfaces"])) if "surfaces" in places else {}
        echo, codes = (np.load(places[name]) if name in places else None for name in ("echo", "label_map"))
    return MadeHeart(record, surfaces, echo, codes)


def save_heart(scene: Any, client: Client, request: HeartRequest, frames: int = 1) -> Job[SavedHeart]:
    """Adds the echo of a plane and its label map to the scene: of one phase, or of a whole beat from end-diastole on.

    Raises:
        InputError: see `make_heart`.
    """
    if frames > 1:
        request = replace(request, phases=tuple(np.arange(frames) / frames))
    made = yield from make_heart(client, replace(request, surfaces=False))
    if made.echo is None or made.label_map is None:
        raise InputError("Nothing was cut, so there is nothing to save; ask for the echo.")
    name, grid = name_of(made.record), grid_of(made.record, made.echo.shape[1:])
    milliseconds = 60_000 / made.record["heart_rate"] / frames
    images, maps = (CineBuilder(text, frame_time_ms=milliseconds) for text in (name, name_of_segmentation(name)))
    pairs = []
    for index, (pixels, codes) in enumerate(zip(made.echo, made.label_map, strict=True)):
        pairs.append((new_frame(pixels, grid, name), new_segmentation(codes, grid, name_of_segmentation(name))))
        images.append(pairs[-1][0])
        maps.append(pairs[-1][1])
        yield Report(index + 1, len(made.echo), f"frame {index + 1} of {len(made.echo)} to Slicer")
    if frames > 1:
        image = images.finish(scene)
        cine = cine_of(image)
        segmentation = maps.finish(scene, cine.browser if cine else None, save_changes=True)
        if cine is not None:
            empty = round(made.record["end_systole"] * frames) % frames
            stamp_phases(cine, {"ED": [0], "ES": [empty]})
    else:
        image, segmentation = (add_to_scene(scene, node) for node in pairs[0])
    _dress(image, segmentation, made.record)
    return SavedHeart(image, segmentation, made.record)


def name_of(record: Mapping[str, Any]) -> str:
    """The name of what is saved: of the standard view that it shows, where it shows one."""
    near = record["nearest_view"]
    shown = near["view"] if shows_view(near) else "plane"
    return f"heart s{record['seed']} {shown}"


def shows_view(near: Mapping[str, Any]) -> bool:
    """Whether a picture is so near a standard view that it may be called so: off by a hand, and lying as there."""
    return near["degrees"] + near["mm"] <= _HAND and near["beam_degrees"] <= _HAND_IN_PLANE


def truth(record: Mapping[str, Any]) -> str:
    """The heart's numbers in a line."""
    return (
        f"EF {record['EF_percent']:.0f} %, EDV {record['EDV_ml']:.0f} ml, ESV {record['ESV_ml']:.0f} ml, "
        f"wall {record['wall_mm']:.1f} mm, {record['mass_g']:.0f} g"
    )


def _dress(image: Any, segmentation: Any, record: Mapping[str, Any]) -> None:
    near = record["nearest_view"]
    told = dict(record) | ({"view": near["view"]} if shows_view(near) else {})
    for node in (image, segmentation):
        stamp(node, told)
        node.SetAttribute(TRUTH, json.dumps({key: record[key] for key in _TOLD if key in record}))
        node.SetDescription(truth(record))
    place_beside(segmentation, image)
    link_to_volume(segmentation, image)
    link_to_label_map(image, segmentation)
