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
from pathlib import Path
from typing import Any

from EchoSynthLib import zoo
from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.system import (
    CAMUS_FILE,
    COHORT_FOLDER,
    ECHONET_FOLDER,
    FOLDER_OF_CINES,
    FOLDER_OF_EXPERTS,
    KEPT,
    LABELED_FRAMES,
    LOADING,
    Recipe,
    System,
    named,
)

SYSTEMS: tuple[System, ...] = (
    System(  # Bransby et al. 2024 (arXiv 2406.19148)
        name="classification.backmix",
        kind="classes",
        title="Classifier of frames",
        pipeline="EchoSynthLib.classification.backmix.pipeline:BackMixPipeline",
        runtime="onnx",
        torch_pipeline="EchoSynthLib.classification.backmix.export:torch_pipeline",
        recipe="EchoSynthLib.classification.backmix.recipe:train",
        reads=(LABELED_FRAMES,),
        trains={"backmix": {}, "wbackmix": {"mu": "2", "masked": "0.05"}},
        presets=("small", "paper"),
    ),
    System(  # Bransby et al. 2024 (arXiv 2407.21577)
        name="classification.experts",
        kind="experts",
        title="Experts of several sites",
        pipeline="EchoSynthLib.classification.experts.pipeline:ExpertsPipeline",
        runtime="onnx",
        task="experts",
        torch_pipeline="EchoSynthLib.classification.experts.export:torch_pipeline",
        recipe="EchoSynthLib.classification.experts.recipe:train",
        reads=(LABELED_FRAMES, FOLDER_OF_EXPERTS),
        trains={"expert": {"part": "expert"}, "experts": {"part": "fused"}},
        presets=("small", "paper"),
    ),
    System(
        name="segmentation.unet",
        kind="segmentation",
        title="Segmenter",
        pipeline="EchoSynthLib.segmentation.unet.pipeline:SegmenterPipeline",
        runtime="onnx",
        task="segment",
        torch_pipeline="EchoSynthLib.segmentation.unet.export:torch_pipeline",
        recipe="EchoSynthLib.segmentation.unet.recipe:train",
        trains={"segmenter": {}, "segmenter-other-machines": {"start": "segmenter"}},
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
    System(  # the network of its preset `paper`: Bransby et al. 2024 (arXiv 2406.19148)
        name="classification.views",
        kind="classification",
        title="Views",
        pipeline="EchoSynthLib.classification.views.pipeline:ViewPipeline",
        runtime="onnx",
        task="classify-view",
        torch_pipeline="EchoSynthLib.classification.views.export:torch_pipeline",
        recipe="EchoSynthLib.classification.views.recipe:train",
        trains={"views": {}},
        presets=("small", "paper"),
        tells_view=True,
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
        reads=(CAMUS_FILE, COHORT_FOLDER),
        trains={
            "motion": {"supervision": "labels"},
            "motion-unsupervised": {"supervision": "none"},
            "motion-volumes": {"pictures": "volumes"},
        },
        offers=("register", "warp", "track", "propagate"),
    ),
    System(  # Reynaud et al. 2024 (arXiv 2406.00808), part 3
        name="privacy.reidentification",
        kind="privacy",
        title="Privacy",
        pipeline="EchoSynthLib.privacy.reidentification.pipeline:ReidentificationPipeline",
        runtime="onnx",
        task="privacy",
        torch_pipeline="EchoSynthLib.privacy.reidentification.export:torch_pipeline",
        recipe="EchoSynthLib.privacy.reidentification.recipe:train",
        reads=(CAMUS_FILE, ECHONET_FOLDER),
        trains={"reidentification": {}},
        presets=("small", "paper"),
        offers=("check_privacy",),
    ),
    System(  # Reynaud et al. 2024 (arXiv 2406.00808), part 5; the network of `paper`: Tran et al. 2018
        name="regression.ejection_fraction",
        kind="regression",
        title="Ejection fraction",
        pipeline="EchoSynthLib.regression.ejection_fraction.pipeline:EjectionPipeline",
        runtime="onnx",
        task="ejection-fraction",
        torch_pipeline="EchoSynthLib.regression.ejection_fraction.export:torch_pipeline",
        recipe="EchoSynthLib.regression.ejection_fraction.recipe:train",
        reads=(ECHONET_FOLDER,),
        trains={"ejection-fraction": {}},
        presets=("small", "paper"),
    ),
    System(
        name="reconstruction.fit",
        kind="reconstruction",
        title="Heart in 3D, fitted",
        pipeline="EchoSynthLib.reconstruction.fit.pipeline:FitPipeline",
        runtime="onnx",
        task="reconstruct",
        recipe="EchoSynthLib.reconstruction.fit.recipe:train",
        reads=(COHORT_FOLDER,),
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
        reads=(COHORT_FOLDER,),
        trains={"heart3d-voxels": {"head": "structures"}, "heart3d-tissue": {"head": "tissue"}},
        presets=("small", "paper"),
    ),
    System(  # Kerdegari et al. 2023 (arXiv 2306.04739)
        name="retrieval.contrastive",
        kind="retrieval",
        title="Same view",
        pipeline="EchoSynthLib.retrieval.contrastive.pipeline:ContrastivePipeline",
        runtime="onnx",
        task="retrieve",
        torch_pipeline="EchoSynthLib.retrieval.contrastive.export:torch_pipeline",
        recipe="EchoSynthLib.retrieval.contrastive.recipe:train",
        trains={"retrieval": {}, "retrieval-labels": {"loss": "labels"}},
        presets=("small", "paper"),
        offers=("retrieve",),
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
    System(  # Reynaud et al. 2023 (arXiv 2303.12644): their task, by motion in place of pixels
        name="synthesis.beating",
        kind="animation",
        title="Beating heart",
        pipeline="EchoSynthLib.synthesis.beating.pipeline:BeatingPipeline",
        runtime="onnx",
        task="animate",
        recipe="EchoSynthLib.synthesis.beating.recipe:train",
        trains={"beating": {"registrar": "motion", "generator": "beam-flow", "segmenter": "segmenter"}},
        options=("correct",),
        live=True,
        process="motion",
    ),
    System(  # Reynaud et al. 2023 (arXiv 2303.12644)
        name="synthesis.video_diffusion",
        kind="animation",
        title="Beating heart, diffusion",
        pipeline="EchoSynthLib.synthesis.video_diffusion.pipeline:CascadePipeline",
        runtime="torch",
        task="animate",
        recipe="EchoSynthLib.synthesis.video_diffusion.recipe:train",
        reads=(FOLDER_OF_CINES,),
        trains={
            "cascade-1scm": {"cascade": "1SCM", "labeler": "segmenter"},
            "cascade-2scm": {"cascade": "2SCM", "labeler": "segmenter"},
            "cascade-4scm": {"cascade": "4SCM", "labeler": "segmenter"},
        },
        presets=("small", "paper"),
        options=("best_of",),
        process="edm",
    ),
    System(  # Reynaud et al. 2024 (arXiv 2406.00808), parts 1, 2 and 4
        name="synthesis.latent_video",
        kind="animation",
        title="Beating heart, latent diffusion",
        pipeline="EchoSynthLib.synthesis.latent_video.pipeline:LatentVideoPipeline",
        runtime="torch",
        task="animate",
        recipe="EchoSynthLib.synthesis.latent_video.recipe:train",
        reads=(ECHONET_FOLDER,),
        trains={"latent-video": {"labeler": "segmenter", "privacy": "reidentification"}},
        presets=("small", "paper"),
        options=("best_of",),
        process="flow",
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
    with LOADING:
        return KEPT[system.runtime](system.pipeline, model.path, model.content, how)


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
    make = named(system.torch_pipeline, f"Running {model.name!r} in torch")
    return make(model.path, model.config)


def _known_system(model: zoo.ModelFolder) -> System:
    system = system_of(model)
    if system is None:
        raise ModelError(
            f"The model {model.name!r} is of the system {model.config.get('system')!r}, which this version does not "
            f"know; it knows {', '.join(system.name for system in SYSTEMS)}. Update EchoSynth."
        )
    return system
