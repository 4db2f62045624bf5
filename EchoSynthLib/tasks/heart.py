"""The task `heart`: one beating heart as asked for: its surfaces, and the echo of any plane through it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.anatomy.heart3d.parameters import RANGES
from EchoSynthLib.errors import InputError
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.tasks.common.options import seed_parameter, view_parameter
from EchoSynthLib.tasks.common.output_places import check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import RECORD, write_records
from EchoSynthLib.tasks.parts.heart_echo import DRAWINGS, TISSUE, echo_of
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    from EchoSynthLib.anatomy.heart3d.heart import Heart
    from EchoSynthLib.anatomy.heart3d.probe import Framing

END_SYSTOLE, SURFACES = "ES", "surfaces.npz"
MYOCARDIUM_G_PER_ML = 1.05
"""Lang et al., J Am Soc Echocardiogr 28:1-39, 2015."""


def _of_heart(name: str, unit: str, help: str) -> Any:
    low, high = RANGES[name]
    return parameter(None, minimum=low, maximum=high, unit=unit, help=f"{help}; none takes what was drawn for the seed")


@dataclass(frozen=True, kw_only=True)
class OneHeart(Task):
    """Makes a heart, cuts it and draws the echo of the cut."""

    name = "heart"
    summary = "One beating heart with the numbers asked for: its surfaces, and the echo of any plane through it."

    output: Path = parameter(help="folder for the echo, its labels, the surfaces and the record")
    condition: str = parameter("normal", choices=tuple(CONDITIONS), help="of the heart")
    seed: int = seed_parameter("of the heart, with the condition")
    ejection_fraction: float | None = _of_heart("ejection_fraction", "", "of the left ventricle, a fraction")
    lv_volume: float | None = _of_heart("lv_edv_ml", "ml", "of the left ventricle at end-diastole")
    wall: float | None = _of_heart("wall_mm", "mm", "mean thickness of the left ventricle's wall")
    view: str = view_parameter("heart cuts", help="standard view that is cut, where no plane is given")
    plane: str | None = parameter(
        None, help='plane that is cut instead, as JSON, as "pose" in the record: the probe slides along its middle line'
    )
    phases: str = parameter(
        "0", help=f"of the beat, with commas between: 0 is end-diastole, {END_SYSTOLE} end-systole, 1 the end of a beat"
    )
    drawing: str = parameter(
        TISSUE,
        choices=DRAWINGS,
        help="of the echo: by tissue, for any plane, or by the generator, for planes near the 2CH and 4CH views",
    )
    model: str = parameter("beam-flow", help="name of the generator, see `echosynth models`")
    echo_seed: int = seed_parameter("of the echo's speckle")
    rows: int = parameter(256, minimum=32, maximum=2048, unit="pixels", help="height of the echo")
    echo: bool = parameter(True, help="whether the plane is cut and drawn")
    surfaces: bool = parameter(True, help="whether surfaces are written")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes echo.npy, tissues.npy and label_map.npy (T, H, W), surfaces.npz, record.json; see `Task.run`."""
        import numpy as np

        from EchoSynthLib.anatomy.heart3d.adjusted import adjusted_heart
        from EchoSynthLib.images.writers.arrays import write_array

        started = time.perf_counter()
        folder = output_folder(self.output)
        heart = adjusted_heart(self.seed, self.condition, self.ejection_fraction, self.lv_volume, self.wall)
        phases = self._phases(heart)
        record = new_record(self.name, synthetic=True) | {"condition": self.condition, "seed": self.seed}
        record |= {"phases": phases, **_numbers(heart, phases)}
        arrays: dict[str, Any] = {}
        doubts: list[str] = []
        if self.echo:
            arrays, about, doubts = self._echo(heart, phases, context)
            record |= about
        outputs = {name: f"{name}.npy" for name in arrays} | ({"surfaces": SURFACES} if self.surfaces else {})
        check_replaceable(folder, RECORD, outputs.values(), self.name, folder)
        with OutputFolder(folder) as hidden:
            for name, array in arrays.items():
                write_array(hidden / outputs[name], array)
            if self.surfaces:
                np.savez(hidden / SURFACES, allow_pickle=False, **_surfaces(heart, phases, context))
            record |= {"seconds": seconds_since(started), "outputs": outputs}
            return write_records(hidden, RECORD, folder, with_warnings(record, doubts))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """What the left ventricle holds, and what of it leaves."""
        return [
            f"left ventricle {record['EDV_ml']:.1f} ml at end-diastole, {record['ESV_ml']:.1f} ml at end-systole, "
            f"ejection fraction {record['EF_percent']:.1f} %, wall {record['mass_g']:.0f} g"
        ]

    def _phases(self, heart: Heart) -> list[float]:
        told = [text.strip() for text in self.phases.split(",") if text.strip()]
        try:
            phases = [heart.end_systole if text.upper() == END_SYSTOLE else float(text) for text in told]
        except ValueError:
            phases = []
        if not phases or not all(0 <= phase <= 1 for phase in phases):
            raise InputError(
                f"Phases are numbers from 0 to 1 or {END_SYSTOLE}, with commas between; given was {self.phases!r}."
            )
        return phases

    def _framing(self, heart: Heart) -> Framing:
        from EchoSynthLib.anatomy.heart3d.free_plane import frame_plane
        from EchoSynthLib.anatomy.heart3d.pose import Pose
        from EchoSynthLib.anatomy.heart3d.probe import frame_view

        if self.plane is None:
            # As any plane is framed, so that the record's gives the same picture again.
            return frame_plane(heart, frame_view(heart, self.view).pose)
        try:
            pose = Pose.from_dict(json.loads(self.plane))
            # What was written with few digits is made square again; a mirror is none.
            pose = Pose.facing(pose.origin, pose.down, pose.right)
        except (ValueError, LookupError, TypeError, InputError) as error:
            raise InputError(
                'A plane is JSON with "rotation" (3 x 3, its columns right, down and behind) and "origin_mm" (3); '
                f"given was {self.plane:.120}: {error}"
            ) from error
        return frame_plane(heart, pose)

    def _echo(
        self, heart: Heart, phases: list[float], context: Context
    ) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """Arrays (T, H, W) by their names, what the record says of them, and what is doubtful."""
        import numpy as np

        from EchoSynthLib.anatomy.heart3d.cut import cut
        from EchoSynthLib.anatomy.heart3d.nearest_view import nearest_view

        framing = self._framing(heart)
        first = cut(heart, framing, spacing=(framing.depth_mm / (self.rows - 1),) * 2)
        cuts, images = [first.at(phase) for phase in phases], []
        about: dict[str, Any] = {}
        doubts: list[str] = []
        for index, one in enumerate(cuts):
            context.progress(index, len(cuts), f"echo {index + 1} of {len(cuts)}")
            image, about, doubts = echo_of(one, self.drawing, self.echo_seed, self.model)
            images.append(image)
        near = nearest_view(heart, framing.pose)
        about |= first.to_dict() | {"echo_seed": self.echo_seed, "nearest_view": asdict(near)}
        made = {"echo": images, "tissues": [one.labels for one in cuts], "label_map": [one.label_map for one in cuts]}
        return {name: np.stack(each) for name, each in made.items()}, about, doubts


