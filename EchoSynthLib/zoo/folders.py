"""Model folders on disk: which there are, what each says of itself, and the one of a name."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.errors import ModelError
from EchoSynthLib.files import reason
from EchoSynthLib.zoo.checksums import CHECKSUMS, Signature, read_checksums, signed, verify_once

WEIGHTS = "model.safetensors"
CARD = "README.md"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class ModelFolder:
    """A model on disk.

    Attributes:
        config: what config.json holds; empty where `problem` says that it cannot be read.
        sha256: of the weights: model.safetensors as SHA256SUMS gives it, else of its lines for all *.safetensors; of
            config.json where a model has no other numbers.
        shipped: came with EchoSynth, not imported by the user.
        content: sum of all that a pipeline is built from: config, graphs, weights, and not the card.
        problem: why the model cannot be used; empty where nothing is known against it.
    """

    path: Path
    name: str
    config: dict[str, Any]
    sha256: str
    shipped: bool
    content: str = ""
    problem: str = ""


def user_models() -> Path:
    """Where imported models lie: $ECHOSYNTH_MODELS, else ~/.echosynth/models."""
    chosen = os.environ.get("ECHOSYNTH_MODELS", "").strip()
    return Path(chosen).expanduser() if chosen else Path.home() / ".echosynth" / "models"


def shipped_models() -> Path:
    """Where the models that came with EchoSynth lie, in an installed package or in the repository."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "Resources" / "Models"
    return installed if installed.is_dir() else package.parent / "Resources" / "Models"


def find(name: str) -> ModelFolder:
    """The model of that name, each of its files verified.

    Raises:
        ModelError: the name is not one, there is no such model, or a file is not what SHA256SUMS says.
    """
    return open_folder(_locate(name))


def open_folder(path: Path) -> ModelFolder:
    """The model of a folder anywhere, each of its files verified.

    Raises:
        ModelError: the folder holds no model, or a file is not what SHA256SUMS says.
    """
    folder = Path(path)
    return _opened(folder, signed(folder))


def has(name: str) -> bool:
    """Whether there is a model of that name, sound or not."""
    return any((root / name).is_dir() for root in _roots())


def look(name: str) -> ModelFolder | None:
    """The model of that name as `list_models` has it, its files not verified; None where there is none."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return None
    return next((_read_or_problem(root / name) for root in _roots() if (root / name).is_dir()), None)


def list_models() -> list[ModelFolder]:
    """All models, shipped ones first; files are not verified, and what cannot be read is listed with its `problem`."""
    models: dict[str, ModelFolder] = {}
    for root in _roots():
        for path in folders_in(root):
            if NAME.fullmatch(path.name):
                models.setdefault(path.name, _read_or_problem(path))
    return list(models.values())


def content_of(folder: Path) -> str:
    """The sum of all that a pipeline is built from, by SHA256SUMS: of every file but the card.

    Raises:
        ModelError: the folder has no SHA256SUMS that can be read.
    """
    return sha256_of_json(sorted([name, value] for name, value in read_checksums(folder).items() if name != CARD))


def read(folder: Path) -> ModelFolder:
    """What a model folder says of itself; the files are not verified.

    Raises:
        ModelError: config.json or SHA256SUMS cannot be read.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{folder / 'config.json'} cannot be read: {reason(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{folder / 'config.json'} cannot be read ({error}); get the model anew.") from error
    if not isinstance(config, dict):
        raise ModelError(f"{folder / 'config.json'} holds {type(config).__name__}, not an object; get the model anew.")
    shipped = folder.parent == shipped_models()
    return ModelFolder(folder, folder.name, config, _weights_sum(folder), shipped, content_of(folder))


def check_name(name: str) -> str:
    """The name, where a model may be called so.

    Raises:
        ModelError: it is none.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name) or name.endswith("."):
        raise ModelError(
            f"{name!r} is not a model's name; one is made of letters, digits, '.', '_' and '-', and is no path. "
            "To use a folder elsewhere, import it: Import... in EchoModels, or echosynth models import FOLDER"
        )
    return name


def is_folder(path: Path) -> bool:
    """Whether there is such a folder.

    Raises:
        ModelError: that cannot be told.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ModelError(f"The folder of models {path} cannot be read: {reason(error)}.") from error


def folders_in(root: Path) -> list[Path]:
    """The folders in a folder of models, sorted; none where there is no such folder."""
    if not is_folder(root):
        return []
    try:
        return sorted(path for path in root.iterdir() if is_folder(path))
    except OSError as error:
        raise ModelError(f"The folder of models {root} cannot be read: {reason(error)}.") from error


def _roots() -> tuple[Path, Path]:
    return shipped_models(), user_models()


def _locate(name: str) -> Path:
    check_name(name)
    for root in _roots():
        if is_folder(root / name):
            return root / name
    known = ", ".join(model.name for model in list_models()) or "none"
    raise ModelError(
        f"There is no model {name!r}; there are: {known}. Import one in EchoModels, or by `echosynth models import`."
    )


def _weights_sum(folder: Path) -> str:
    sums = read_checksums(folder)
    if WEIGHTS in sums:
        return sums[WEIGHTS]
    # Several files; `grep safetensors SHA256SUMS | sha256sum` tells the same.
    lines = [f"{value}  {name}\n" for name, value in sorted(sums.items()) if name.endswith(".safetensors")]
    if not lines and "config.json" in sums:  # a few numbers, which it holds itself
        return sums["config.json"]
    if not lines:
        raise ModelError(f"{folder / CHECKSUMS} has no line for {WEIGHTS} or config.json; get the model anew.")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@lru_cache(maxsize=64)
def _opened(folder: Path, signature: Signature) -> ModelFolder:
    verify_once(folder, signature)
    return read(folder)


def _read_or_problem(folder: Path) -> ModelFolder:
    # Panels ask at each change of a slider.
    return _read_once(folder, _status(folder / "config.json"), _status(folder / CHECKSUMS))


@lru_cache(maxsize=64)
def _read_once(folder: Path, *status: tuple[int, ...]) -> ModelFolder:
    try:
        return read(folder)
    except ModelError as error:
        return ModelFolder(folder, folder.name, {}, "", folder.parent == shipped_models(), problem=str(error))


def _status(path: Path) -> tuple[int, ...]:
    """What is another after each change of a file; () where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
