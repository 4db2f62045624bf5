"""SHA256SUMS of a model folder: written as the last step of making one, compared before each use of it."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath

from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.errors import ModelError
from EchoSynthLib.files import reason
from EchoSynthLib.outputs import replacing

CHECKSUMS = "SHA256SUMS"
Signature = tuple[tuple[str, int, int, int, int], ...]
"""Of each file and folder in a model folder: path, size, times of the last change of content and of status, inode."""
_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".npy", ".npz", ".mar", ".h5", ".keras"}


def write_checksums(folder: Path) -> Path:
    """Writes SHA256SUMS for all files of a model folder, the last step of making one; returns its path.

    Raises:
        ModelError: the folder holds a file that could be a pickle, a link, or no weights.
    """
    folder = Path(folder)
    files = _files(folder)
    _refuse_foreign(folder, files)
    if not any(path.suffix == ".safetensors" or path == folder / "config.json" for path in files):
        raise ModelError(
            f"The model folder {folder} holds neither *.safetensors nor config.json; write them before their checksums."
        )
    names = {path.relative_to(folder).as_posix(): path for path in files if path != folder / CHECKSUMS}
    lines = [f"{_sha256(path)}  {name}\n" for name, path in sorted(names.items())]
    with replacing(folder / CHECKSUMS) as partial:
        partial.write_text("".join(lines), encoding="utf-8", newline="\n")
    return folder / CHECKSUMS


def verify(folder: Path) -> None:
    """Compares every file of a model folder with its SHA256SUMS; an unchanged folder is not read a second time.

    Raises:
        ModelError: names the file, the sum expected and the one found; or the file that is missing or not listed.
    """
    folder = Path(folder)
    verify_once(folder, signed(folder))


@lru_cache(maxsize=64)
def verify_once(folder: Path, signature: Signature) -> None:
    """`verify`, of a folder that was looked at already, see `signed`."""
    expected = read_checksums(folder)
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


def read_checksums(folder: Path) -> dict[str, str]:
    """The sums in SHA256SUMS by file, in hexadecimal.

    Raises:
        ModelError: there are none that can be read, or a line names a file elsewhere.
    """
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


def signed(folder: Path) -> Signature:
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


def stays_inside(name: str) -> bool:
    """Whether a relative name, such as a file of a model names another by, stays in its folder on every system."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name


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
