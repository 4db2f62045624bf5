"""The ways to learn from sites that join one after another: experts and their fusion, one network anew, or tuned."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.classification.routing import ROUTES, routed
from EchoSynthLib.classification.sites import Sites
from EchoSynthLib.experiment.experts import steps
from EchoSynthLib.experiment.experts.settings import (
    ADDED_EPOCHS,
    FIRST_EPOCHS,
    PRESET,
    TOGETHER_EPOCHS,
    ExpertsSettings,
)
from EchoSynthLib.experiment.stages import Stage, Workplace
from EchoSynthLib.images.datasets.feature_set import load_feature_set
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, joined, load_labeled_frames
from EchoSynthLib.images.write import write_record
from EchoSynthLib.systems import RECIPES, load_torch_pipeline
from EchoSynthLib.training.run import TrainingRun

RESULTS = "results.json"
FUSED = ("nmd-wSF", "attn-wSF", "SF")
"""Fusions; the first one is made after each step, and kept."""


class Ways:
    """What each way makes of the sites' frames: `RESULTS`, which tells of each way and site what is told right after
    the last step, `after` each step, and the processor `seconds`.

    Args:
        settings: of the experiment.
        frames: the stage that has the labeled frames of each site.
        order: in which sites join.
    """

    def __init__(self, settings: ExpertsSettings, frames: Stage, order: Sequence[str]) -> None:
        self.settings, self.frames, self.order = settings, frames, tuple(order)

    def file(self, site: str) -> Path:
        """The labeled frames of a site."""
        return self.frames.folder / f"{site}.npz"

    def site(self, name: str) -> LabeledFrames:
        """The frames of a site."""
        return load_labeled_frames(self.file(name))

    def join(self, work: Workplace) -> None:
        """A folder of experts with their fusion, and what is told by it, by other fusions, and by experts alone."""
        folder = work.scratch / "sites"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        how: dict[str, Any] = {"device": self.settings.device, "seed": self.settings.seed, "progress": work.progress}
        seconds: dict[str, float] = {}
        ways: dict[str, Any] = {}
        after: dict[str, Any] = {}
        for number, name in enumerate(self.order):
            started = time.process_time()
            own = steps.add(folder, self.file(name), name, preset=PRESET, iterations=self._rounds(name), **how)
            for before in self.order[:number]:
                steps.make_features(folder, self.file(before), before, seed=self.settings.seed)
            seconds[name] = time.process_time() - started
            if number == 0:
                after[name] = {name: own["figures"]}
                continue
            is_last = number == len(self.order) - 1
            for kind in reversed(FUSED if is_last else FUSED[:1]):
                started = time.process_time()
                steps.train(folder, fusion=kind, iterations=self.settings.fusion_iterations, **how)
                seconds[kind] = time.process_time() - started
                ways[kind] = self._fused(folder, self.order[: number + 1])
            after[name] = ways[FUSED[0]]
        for route in ROUTES:
            ways[route] = {name: self._routed(folder, name, route) for name in self.order}
        shutil.copytree(folder, work.result / "sites")
        write_record(work.result / RESULTS, {"ways": ways, "after": after, "seconds": seconds})

    def together(self, work: Workplace) -> None:
        """One network of all frames, from nothing."""
        started = time.process_time()
        every = joined([self.site(name) for name in self.order], "all")
        count = int((every.split == "train").sum())
        model = self._trained(work, every, self.settings.iterations(count, TOGETHER_EPOCHS), None)
        seconds = time.process_time() - started
        told = self._of_each(model, every.classes, self.order)
        write_record(work.result / RESULTS, {"told": told, "seconds": seconds})

    def fine_tune(self, expanding: bool, work: Workplace) -> None:
        """One network that goes on with each site's frames alone, its head with the classes known so far or all."""
        known: tuple[str, ...] = () if expanding else Sites({n: self.site(n).classes for n in self.order}).classes
        model: Path | None = None
        seconds, after = 0.0, {}
        for number, name in enumerate(self.order):
            started = time.process_time()
            own = self.site(name)
            known = tuple(dict.fromkeys((*known, *own.classes)))
            model = self._trained(work, with_classes(own, known), self._rounds(name), model, name)
            seconds += time.process_time() - started
            after[name] = self._of_each(model, known, self.order[: number + 1])
        write_record(work.result / RESULTS, {"told": after[self.order[-1]], "after": after, "seconds": seconds})

    def _rounds(self, name: str) -> int:
        count = int((self.site(name).split == "train").sum())
        return self.settings.iterations(count, FIRST_EPOCHS if name == self.order[0] else ADDED_EPOCHS)

    def _fused(self, folder: Path, sites: Sequence[str]) -> dict[str, Any]:
        told = {name: steps.evaluate(folder, self.file(name), name, "val") for name in sites}
        return {name: {**one["figures"], "weights": one["weights"]} for name, one in told.items()}

    def _routed(self, folder: Path, name: str, route: str) -> dict[str, float]:
        sites = steps.sites_in(folder)
        sets = [load_feature_set(steps.feature_file(folder, name, expert)) for expert in sites.names]
        chosen = sets[0].split == "val"
        logits = np.concatenate([found.logits[chosen] for found in sets], axis=1)
        label = sets[0].label[chosen]
        return judged(routed(logits, sites, route), np.array(sites.places(name))[label])

    def _trained(
        self, work: Workplace, data: LabeledFrames, iterations: int, start: Path | None, name: str = "all"
    ) -> Path:
        folder = work.scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "frames.npz"
        if not path.exists():
            data.save(path)
        run = TrainingRun(
            path, folder, iterations, device=self.settings.device, seed=self.settings.seed, progress=work.progress
        )
        return RECIPES["expert"].train(run, preset=PRESET, site=name, start=start)

    def _of_each(self, model: Path, classes: tuple[str, ...], sites: Sequence[str]) -> dict[str, Any]:
        network = load_torch_pipeline(zoo.open_folder(model))
        told = {}
        for name in sites:
            val = with_classes(self.site(name).part("val"), classes)
            found = network.feature_set(replace(val, split=np.full(len(val), "val")), name)
            told[name] = judged(found.logits.argmax(axis=1), val.label)
        return told


def with_classes(found: LabeledFrames, classes: tuple[str, ...]) -> LabeledFrames:
    """The same frames, their labels as numbers of other classes, in which all of theirs are."""
    places = np.array([classes.index(name) for name in found.classes])
    return replace(found, label=places[found.label], classes=classes)


def judged(told: NDArray[np.generic], label: NDArray[np.generic]) -> dict[str, float]:
    """Accuracy and the mean of the classes' recalls."""
    right = told == label
    recalls = [float(right[label == one].mean()) for one in np.unique(label)]
    return {"accuracy": float(right.mean()), "balanced accuracy": float(np.mean(recalls))}
