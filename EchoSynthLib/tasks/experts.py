"""The task `experts`: one frozen classifier for each site, and a light fusion that learns from feature sets alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError, needs
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.options import seed_parameter
from EchoSynthLib.tasks.common.output_places import check_writable, output_folder
from EchoSynthLib.tasks.common.results import check_exists
from EchoSynthLib.tasks.task import Context, Task, parameter

ACTIONS = ("add", "features", "train", "evaluate")
FUSIONS = ("nmd-wSF", "attn-wSF", "SF")


@dataclass(frozen=True, kw_only=True)
class Experts(Task):
    """Adds a site, makes feature sets, trains the fusion, or judges it."""

    name = "experts"
    summary = "Join classifiers of several sites: add a site, make its feature sets, train the fusion, evaluate."

    action: str = parameter(
        main=True,
        choices=ACTIONS,
        help="add: train the expert of a site, and make the feature sets of its frames; features: make those that are "
        "missing, say by an expert that came later; train: learn the fusion; evaluate: judge it on a site's frames",
    )
    output: Path = parameter(help="folder of the experts; beside them sites.json, feature sets, and the fusion")
    data: Path | None = parameter(None, help="labeled frames (.npz) of the site; for all but train")
    site: str | None = parameter(None, help="its name; none takes that of the frames")
    preset: str = parameter("small", choices=("small", "paper"), help="size of the expert's network")
    fusion: str = parameter("nmd-wSF", choices=FUSIONS, help="where the experts' weights come from; SF has none")
    split: str = parameter("val", help="which frames are evaluated")
    iterations: int | None = parameter(
        None, minimum=1, maximum=1_000_000, unit="iterations", help="of the expert or the fusion; none takes the usual"
    )
    device: str = parameter("cpu", help="for training: cpu, cuda, cuda:1, mps: what torch knows")
    seed: int = seed_parameter("of weights, order and augmentation")

    def run(self, context: Context) -> dict[str, Any]:
        """Does what was asked for; the record tells which feature sets are still missing; see `Task.run`.

        Raises:
            InputError: there are no frames, or a feature set is missing that the fusion needs.
        """
        started = time.perf_counter()
        if self.data is not None:
            check_exists(self.data, "data")
        check_writable(self.output)
        output_folder(self.output)
        if self.action != "train" and self.data is None:
            raise InputError(
                f"For {self.action!r} the site's frames are needed; give --data, an .npz of labeled frames."
            )
        with needs("full", "Training and joining experts"):
            from EchoSynthLib.experiment.experts import steps

            told = self._do(steps, context)
            missing = steps.missing(self.output)
        record = new_record(self.name, started=started) | {"action": self.action, **told, "missing": missing}
        return with_warnings(record, self._warnings(missing))

    def _do(self, steps: Any, context: Context) -> dict[str, Any]:
        how = {"iterations": self.iterations, "device": self.device, "seed": self.seed, "progress": context.progress}
        if self.action == "add":
            return steps.add(self.output, self.data, self.site, preset=self.preset, **how)
        if self.action == "features":
            return steps.make_features(self.output, self.data, self.site, seed=self.seed, progress=context.progress)
        if self.action == "train":
            return steps.train(self.output, fusion=self.fusion, **how)
        return steps.evaluate(self.output, self.data, self.site, self.split)

    def _warnings(self, missing: list[str]) -> list[str]:
        if not missing or self.action == "evaluate":
            return []
        return [
            f"feature sets are missing before the fusion can be trained: {', '.join(missing)} (site by expert); make "
            "them with `echosynth experts features` where the site's frames are"
        ]

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """What was found: accuracies, and how much each expert had to say."""
        figures = [f"{name}: {100 * value:.1f} %" for name, value in record.get("figures", {}).items()]
        weights = [f"{name} {value:.2f}" for name, value in record.get("weights", {}).items()]
        return [*figures, *(["mean weights of the experts: " + ", ".join(weights)] if weights else [])]
