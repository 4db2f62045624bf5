"""Model folders: find, verify, list, import, remove. Standard library only; no pickle is ever read.

A model is a folder of config.json, *.safetensors, mostly *.onnx, README.md (its card) and SHA256SUMS, which covers all
files. A diffusion model has a sub-folder for each of its networks. The shipped ones lie in Resources/Models; imported
ones in ~/.echosynth/models, or where ECHOSYNTH_MODELS points.
"""

from EchoSynthLib.zoo.checksums import CHECKSUMS, Signature, stays_inside, verify, write_checksums
from EchoSynthLib.zoo.folders import (
    CARD,
    WEIGHTS,
    ModelFolder,
    content_of,
    find,
    has,
    list_models,
    look,
    open_folder,
    shipped_models,
    user_models,
)
from EchoSynthLib.zoo.importing import import_folder, remove

__all__ = [
    "CARD",
    "CHECKSUMS",
    "WEIGHTS",
    "ModelFolder",
    "Signature",
    "content_of",
    "find",
    "has",
    "import_folder",
    "list_models",
    "look",
    "open_folder",
    "remove",
    "shipped_models",
    "stays_inside",
    "user_models",
    "verify",
    "write_checksums",
]
