"""Why something cannot be written, in words, and what to do about it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from EchoSynthLib.errors import OutputError

_CHOOSE = "choose another folder"
_REASONS = {
    "ENOSPC": ("the disk is full", "make room on it or choose another folder"),
    "EDQUOT": ("your quota on the disk is used up", "make room on it or choose another folder"),
    "EFBIG": ("a file would be larger than this disk or account allows", _CHOOSE),
    "EROFS": ("the disk is read-only", _CHOOSE),
    "EACCES": ("Permission denied", "make the folder writable or choose another one"),
    "EPERM": ("Permission denied", "make the folder writable or choose another one"),
    "ENOENT": ("the folder is not there any more", _CHOOSE),
    "ESTALE": ("the folder is not there any more", _CHOOSE),
    "ENOTDIR": ("a part of its path is a file, not a folder", _CHOOSE),
    "EEXIST": ("a part of its path is a file, not a folder", _CHOOSE),
    "ENAMETOOLONG": ("a name is too long", "choose shorter names"),
    "EBUSY": ("a file in it is in use by another program", "close it there or choose another folder"),
    "EXDEV": ("a part of it lies on another disk", _CHOOSE),
    "EIO": ("the disk or the connection to it fails", _CHOOSE),
}
_BY_NUMBER = {getattr(errno, name): words for name, words in _REASONS.items() if hasattr(errno, name)}
# What Windows tells apart and Python's errno does not: open elsewhere, a part of it locked, a name that is too long.
_BY_WINDOWS = {32: "EBUSY", 33: "EBUSY", 206: "ENAMETOOLONG"}
# A library that fails to write says so in its own words; where less than this is left, the reason is known.
_FULL = 1 << 16


def output_error(path: Path, error: BaseException, unchanged: str = "Nothing in it was changed.") -> OutputError:
    """An OutputError that names what could not be written, the reason, and what to do."""
    reason, advice = _reason(path, error)
    return OutputError(f"{path} cannot be written: {reason}; {advice}, and try again. {unchanged}".rstrip())


def is_full(path: Path) -> bool:
    """Whether the disk that a path lies on has no more room."""
    for place in (path, *path.parents):
        try:
            return shutil.disk_usage(place).free < _FULL
        except OSError:
            continue
    return False


def _reason(path: Path, error: BaseException) -> tuple[str, str]:
    number = getattr(error, "errno", None)
    number = getattr(errno, _BY_WINDOWS.get(getattr(error, "winerror", None) or 0, ""), number)
    if number in _BY_NUMBER:
        reason, advice = _BY_NUMBER[number]
        file = getattr(error, "filename", None)
        if file is not None and number in (errno.EBUSY, errno.ENAMETOOLONG, errno.EXDEV):
            return f"{reason} ({os.path.basename(os.fsdecode(file))})", advice
        return reason, advice
    if is_full(path):
        return _REASONS["ENOSPC"]
    lines = (getattr(error, "strerror", None) or str(error)).strip().splitlines()
    said = " ".join(lines[-1].split()) if lines else type(error).__name__
    return said, "make room there or choose another folder"
