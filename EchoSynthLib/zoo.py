"""Model folders: find, verify, list, import, remove. Standard library only; no pickle is ever read.

A model is a folder of config.json, *.safetensors, mostly *.onnx, README.md (its card) and SHA256SUMS, which covers all
files. A diffusion model has a sub-folder for each of its networks. The shipped ones lie in Resources/Models; imported
ones in ~/.echosynth/models, or where ECHOSYNTH_MODELS points.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.errors import ModelError, OutputError
from EchoSynthLib.files import reason, unreadable
from EchoSynthLib.outputs import OutputFolder, remove_folder, replacing

CHECKSUMS = "SHA256SUMS"
WEIGHTS = "model.safetensors"
CARD = "README.md"
Signature = tuple[tuple[str, int, int, int, int], ...]
"""Of each file and folder in a model folder: path, size, times of the last change of content and of status, inode."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".npy", ".npz", ".mar", ".h5", ".keras"}


@dataclass(frozen=True)
class ModelFolder:
    """A model on disk.

    Attributes:
        config: what config.json holds; empty where `problem` says that it cannot be read.
        sha256: of the weights: model.safetensors as SHA256SUMS gives it, else of its lines for all *.safetensors.
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
    package = Path(__file__).resolve().parent
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
    return _opened(folder, _signed(folder))


def has(name: str) -> bool:
    """Whether there is a model of that name, sound or not."""
    return any((root / name).is_dir() for root in _roots())


def look(name: str) -> ModelFolder | None:
    """The model of that name as `list_models` has it, its files not verified; None where there is none."""
    if not _NAME.fullmatch(name):
        return None
    return next((_read_or_problem(root / name) for root in _roots() if (root / name).is_dir()), None)


def list_models() -> list[ModelFolder]:
    """All models, shipped ones first; files are not verified, and what cannot be read is listed with its `problem`."""
    models: dict[str, ModelFolder] = {}
    for root in _roots():
        for path in _folders(root):
            if _NAME.fullmatch(path.name):
                models.setdefault(path.name, _read_or_problem(path))
    return list(models.values())


def verify(folder: Path) -> None:
    """Compares every file of a model folder with its SHA256SUMS; an unchanged folder is not read a second time.

    Raises:
        ModelError: names the file, the sum expected and the one found; or the file that is missing or not listed.
    """
    folder = Path(folder)
    _verify_once(folder, _signed(folder))


def import_folder(path: Path) -> ModelFolder:
    """Copies a model folder into the user's models, under its own name; the copy is verified before it gets that name.

    Raises:
        InputError: the folder may not be read.
        ModelError: the folder is not a sound model, or its name is taken.
        OutputError: the user's models folder cannot be written.
    """
    source = Path(path).expanduser()
    name = _check_name(source.resolve().name)
    if os.path.lexists(shipped_models() / name) or os.path.lexists(user_models() / name):
        raise ModelError(
            f"There is a model {name!r} already; rename the folder {source}, or remove the other model first."
        )
    try:
        if not _is_folder(source):
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
        _copy_verified(source, user_models() / name)
    except OutputError as error:
        raise OutputError(
            f"The model {name!r} was not imported: {error} ECHOSYNTH_MODELS may point to another folder."
        ) from error
    except OSError as error:
        raise ModelError(f"The model folder {source} cannot be read ({error.strerror or error}).") from error
    return _read(user_models() / name)


def remove(name: str) -> None:
    """Removes an imported model. Shipped models, and anything outside the user's models folder, are never touched.

    Raises:
        ModelError: the name is not one, or no imported model has it.
        OutputError: the folder cannot be removed.
    """
    folder = user_models() / _check_name(name)
    if not _is_folder(folder):
        shipped = _is_folder(shipped_models() / name)
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


def write_checksums(folder: Path) -> Path:
    """Writes SHA256SUMS for all files of a model folder, the last step of making one; returns its path.

    Raises:
        ModelError: the folder holds a file that could be a pickle, a link, or no weights.
    """
    folder = Path(folder)
    files = _files(folder)
    _refuse_foreign(folder, files)
    if not any(path.suffix == ".safetensors" for path in files):
        raise ModelError(f"The model folder {folder} holds no *.safetensors; write the weights before their checksums.")
    names = {path.relative_to(folder).as_posix(): path for path in files if path != folder / CHECKSUMS}
    lines = [f"{_sha256(path)}  {name}\n" for name, path in sorted(names.items())]
    with replacing(folder / CHECKSUMS) as partial:
        partial.write_text("".join(lines), encoding="utf-8", newline="\n")
    return folder / CHECKSUMS


def _roots() -> tuple[Path, Path]:
    return shipped_models(), user_models()


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise ModelError(
            f"{name!r} is not a model's name; one is made of letters, digits, '.', '_' and '-', and is no path. "
            "To use a folder elsewhere, import it: echosynth models import FOLDER"
        )
    return name


def _locate(name: str) -> Path:
    _check_name(name)
    for root in _roots():
        if _is_folder(root / name):
            return root / name
    known = ", ".join(model.name for model in list_models()) or "none"
    raise ModelError(
        f"There is no model {name!r} in {shipped_models()} or {user_models()}; there are: {known}. "
        "`echosynth models import FOLDER` adds one."
    )


def _names(root: Path) -> str:
    names = [path.name for path in _folders(root) if _NAME.fullmatch(path.name)]
    return "there are: " + ", ".join(names) if names else "there is none"


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ModelError(f"The folder of models {path} cannot be read: {reason(error)}.") from error


def _folders(root: Path) -> list[Path]:
    """The folders in a folder of models, sorted; none where there is no such folder."""
    if not _is_folder(root):
        return []
    try:
        return sorted(path for path in root.iterdir() if _is_folder(path))
    except OSError as error:
        raise ModelError(f"The folder of models {root} cannot be read: {reason(error)}.") from error


def _read(folder: Path) -> ModelFolder:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{folder / 'config.json'} cannot be read: {reason(error)}.") from error
    except ValueError as error:
        raise ModelError(f"{folder / 'config.json'} cannot be read ({error}); get the model anew.") from error
    if not isinstance(config, dict):
        raise ModelError(f"{folder / 'config.json'} holds {type(config).__name__}, not an object; get the model anew.")
    shipped = folder.parent == shipped_models()
    return ModelFolder(folder, folder.name, config, _weights_sum(folder), shipped, content_of(folder))


def _weights_sum(folder: Path) -> str:
    sums = _checksums(folder)
    if WEIGHTS in sums:
        return sums[WEIGHTS]
    # Several files; `grep safetensors SHA256SUMS | sha256sum` tells the same.
    lines = [f"{value}  {name}\n" for name, value in sorted(sums.items()) if name.endswith(".safetensors")]
    if not lines:
        raise ModelError(f"{folder / CHECKSUMS} has no line for {WEIGHTS} or other weights; get the model anew.")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read_or_problem(folder: Path) -> ModelFolder:
    # Panels ask at each change of a slider.
    return _read_once(folder, _status(folder / "config.json"), _status(folder / CHECKSUMS))


@lru_cache(maxsize=64)
def _read_once(folder: Path, *status: tuple[int, ...]) -> ModelFolder:
    try:
        return _read(folder)
    except ModelError as error:
        return ModelFolder(folder, folder.name, {}, "", folder.parent == shipped_models(), problem=str(error))


def content_of(folder: Path) -> str:
    """The sum of all that a pipeline is built from, by SHA256SUMS: of every file but the card.

    Raises:
        ModelError: the folder has no SHA256SUMS that can be read.
    """
    return sha256_of_json(sorted([name, value] for name, value in _checksums(folder).items() if name != CARD))


def _checksums(folder: Path) -> dict[str, str]:
    path = folder / CHECKSUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The model folder {folder} has no readable {CHECKSUMS} "
            f"({reason(error) if isinstance(error, OSError) else error}); get the model anew."
        ) from error
    sums: dict[str, str] = {}
    for line in filter(str.strip, lines):
        match = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](.+)", line)
        if match is None or not stays_inside(match[2]):
            raise ModelError(
                f"{path} has a line that is no checksum of a file in the folder: {line!r:.120}; get the model anew."
            )
        sums[match[2]] = match[1].lower()
    return sums


def stays_inside(name: str) -> bool:
    """Whether a relative name, such as a file of a model names another by, stays in its folder on every system."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name