def _surfaces(heart: Heart, phases: list[float], context: Context) -> dict[str, Any]:
    """Of each structure the points (T, N, 3) in the heart's axes, and the quads (M, 4) that all phases share."""
    import numpy as np

    from EchoSynthLib.anatomy.heart3d.meshes import meshes

    found = []
    for index, phase in enumerate(phases):
        context.progress(index, len(phases), f"surfaces {index + 1} of {len(phases)}")
        found.append(meshes(heart, phase))
    points = {f"{name} points": np.stack([one[name].points for one in found]) for name in found[0]}
    return points | {f"{name} quads": mesh.quads for name, mesh in found[0].items()}


def _numbers(heart: Heart, phases: list[float]) -> dict[str, Any]:
    """The truth about the heart, and about its chambers at the phases."""
    p = heart.parameters
    # A heart that cannot contract so far is none at any phase.
    heart.motion.pose(heart.end_systole)
    full, empty = (heart.volumes(phase)["LV"] for phase in (0.0, heart.end_systole))
    now = [heart.volumes(phase) for phase in phases]
    return {
        "EDV_ml": full,
        "ESV_ml": empty,
        "EF_percent": 100 * (1 - empty / full),
        "mass_g": MYOCARDIUM_G_PER_ML * heart.volumes()["LV wall"],
        "wall_mm": p.wall_mm,
        "heart_rate": p.heart_rate,
        "end_systole": heart.end_systole,
        "volumes_ml": {name: [one[name] for one in now] for name in now[0]},
    }
