"""Read the folder of a diffusion model: `model_index.json`, and a folder for each of its components."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from diffusers import DiffusionPipeline, ModelMixin
from diffusers.utils import is_accelerate_available
from torch import nn

from EchoSynthLib.errors import ModelError
from EchoSynthLib.networks.diffusion.processes.base import Process
from EchoSynthLib.zoo import stays_inside

ROOMS = ("EchoSynthLib.networks.", "EchoSynthLib.synthesis.")
"""Where our own components are defined; no other module is imported because a file says so."""
MOVED = ("EchoSynthLib.synthesis.diffusion.processes.", "EchoSynthLib.networks.diffusion.processes.")
"""Where model folders of earlier versions say that processes are, and where they are."""


def load_arguments(folder: Path, pipeline: type[DiffusionPipeline], **options: Any) -> dict[str, Any]:
    """What a pipeline's class is called with to make that of the folder: its components loaded, and its settings.

    diffusers' own loader knows only classes whose base class stands in the same module, and imports no module of ours.

    Args:
        folder: written by `save_pretrained`.
        pipeline: the class that the folder must be of.
        options: such as torch_dtype; for the networks.

    Raises:
        ModelError: there is no such model, or it is not whole.
    """
    index = _read_index(folder / pipeline.config_name, pipeline.__name__)
    arguments = {name: value for name, value in index.items() if not name.startswith("_")}
    for name, value in arguments.items():
        if isinstance(value, list) and len(value) == 2:
            arguments[name] = _load_component(_inside(folder, name), *value, **options)
    return arguments


def _read_index(path: Path, expected: str) -> dict[str, Any]:
    index = _read_json(path)
    if index.get("_class_name") != expected:
        raise ModelError(f"{path} is of a {index.get('_class_name')}, not of a {expected}.")
    return index


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path.parent} is no diffusion model: {path.name} cannot be read ({error}).") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path.parent} is no diffusion model: {path.name} holds a {type(found).__name__}, no object.")
    return found


def _inside(folder: Path, name: str) -> Path:
    """The folder of a component; ModelError where names, links or lists of weights lead to another model's."""
    path, root = folder / name, folder.resolve()
    if stays_inside(name) and path.resolve().parent == root:
        entries = [path, *path.rglob("*")]
        lists = [_read_json(entry) for entry in entries if entry.name.endswith(".index.json")]
        named = [str(file) for shards in lists for file in dict(shards.get("weight_map", {})).values()]
        if all(entry.resolve().is_relative_to(root) for entry in entries) and all(map(stays_inside, named)):
            return path
    raise ModelError(
        f"The component {name!r} of {folder} leads out of the model folder; it has to lie in it. Get the model anew."
    )


def _load_component(folder: Path, module: str | None, name: str | None, **options: Any) -> Any:
    if module is None or name is None:
        return None
    module = module.replace(*MOVED)
    # A file only names a class: of ours, or of a module that the caller has imported.
    if module.startswith(ROOMS):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("EchoSynthLib"):
                raise
    found = getattr(sys.modules.get(module), name, None)
    if not (isinstance(found, type) and issubclass(found, ModelMixin | Process)):
        raise ModelError(f"The {folder.name} of {folder.parent} is a {module}.{name}; import that module first.")
    if not folder.is_dir():
        raise ModelError(f"The model folder {folder.parent} lacks the folder {folder.name}; get the model anew.")
    # By its whole path, and locally: "model/network" could be the name of somebody's model on a hub as well.
    path, local = str(folder.resolve()), {"local_files_only": True}
    try:
        if issubclass(found, Process):
            return found.from_pretrained(path, **local)
        options = {"low_cpu_mem_usage": is_accelerate_available(), **options, "use_safetensors": True, **local}
        network: nn.Module = found.from_pretrained(path, **options)
    except OSError as error:
        raise ModelError(f"The {folder.name} of {folder.parent} cannot be read: {error}") from error
    return network.eval()
