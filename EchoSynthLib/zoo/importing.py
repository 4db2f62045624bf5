"""The user's own models: one comes in as a verified copy, and goes."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from EchoSynthLib.errors import ModelError, OutputError
from EchoSynthLib.files import unreadable
from EchoSynthLib.outputs import OutputFolder, remove_folder
from EchoSynthLib.zoo import folders
from EchoSynthLib.zoo.checksums import CHECKSUMS, verify

# What Windows opens in place of a file of such a name, whatever its suffix.
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


def import_folder(path: Path) -> folders.ModelFolder:
    """Copies a model folder into the user's models, under its own name; the copy is verified before it gets that name.

    Raises:
        InputError: the folder may not be read.
        ModelError: the folder is not a sound model, or its name is taken.
        OutputError: the user's models folder cannot be written.
    """
    source = Path(path).expanduser()
    name = folders.check_name(source.resolve().name)
    if name.split(".")[0].upper() in _DEVICES:
        raise ModelError(f"Windows takes {name!r} for a device, so no model is called so; rename the folder {source}.")
    if os.path.lexists(folders.shipped_models() / name) or os.path.lexists(folders.user_models() / name):
        raise ModelError(
            f"There is a model {name!r} already; rename the folder {source}, or remove the other model first."
        )
    try:
        if not folders.is_folder(source):
            raise ModelError(
                f"{source} is not a folder; a model is a folder of config.json, *.safetensors and {CHECKSUMS}."
            )
        verify(source)
    except ModelError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise unreadable(source, cause) from cause
        raise
    try:
        _copy_verified(source, folders.user_models() / name)
    except OutputError as error:
        raise OutputError(
            f"The model {name!r} was not imported: {error} ECHOSYNTH_MODELS may point to another folder."
        ) from error
    except OSError as error:
        raise ModelError(f"The model folder {source} cannot be read ({error.strerror or error}).") from error
    return folders.read(folders.user_models() / name)


def remove(name: str) -> None:
    """Removes an imported model. Shipped models, and anything outside the user's models folder, are never touched.

    Raises:
        ModelError: the name is not one, or no imported model has it.
        OutputError: the folder cannot be removed.
    """
    folder = folders.user_models() / folders.check_name(name)
    if not folders.is_folder(folder):
        shipped = folders.is_folder(folders.shipped_models() / name)
        why = (
            "it came with EchoSynth and stays"
            if shipped
            else f"no imported model has that name ({_names(folder.parent)})"
        )
        raise ModelError(f"The model {name!r} cannot be removed: {why}.")
    try:
        if folder.is_symlink():
            folder.unlink()
            return
        remove_folder(folder)
    except OSError as error:
        raise OutputError(f"The model folder {folder} cannot be removed ({error.strerror or error}).") from error


def _names(root: Path) -> str:
    names = [path.name for path in folders.folders_in(root) if folders.NAME.fullmatch(path.name)]
    return "there are: " + ", ".join(names) if names else "there is none"


def _copy_verified(source: Path, target: Path) -> None:
    # The folder of all models stays, whatever becomes of this one; why it cannot be is told below.
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
    with OutputFolder(target.parent) as hidden:
        shutil.copytree(source, hidden / target.name, symlinks=True)
        verify(hidden / target.name)
        folders.read(hidden / target.name)
