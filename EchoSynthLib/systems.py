"""The systems of EchoSynth: one table, by which everything above finds them.

A system is one published method in a folder of its own, `EchoSynthLib/<room>/<system>/`. Its row says what its models
are for, where its code is and what it can do. The command line, the worker, Python, the experiment and the panels of
3D Slicer read the row and know no system by name. Code is named by "module:name" and imported at its first use.

How to add one: "Add a system" in CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import Any

from EchoSynthLib import zoo
from EchoSynthLib.errors import EchoSynthError, InputError, ModelError, needs
from EchoSynthLib.training.run import TrainingRun

CAMUS_FILE = "a CAMUS .npz file, index.csv beside it"
COHORT_FOLDER = "a folder that `echosynth cohort` made"
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
        reads: the data that the recipe is trained on, in words.
        trains: the models that `echosynth train` makes by it, and which of its arguments each name stands for.
        presets: sizes that the recipe has a choice of.
        distributed: whether several processes may share a training.
        solvers: "module:function" of the recipe's arguments, which tells the solvers of a model before it is trained;
            '' where models have no choice of one.
        options: parameters of the task that not every system of its kind takes, and this one does.
        tells_view: whether its pipelines have `view_probabilities`, see `segmentation.ViewTeller`.
        live: whether it is fast enough to follow the strokes of a brush.
        process: how images come out of noise, where config.json of a model does not tell.
        offers: functions in the `__init__.py` of its room that Python users find in `EchoSynthLib`, such as
            `es.register`.
    """

    name: str
    kind: str
    title: str
    pipeline: str
    runtime: str
    task: str = ""
    torch_pipeline: str = ""
    recipe: str = ""
    reads: str = CAMUS_FILE
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
        return _named(self.pipeline, f"The system {self.name}")


