"""Which stages an experiment has, and what each builds on; all keys are known before the first stage is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.experiment import cost, evaluate, images, label_maps, realism, train_segmenter
from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.experiment.generators import ComparedGenerator, GeneratorTraining, find_generators
from EchoSynthLib.experiment.sampling import Sampling
from EchoSynthLib.experiment.settings import ExperimentSettings
from EchoSynthLib.experiment.stages import Stage, Workplace

REAL, SYNTHETIC, BOTH = "real", "synthetic", "real + synthetic"
REALISM_IMAGES = 1000
"""Images of a generator that are compared with the real val frames, at most; as many real train frames are, too."""


@dataclass(frozen=True)
class Trained:
    """A segmentation network and its judgment; `generator` is None for real frames alone."""

    data: str
    generator: ComparedGenerator | None
    network: Stage
    judged: Stage


@dataclass(frozen=True)
class Sampled:
    """Images of a generator, sampled in one way; `generator` is None for real train frames, which cost nothing."""

    generator: ComparedGenerator | None
    sampling: Sampling | None
    images: Stage | None
    realism: Stage
    cost: Stage | None


@dataclass(frozen=True)
class Comparison:
    """What belongs to one generator: its own sampling, the networks it trains, other samplings."""

    generator: ComparedGenerator
    sampled: Sampled
    trained: tuple[Trained, ...]
    samplers: tuple[Sampled, ...]

    def stages(self) -> Iterator[Stage]:
        """In the order in which they can be made, each once."""
        seen: set[str] = set()
        for stage in self._all():
            if stage is not None and stage.key not in seen:
                seen.add(stage.key)
                yield stage

    def _all(self) -> Iterator[Stage | None]:
        yield self.generator.training
        for sampled in (self.sampled, *self.samplers):
            yield from (sampled.images, sampled.realism, sampled.cost)
        for trained in self.trained:
            yield from (trained.network, trained.judged)


class Experiment:
    """All stages of `synthetic-training`.

    Attributes:
        maps, reference: stages that all comparisons share.
        real: the network that learns from real frames alone.
        train_frames: how real train frames compare with val: as many as a generator's images, and as a solver's.
        comparisons: one for each generator.
    """

    def __init__(self, settings: ExperimentSettings, frames: Frames) -> None:
        settings.check()
        self.settings, self.frames = settings, frames
        self.root = settings.output / "stages"
        self.places: dict[str, Any] = {"workers": settings.workers, "cluster": settings.cluster}
        how = GeneratorTraining(settings.preset, settings.generator_minutes, settings.device, settings.seed)
        generators = find_generators(settings.models, frames, how, self.root)
        _check_solvers(settings, generators)
        self.maps = self._maps()
        self.reference = self._stage(
            "reference", "looking at real val frames", realism.reference_inputs(frames),
            partial(realism.make_reference, frames),
        )  # fmt: skip
        self.real = self._trained(REAL, None, None)
        counts = {self.realism_images, settings.solver_images} if settings.solvers else {self.realism_images}
        self.train_frames = [self._train_frames(count) for count in sorted(counts, reverse=True)]
        self.comparisons = [self._comparison(generator) for generator in generators]

    @property
    def count(self) -> int:
        """How many images each generator draws to train with."""
        return len(self.frames.evenly(self.settings.frames)) * self.settings.variations

    @property
    def realism_images(self) -> int:
        """How many of them are compared with real frames."""
        return min(REALISM_IMAGES, self.count)

    def stages(self) -> list[Stage]:
        """All, in the order in which they are made."""
        shared = [self.maps, self.reference, *(sampled.realism for sampled in self.train_frames)]
        own = [stage for comparison in self.comparisons for stage in comparison.stages()]
        return [*shared, self.real.network, self.real.judged, *own]

    def _stage(self, kind: str, title: str, inputs: dict[str, Any], make: Callable[[Workplace], None]) -> Stage:
        return Stage(self.root, kind, title, inputs, make)

    def _maps(self) -> Stage:
        given = (self.frames, self.settings.frames, self.settings.variations, self.settings.seed)
        return self._stage(
            "maps", "varying label maps", label_maps.inputs(*given), partial(label_maps.make, *given, self.places)
        )

    def _train_frames(self, count: int) -> Sampled:
        stage = self._stage(
            "realism", "looking at real train frames", realism.inputs(self.reference.key, None, count),
            partial(realism.make_of_train_frames, self.frames, self.reference.folder, count),
        )  # fmt: skip
        return Sampled(None, None, None, stage, None)

    def _comparison(self, generator: ComparedGenerator) -> Comparison:
        sampling = Sampling(generator.folder, generator.key, self.settings.device)
        drawn = self._images(generator, sampling, None)
        sampled = self._sampled(generator, sampling, drawn, self.realism_images)
        trained = tuple(self._trained(data, generator, drawn) for data in (SYNTHETIC, BOTH))
        return Comparison(generator, sampled, trained, tuple(self._samplers(generator, sampled)))

    def _samplers(self, generator: ComparedGenerator, default: Sampled) -> Iterator[Sampled]:
        """The default sampling and those asked for, on the same few label label_maps."""
        few = self.settings.solver_images
        if not self.settings.solvers or default.images is None:
            return
        yield self._sampled(generator, default.sampling, default.images, few)
        for solver, steps in self.settings.solvers:
            sampling = Sampling(generator.folder, generator.key, self.settings.device, solver, steps)
            if solver in generator.solvers:
                yield self._sampled(generator, sampling, self._images(generator, sampling, few), few)

    def _images(self, generator: ComparedGenerator, sampling: Sampling, chosen: int | None) -> Stage:
        seed = self.settings.seed
        return self._stage(
            f"images-{generator.name}", f"drawing with {generator.name} {sampling.name}",
            images.inputs(self.maps.key, chosen, sampling, seed),
            partial(images.make, self.frames, self.maps.folder, chosen, sampling, seed, self.places),
        )  # fmt: skip

    def _sampled(self, generator: ComparedGenerator, sampling: Sampling | None, drawn: Stage, chosen: int) -> Sampled:
        assert sampling is not None
        looked = self._stage(
            "realism", f"looking at images of {generator.name} {sampling.name}",
            realism.inputs(self.reference.key, drawn.key, chosen),
            partial(realism.make_of_images, self.maps.folder, drawn.folder, self.reference.folder, chosen),
        )  # fmt: skip
        seed = self.settings.seed
        timed = self._stage(
            "cost", f"timing {generator.name} {sampling.name}", cost.inputs(self.maps.key, sampling, seed),
            partial(cost.make, self.frames, self.maps.folder, sampling, seed),
        )  # fmt: skip
        return Sampled(generator, sampling, drawn, looked, timed)

    def _trained(self, data: str, generator: ComparedGenerator | None, drawn: Stage | None) -> Trained:
        settings, real = self.settings, data != SYNTHETIC
        how = (settings.segmenter_minutes, settings.device, settings.seed)
        folders: tuple[Path, Path] | None = None if drawn is None else (self.maps.folder, drawn.folder)
        told = data if generator is None else f"{data}, {generator.name}"
        network = self._stage(
            "network", f"training on {told}",
            train_segmenter.inputs(self.frames, real, None if drawn is None else drawn.key, *how),
            partial(train_segmenter.make, self.frames, real, folders, *how),
        )  # fmt: skip
        judged = self._stage(
            "judged", f"judging what learned from {told}", evaluate.inputs(self.frames, network.key),
            partial(evaluate.make, self.frames, network.folder / "segmenter"),
        )  # fmt: skip
        return Trained(data, generator, network, judged)


def _check_solvers(settings: ExperimentSettings, generators: list[ComparedGenerator]) -> None:
    known = sorted({solver for generator in generators for solver in generator.solvers})
    unknown = [solver for solver, _ in settings.solvers if solver not in known]
    if unknown:
        raise InputError(f"The solver {unknown[0]!r} fits none of the models; those that do are {', '.join(known)}.")