@lru_cache(maxsize=64)
def _verify_once(folder: Path, signature: Signature) -> None:
    expected = _checksums(folder)
    files = _files(folder)
    _refuse_foreign(folder, files)
    for name, wanted in expected.items():
        path = folder / name
        try:
            found = _sha256(path)
        except FileNotFoundError as error:
            raise ModelError(
                f"The model folder {folder} lacks {name}, which its {CHECKSUMS} lists; get the model anew."
            ) from error
        if found != wanted:
            raise ModelError(
                f"{path} is not the file it should be: SHA-256 expected {wanted}, found {found}; get the model anew."
            )
    for path in files:
        name = path.relative_to(folder).as_posix()
        if name not in expected and name != CHECKSUMS:
            raise ModelError(f"{path} is not listed in {CHECKSUMS} of its model; remove it, or get the model anew.")


@lru_cache(maxsize=64)
def _opened(folder: Path, signature: Signature) -> ModelFolder:
    _verify_once(folder, signature)
    return _read(folder)


def _signed(folder: Path) -> Signature:
    """What tells whether any file of a model folder has changed since; asked for at each call of a model."""
    try:
        if not folder.is_dir():
            raise ModelError(f"{folder} is not a model folder: there is no such folder.")
        paths = [os.path.join(root, name) for root, folders, names in os.walk(folder) for name in (*folders, *names)]
        status = [(path, os.lstat(path)) for path in sorted(paths)]
    except OSError as error:
        raise ModelError(f"The model folder {folder} cannot be read: {reason(error)}.") from error
    # The time of the last change of status moves with every write, whatever size and time of the content are set to.
    return tuple((path, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for path, s in status)


def _status(path: Path) -> tuple[int, ...]:
    """What is another after each change of a file; () where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _refuse_foreign(folder: Path, files: list[Path]) -> None:
    for path in files:
        if path.is_symlink():
            raise ModelError(f"{path} is a link; a model's files lie in its own folder {folder}. Copy the file there.")
        if path.suffix.lower() in _PICKLES:
            raise ModelError(
                f"{path} may hold a pickle, which could run any program; weights are *.safetensors or *.onnx."
            )


def _sha256(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ModelError(f"The model's file {path} cannot be read: {reason(error)}.") from error


def _copy_verified(source: Path, target: Path) -> None:
    with suppress(
        OSError
    ):  # The folder of all models stays, whatever becomes of this one; why it cannot be is told below.
        target.parent.mkdir(parents=True, exist_ok=True)
    with OutputFolder(target.parent) as hidden:
        shutil.copytree(source, hidden / target.name, symlinks=True)
        verify(hidden / target.name)
        _read(hidden / target.name)