SYSTEMS: tuple[System, ...] = (
    System(
        name="segmentation.unet",
        kind="segmentation",
        title="Segmenter",
        pipeline="EchoSynthLib.segmentation.unet.pipeline:SegmenterPipeline",
        runtime="onnx",
        task="segment",
        torch_pipeline="EchoSynthLib.segmentation.unet.export:torch_pipeline",
        recipe="EchoSynthLib.segmentation.unet.recipe:train",
        trains={"segmenter": {}},
        tells_view=True,
    ),
    System(
        name="segmentation.contour",
        kind="contour",
        title="Contour",
        pipeline="EchoSynthLib.segmentation.contour.pipeline:ContourPipeline",
        runtime="onnx",
        task="contour",
        torch_pipeline="EchoSynthLib.segmentation.contour.export:torch_pipeline",
        recipe="EchoSynthLib.segmentation.contour.recipe:train",
        trains={"contour": {"start": "segmenter"}},
    ),
    System(  # Jia et al. 2023 (arXiv 2211.16342)
        name="motion.fourier",
        kind="motion",
        title="Motion",
        pipeline="EchoSynthLib.motion.fourier.pipeline:MotionPipeline",
        runtime="onnx",
        task="register",
        torch_pipeline="EchoSynthLib.motion.fourier.export:torch_pipeline",
        recipe="EchoSynthLib.motion.fourier.recipe:train",
        trains={"motion": {"supervision": "labels"}, "motion-unsupervised": {"supervision": "none"}},
        offers=("register", "warp", "track", "propagate"),
    ),
    System(
        name="reconstruction.fit",
        kind="reconstruction",
        title="Heart in 3D, fitted",
        pipeline="EchoSynthLib.reconstruction.fit.pipeline:FitPipeline",
        runtime="onnx",
        task="reconstruct",
        recipe="EchoSynthLib.reconstruction.fit.recipe:train",
        reads=COHORT_FOLDER,
        trains={"heart3d": {}},
    ),
    System(  # Stojanovski et al. 2022 (arXiv 2207.13424)
        name="reconstruction.pix2vox",
        kind="reconstruction",
        title="Heart in 3D, of voxels",
        pipeline="EchoSynthLib.reconstruction.pix2vox.pipeline:Pix2VoxPipeline",
        runtime="onnx",
        task="reconstruct",
        torch_pipeline="EchoSynthLib.reconstruction.pix2vox.export:torch_pipeline",
        recipe="EchoSynthLib.reconstruction.pix2vox.recipe:train",
        reads=COHORT_FOLDER,
        trains={"heart3d-voxels": {"head": "structures"}, "heart3d-tissue": {"head": "tissue"}},
        presets=("small", "paper"),
    ),
    System(
        name="synthesis.beam_flow",
        kind="synthesis",
        title="Generator",
        pipeline="EchoSynthLib.synthesis.beam_flow.pipeline:BeamFlowPipeline",
        runtime="onnx",
        task="synthesize",
        torch_pipeline="EchoSynthLib.synthesis.beam_flow.export:torch_pipeline",
        recipe="EchoSynthLib.synthesis.beam_flow.recipe:train",
        trains={"beam-flow": {}},
        options=("steps", "quality"),
        live=True,
        process="flow-map",
    ),
    System(  # Stojanovski et al. 2024 (arXiv 2409.19371)
        name="synthesis.diffusion",
        kind="synthesis",
        title="Generator, diffusion",
        pipeline="EchoSynthLib.synthesis.diffusion.pipeline:DiffusionGenerator",
        runtime="torch",
        task="synthesize",
        recipe="EchoSynthLib.synthesis.diffusion.recipe:train",
        trains={
            "sdm": {"model": "SDM"},
            "vp": {"model": "VP"},
            "ve": {"model": "VE"},
            "edm": {"model": "EDM"},
            "edm-l128": {"model": "EDM-L128", "autoencoder": "gamma-l128"},
            "edm-l64": {"model": "EDM-L64", "autoencoder": "gamma-l64"},
        },
        presets=("small", "paper"),
        distributed=True,
        solvers="EchoSynthLib.synthesis.diffusion.recipe:solvers",
        options=("steps", "solver"),
    ),
    System(
        name="synthesis.gamma_latent",
        kind="autoencoder",
        title="Autoencoder",
        pipeline="EchoSynthLib.synthesis.gamma_latent.autoencoder:GammaAutoencoder",
        runtime="torch",
        recipe="EchoSynthLib.synthesis.gamma_latent.recipe:train",
        trains={"gamma-l128": {"latent": "L128"}, "gamma-l64": {"latent": "L64"}},
        presets=("small", "paper"),
        distributed=True,
    ),
)


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
        recipe = _named(self.system.recipe, "Training")
        trained: Path = recipe(replace(run, name=self.name).placed(), **choices, **self.arguments)
        return trained

    def solvers(self, preset: str) -> tuple[str, ...]:
        """The solvers that the model will have a choice of, told before it is trained.

        Raises:
            EchoSynthError: a package that training needs is not installed.
        """
        if not self.system.solvers:
            return ()
        return tuple(_named(self.system.solvers, "Training")(preset=preset, **self.arguments))


RECIPES: Mapping[str, Recipe] = {
    name: Recipe(name, system, arguments) for system in SYSTEMS for name, arguments in system.trains.items()
}
"""All that `echosynth train` makes, by name."""


def offered() -> dict[str, str]:
    """The functions that systems offer to Python users, each with the module that has it."""
    return {name: f"EchoSynthLib.{system.name.partition('.')[0]}" for system in SYSTEMS for name in system.offers}


def system_of(model: zoo.ModelFolder) -> System | None:
    """The system that a model is of; None where this version knows none of that name."""
    return next((system for system in SYSTEMS if system.name == model.config.get("system")), None)


def kind_of(model: zoo.ModelFolder) -> str:
    """What a model is for; '' where this version does not know its system."""
    system = system_of(model)
    return system.kind if system is not None else ""


def models_of(kind: str) -> list[zoo.ModelFolder]:
    """The models of a kind, shipped ones first; see `zoo.list_models`."""
    return [model for model in zoo.list_models() if kind_of(model) == kind]


def find_model(name: str, kind: str, what: str) -> zoo.ModelFolder:
    """The model of that name, each of its files verified, for `what`, which needs one of that kind.

    Raises:
        InputError: it is of another kind.
        ModelError: there is none of that name, or a file is not what SHA256SUMS says.
    """
    return _find(name, lambda system: system.kind == kind, f"a model for {kind}", what)


def find_view_teller(name: str, what: str) -> zoo.ModelFolder:
    """As `find_model`, a model that tells views, of whatever kind."""
    return _find(name, lambda system: system.tells_view, "a model that tells views", what)


