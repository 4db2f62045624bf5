"""What lies at a path that a user named, asked in one place, so that what the system answers is told in words.

Standard library only.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from EchoSynthLib.errors import InputError

_ADVICE = {
    errno.EACCES: "ask its owner for access, or give another one",
    errno.EPERM: "ask its owner for access, or give another one",
    errno.ELOOP: "the link leads back to itself, so give the file it was made for",
    errno.ENAMETOOLONG: "check the path",
    errno.EISDIR: "give a file",
}
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def reason(error: OSError) -> str:
    """What the system says of an error, in lower case: permission denied, input/output error, stale file handle, ..."""
    text = error.strerror or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def unreadable(path: str | Path, error: OSError) -> InputError:
    """The error of an input that the system does not hand out: not that it were missing or damaged."""
    advice = _ADVICE.get(error.errno or 0, "check the disk or the network, and try again")
    return InputError(f"{path} cannot be read: {reason(error)}; {advice}.")


def status_of(path: Path, missing: str) -> os.stat_result:
    """What the system knows of a file or folder.

    Args:
        missing: the message where there is nothing.

    Raises:
        InputError: there is nothing, or it cannot be told.
    """
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        if str(path) == "-":
            raise InputError("Nothing is read from standard input (-); give the name of a file.") from error
        if path.is_symlink():
            raise InputError(f"{path} is a link to {os.readlink(path)}, which is not there.") from error
        raise InputError(missing) from error
    except OSError as error:
        raise unreadable(path, error) from error


def check_file(path: Path, status: os.stat_result) -> None:
    """Whether a file can be read, asked of the system and not of a reader, who would call it damaged or missing.

    Raises:
        InputError: it cannot, or it is a pipe or device, which may have no end.
    """
    kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), None)
    if kind is not None:
        raise InputError(f"{path} is {kind} and may have no end; copy what it holds to a file, and give that.")
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise unreadable(path, error) from error


def check_readable(path: Path, missing: str) -> Path:
    """The path of a file or folder that can be read.

    Args:
        missing: the message where there is nothing.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    status = status_of(path, missing)
    if stat.S_ISDIR(status.st_mode):
        entries_of(path)
    else:
        check_file(path, status)
    return path


def entries_of(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, without what is hidden; InputError where it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise unreadable(folder, error) from error


def files_in(folder: Path) -> list[Path]:
    """The files of a folder, sorted, without what is hidden; InputError where it cannot be listed.

    A link that leads nowhere and what may not be looked at are files, too: whoever reads them says what is wrong.
    """
    return [path for path in entries_of(folder) if not _is_folder(path)]


def printable(text: str) -> str:
    """A text that UTF-8 can hold: of a file name in other bytes, each of these as \\udcXX, as JSON writes it.

    A name in UTF-8 that Python took for other bytes, as it does where the system's encoding is ASCII, is read rightly.
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def in_utf8(path: Path) -> Iterator[Path]:
    """The path under a name in UTF-8, for a library that takes no other; what is written there is written to `path`.

    A link where its own name is none.
    """
    if printable(str(path)) == str(path):
        yield path
        return
    with TemporaryDirectory(prefix="echosynth-") as folder:
        # All that follows the name's first dot, for libraries go by suffixes.
        suffixes = "".join(path.suffixes).encode("ascii", "backslashreplace").decode("ascii")
        link = Path(folder, "file" + suffixes.replace("\\", "_"))
        link.symlink_to(path.absolute())
        yield link


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False
