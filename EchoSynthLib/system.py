"""What the row of a system tells, how its models are trained and loaded; the table of them is `systems.SYSTEMS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import Any

from EchoSynthLib import zoo
from EchoSynthLib.errors import EchoSynthError, ModelError, needs
from EchoSynthLib.training.run import TrainingRun

CAMUS_FILE = "a CAMUS .npz file, index.csv beside it"
COHORT_FOLDER = "a folder that `echosynth cohort` made"
FOLDER_OF_CINES = "a folder of cines that `echosynth animate` made"
ECHONET_FOLDER = "a folder in EchoNet-Dynamic's layout, as `echosynth cine-dataset` makes"
FOLDER_OF_EXPERTS = "a folder that `echosynth experts` made"
LABELED_FRAMES = "an .npz of labeled frames, see `LabeledFrames`"
"""What recipes are trained on."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One row.

    Attributes:
        name: `<room>.<system>`, as its folder; `system` in config.json of its models.
        kind: what its models make, in one word; those of one kind can stand in for one another.
        title: what a user calls one of its models.
        pipeline: "module:Class". `Class.from_folder(folder, config, ...)` makes one of a model folder, and a call of it
            does the work, arrays in and out. What goes in and comes out is the same for all of a kind: a Protocol in
            their room tells it. The record is written by the function that Python users call.
        runtime: 'onnx', whose `from_folder` takes the `threads` of one call; or 'torch', which only the full
            installation has, and whose `from_folder` takes a `device`.
        task: that uses its models; '' where Python users or another system alone do.
        torch_pipeline: "module:function" of (folder, config) that makes the pipeline with its networks run by torch;
            '' where the run-time is torch anyway, or torch cannot run them.
        recipe: "module:train", see `Recipe`.
        reads: the data that the recipe is trained on, in words; one for each kind, where its models learn from several.
        trains: the models that `echosynth train` makes by it, and which of its arguments each name stands for.
        presets: sizes that the recipe has a choice of.
        distributed: whether several processes may share a training.
        solvers: "module:function" of the recipe's arguments: a model's solvers, before it is trained; '' for none.
        options: parameters of the task that not every system of its kind takes, and this one does.
        tells_view: whether its pipelines have `view_probabilities`, see `segmentation.ViewTeller`.
        live: whether it is fast enough to follow the strokes of a brush.
        process: how images come out of noise, where config.json of a model does not tell.
        offers: functions in its room's `__init__.py` that Python users find in `EchoSynthLib`, as `es.register`.
    """

    name: str
    kind: str
    title: str
    pipeline: str
    runtime: str
    task: str = ""
    torch_pipeline: str = ""
    recipe: str = ""
    reads: tuple[str, ...] = (CAMUS_FILE,)
    trains: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    presets: tuple[str, ...] = ()
    distributed: bool = False
    solvers: str = ""
    options: tuple[str, ...] = ()
    tells_view: bool = False
    live: bool = False
    process: str = ""
    offers: tuple[str, ...] = ()

    def load(self) -> Any:
        """The class of its pipeline.

        Raises:
            EchoSynthError: a package that it needs is not installed.
        """
        return named(self.pipeline, f"The system {self.name}")


@dataclass(frozen=True)
class Recipe:
    """How one model is trained: by its system's recipe, with the arguments that its name stands for."""

    name: str
    system: System
    arguments: Mapping[str, str]

    def train(self, run: TrainingRun, **choices: Any) -> Path:
        """Trains the model; returns the folder it makes.

        Args:
            run: what every recipe is asked for; it is told the model's name.
            choices: a preset where the system has some, and what else this recipe has a choice of.

        Raises:
            InputError: there is no such device.
            EchoSynthError: a package that training needs is not installed; and what the recipe raises.
        """
        recipe = named(self.system.recipe, "Training")
        trained: Path = recipe(replace(run, name=self.name).placed(), **choices, **self.arguments)
        return trained

    def solvers(self, preset: str) -> tuple[str, ...]:
        """The solvers that the model will have a choice of, told before it is trained.

        Raises:
            EchoSynthError: a package that training needs is not installed.
        """
        if not self.system.solvers:
            return ()
        return tuple(named(self.system.solvers, "Training")(preset=preset, **self.arguments))


def named(place: str, what: str) -> Any:
    """What "module:name" names; `what` needs it."""
    module, _, name = place.partition(":")
    with needs("full", what):
        return getattr(import_module(module), name)


def _load(place: str, folder: Path, content: str, how: tuple[tuple[str, Any], ...]) -> Any:
    model = zoo.open_folder(folder)
    pipeline = named(place, f"The model {model.name!r}")
    try:
        with needs("full", f"The model {model.name!r}"):
            return pipeline.from_folder(model.path, model.config, **dict(how))
    except EchoSynthError:
        raise
    except (LookupError, TypeError, ValueError) as error:
        # The folder is what its checksums say, but was made by hand or for another version.
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(
            f"The model folder {model.path} is none that {model.config.get('system')} can be made of: {what}. Its "
            "config.json was not written by this version's recipe; get the model anew."
        ) from error


# A model of the same name may change between two calls, so that its content is a part of the key. Those that torch
# runs may be large.
KEPT = {"onnx": lru_cache(maxsize=8)(_load), "torch": lru_cache(maxsize=2)(_load)}
LOADING = RLock()  # a pipeline may stand on another one
