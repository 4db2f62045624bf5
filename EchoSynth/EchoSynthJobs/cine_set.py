"""Make a set of cines on disk, of hearts that nobody has, and bring its first one into the scene."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from EchoSynthJobs.job import Job, Report, each_report, in_worker
from EchoSynthJobs.open import open_echo
from EchoSynthLib.client import Client
from EchoSynthLib.images.datasets.echonet import SUFFIX
from EchoSynthMRML.calibration import calibrate_all
from EchoSynthMRML.provenance import stamp


@dataclass(frozen=True)
class CineSetRequest:
    """What is asked of the task `cine-dataset`, whose parameters these are.

    Attributes:
        output: folder of the set; what is there of the same set is not made again.
        count: hearts, each in all views.
        ef: ejection fractions, as the task takes them.
        views: with commas between.
        frames: of a cine.
        fps: frames per second.
        privacy_threshold: None for the model's own.
        seed: of the set.
    """

    output: Path
    count: int = 10
    ef: str = "uniform:10-90"
    views: str = "4CH,2CH"
    frames: int = 192
    fps: float = 32.0
    privacy_threshold: float | None = None
    seed: int = 0


def make_cine_set(client: Client, request: CineSetRequest) -> Job[dict[str, Any]]:
    """Makes the set; gives the task's record. Cancelled, it leaves the hearts that are made.

    Raises:
        What the task raises.
    """

    def with_kept(report: Report) -> Report:
        hearts = request.count * report.done // report.total if report.total else 0
        kept = f"{hearts} of {request.count} hearts stay, and the same set goes on from there" if hearts else ""
        return replace(report, kept=kept)

    return each_report(in_worker(client, "cine-dataset", asdict(request)), with_kept)


def show_first_cine(scene: Any, client: Client, record: Mapping[str, Any]) -> Job[Any]:
    """Adds the first cine of a set to the scene, with its pixel size and what made it; gives its node.

    Raises:
        InputError: it cannot be read any longer.
    """
    outputs = record["outputs"]
    heart = min(Path(outputs["records"]).glob("*.json"))
    cine = json.loads(heart.read_text(encoding="utf-8"))["cines"][0]
    opened = yield from open_echo(scene, client, Path(outputs["videos"], cine["name"] + SUFFIX))
    # A video carries neither.
    calibrate_all(scene, opened.volume, *cine["spacing_mm"])
    stamp(opened.volume, cine)
    return opened.volume