def _find(name: str, serves: Callable[[System], bool], wanted: str, what: str) -> zoo.ModelFolder:
    model = zoo.find(name)
    system = system_of(model)
    if system is None or not serves(system):
        rows = ((other.name, system_of(other)) for other in zoo.list_models())
        known = ", ".join(other for other, row in rows if row is not None and serves(row)) or "none"
        raise InputError(
            f"{what} needs {wanted}, and {name!r} is one for {kind_of(model) or 'what this version does not know'}; "
            f"give the name of such a model: there are {known}, see `echosynth models`."
        )
    return model


def load_pipeline(model: zoo.ModelFolder | str | Path, *, threads: int | None = None, device: str = "cpu") -> Any:
    """The pipeline of a model, loaded once for each content of its folder.

    Args:
        model: a model's name, the path of its folder (as a text with a separator in it, './mine'), or what the zoo
            tells of it; every file is verified.
        threads: of one call, where onnxruntime runs it; None for all cores. With 1, calls may run side by side.
        device: where torch runs it, as torch calls it; or 'auto'. Any other than 'cpu' has no effect on a model that
            onnxruntime runs, and a `UserWarning` says so.

    Raises:
        InputError: threads that there are not, or a device that is no text.
        ModelError: the model is missing, damaged, has a config.json that its system can make nothing of, or is of a
            system that this version does not know.
        EchoSynthError: it runs in torch, and this is not installed.
    """
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise InputError(f"threads is a whole number from 1, or None for all cores; given was {threads!r}.")
    if not isinstance(model, zoo.ModelFolder):
        if isinstance(model, str) and not {"/", os.sep}.isdisjoint(model):  # no name has one
            model = Path(model)
        model = zoo.open_folder(model) if isinstance(model, Path) else zoo.find(model)
    system = _known_system(model)
    for text in told_of_device(model, device):
        warnings.warn(text, stacklevel=2)
    how = (("threads", threads),) if system.runtime == "onnx" else (("device", device),)
    # Of two threads that ask at once, the second waits for what the first one loads.
    with _loading:
        return _kept[system.runtime](system.pipeline, model.path, model.content, how)


def told_of_device(model: zoo.ModelFolder, device: str) -> list[str]:
    """That a device has no effect on a model, which runs in onnxruntime; nothing where it has one, or is the CPU.

    Raises:
        InputError: it is no text.
    """
    if not isinstance(device, str):
        raise InputError(
            f"A device is called as torch calls it, such as 'cpu' or 'cuda', or 'auto'; given was {device!r:.120}."
        )
    system = system_of(model)
    if system is None or system.runtime == "torch" or device in ("auto", "cpu"):
        return []
    return [f"the device {device!r} has no effect: the model {model.name!r} runs in onnxruntime, on the CPU"]


def load_torch_pipeline(model: zoo.ModelFolder, device: str = "cpu") -> Any:
    """The pipeline with its networks run by torch, whatever the system's run-time; to look into them, or to compare.

    Raises:
        ModelError: torch cannot run it; and as `load_pipeline`.
    """
    system = _known_system(model)
    if system.runtime == "torch":
        return load_pipeline(model, device=device)
    if not system.torch_pipeline:
        raise ModelError(
            f"The model {model.name!r} is run by onnxruntime alone: its system {system.name} has no `torch_pipeline` "
            "in its row. Take a model that torch can run."
        )
    make = _named(system.torch_pipeline, f"Running {model.name!r} in torch")
    return make(model.path, model.config)


def _known_system(model: zoo.ModelFolder) -> System:
    system = system_of(model)
    if system is None:
        raise ModelError(
            f"The model {model.name!r} is of the system {model.config.get('system')!r}, which this version does not "
            f"know; it knows {', '.join(system.name for system in SYSTEMS)}. Update EchoSynth."
        )
    return system


def _load(place: str, folder: Path, content: str, how: tuple[tuple[str, Any], ...]) -> Any:
    model = zoo.open_folder(folder)
    pipeline = _named(place, f"The model {model.name!r}")
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
_kept = {"onnx": lru_cache(maxsize=8)(_load), "torch": lru_cache(maxsize=2)(_load)}
_loading = RLock()  # a pipeline may stand on another one


def _named(place: str, what: str) -> Any:
    """What "module:name" names; `what` needs it."""
    module, _, name = place.partition(":")
    with needs("full", what):
        return getattr(import_module(module), name)
