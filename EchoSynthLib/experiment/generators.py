"""The generators that are compared: each is trained here, or is a model that is there already."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib import zoo
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.experiment.frames import Frames
from EchoSynthLib.experiment.settings import TRAINED
from EchoSynthLib.experiment.stages import Stage, Workplace, read_json
from EchoSynthLib.systems import RECIPES
from EchoSynthLib.training.run import TrainingRun

REVISION = 1
FROM_ZOO = "zoo:"
TRAINING_TOLD = ("preset", "minutes", "iterations", "device", "data")
"""Of the entries of a model's config.json."""


@dataclass(frozen=True)
class GeneratorTraining:
    """How the generators are trained: `minutes` each, the size by `preset`."""

    preset: str
    minutes: float
    device: str
    seed: int


@dataclass(frozen=True)
class ComparedGenerator:
    """A generator of the comparison.

    Attributes:
        name: what the tables call it.
        folder: of the model; of one to be trained it is there once `training` is made.
        key: changes when the model does.
        solvers: that fit it.
        training: the stage that trains it; None for a model that is there already.
    """

    name: str
    folder: Path
    key: str
    solvers: tuple[str, ...]
    training: Stage | None = None

    def training_told(self) -> dict[str, Any]:
        """How it was trained, as far as its config.json says so; that of a model to be trained is there afterwards."""
        config = read_json(self.folder / "config.json")
        return {name: config.get(name) for name in TRAINING_TOLD}


def find_generators(
    names: Sequence[str], frames: Frames, how: GeneratorTraining, root: Path
) -> list[ComparedGenerator]:
    """The generators of these names: a name of `TRAINED`, a model of the zoo, or the path of a model folder.

    Raises:
        InputError: none or twice the same is asked for, or a name is not known.
        ModelError: a model is damaged, or is none that draws.
    """
    if not names:
        raise InputError(f"No model was given; give some of {', '.join(TRAINED)}, beam-flow, or a model folder.")
    found = [_trained(name, frames, how, root) if name in TRAINED else _existing(name) for name in names]
    told = [generator.name for generator in found]
    twice = [name for name in told if told.count(name) > 1]
    if twice:
        raise InputError(f"The model {twice[0]!r} was given twice; name each once (a folder by its own name).")
    return found


def _trained(name: str, frames: Frames, how: GeneratorTraining, root: Path) -> ComparedGenerator:
    inputs = {
        "revision": REVISION,
        "data": frames.sums,
        "model": name,
        "preset": how.preset,
        "minutes": how.minutes,
        "device": how.device,
        "seed": how.seed,
    }
    stage = Stage(root, f"generator-{name}", f"training {name}", inputs, lambda work: _train(name, frames, how, work))
    return ComparedGenerator(name, stage.folder / "model" / name, stage.key, RECIPES[name].solvers(how.preset), stage)


def _train(name: str, frames: Frames, how: GeneratorTraining, work: Workplace) -> None:
    run = TrainingRun(frames.path, work.scratch, None, how.minutes, how.device, how.seed, progress=work.progress)
    exported = RECIPES[name].train(run, preset=how.preset)
    shutil.copytree(exported, work.result / "model" / name)
    for log in sorted(work.scratch.rglob("log.jsonl")):
        shutil.copy(log, work.result / ("-".join(log.relative_to(work.scratch).parts)))


def _existing(name: str) -> ComparedGenerator:
    path = Path(name).expanduser()
    if not name.startswith(FROM_ZOO) and (path / zoo.CHECKSUMS).is_file():
        model = zoo.open_folder(path.resolve())
    else:
        model = _in_zoo(name.removeprefix(FROM_ZOO))
    can = Capabilities.of(model)
    if can.kind != "synthesis":
        raise ModelError(
            f"The model {name!r} is one for {can.kind or 'nothing known'} and draws no images; give one that does."
        )
    return ComparedGenerator(model.name, model.path, _key_of(model.path), can.solvers or (can.process,))


def _key_of(folder: Path) -> str:
    """Of all files that change what the model draws; its card does not."""
    lines = (folder / zoo.CHECKSUMS).read_text(encoding="utf-8").splitlines()
    return sha256_of_json(sorted(line for line in lines if not line.endswith("README.md")))


def _in_zoo(name: str) -> zoo.ModelFolder:
    try:
        return zoo.find(name)
    except ModelError as error:
        if name in {model.name for model in zoo.list_models()}:
            raise
        raise InputError(
            f"The model {name!r} is not known. Give one to be trained ({', '.join(TRAINED)}), one of the zoo "
            f"({', '.join(sorted(m.name for m in zoo.list_models()))}), or the path of a model folder."
        ) from error
