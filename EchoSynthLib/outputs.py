"""Results appear complete or not at all: written in a hidden folder beside their place, moved there at the end.

Standard library only.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from EchoSynthLib.errors import OutputError
from EchoSynthLib.processes import is_alive

_PREFIX = ".echosynth-"
# In the name of the hidden folder when the folder around it was made for it, and goes with it.
_NEW = "new-"
_NO_ROOM = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS", "EFBIG") if hasattr(errno, name)}
_live: set[Path] = set()


class OutputFolder:
    """`with OutputFolder(folder) as hidden:` write into `hidden`; on a clean exit its files move into `folder`.

    Files of the same name are replaced, together: if one cannot be moved, all are put back as they were. On an
    exception (a cancelled task is one) nothing is left behind, not even `folder` if it was created here.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hidden = folder
        self._made: list[Path] = []
        self._holds_replaced_files = False

    def __enter__(self) -> Path:
        # Known before it is done: an interrupt may come between any two of these lines.
        self._made = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        made_here = _NEW if self._made else ""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep_ended(self.folder)
            self._hidden = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{made_here}", dir=self.folder))
            _live.add(self._hidden)
            return self._hidden
        except BaseException as error:
            self._abandon()
            if isinstance(error, OSError):
                raise _output_error(self.folder, error) from error
            raise

    def _abandon(self) -> None:
        _live.discard(self._hidden)
        for hidden in set(self.folder.glob(f"{_PREFIX}{os.getpid()}-*")) - _live:
            shutil.rmtree(hidden, ignore_errors=True)
        _remove_empty(self._made)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._move_into_place()
                self._made = []
        except OSError as failure:
            raise _output_error(self.folder, failure) from failure
        finally:
            if not self._holds_replaced_files:
                shutil.rmtree(self._hidden, ignore_errors=True)
            _live.discard(self._hidden)
            _remove_empty(self._made)
        if isinstance(error, OSError) and not isinstance(error, OutputError) and _happened_in(error, self._hidden):
            raise _output_error(self.folder, error) from error

    def _move_into_place(self) -> None:
        replaced = Path(tempfile.mkdtemp(dir=self._hidden))
        undo: list[tuple[Path, Path]] = []
        try:
            for source in sorted(self._hidden.iterdir()):
                if source == replaced:
                    continue
                target = self.folder / source.name
                if target.exists() or target.is_symlink():
                    os.replace(target, replaced / source.name)
                    undo.append((replaced / source.name, target))
                os.replace(source, target)
                undo.append((target, source))
        except OSError:
            self._holds_replaced_files = True
            for moved, original in reversed(undo):
                os.replace(moved, original)
            self._holds_replaced_files = False
            raise


def sweep_ended(folder: Path) -> None:
    """Removes the hidden folders that processes which no longer run have left in `folder`."""
    for hidden in folder.glob(f"{_PREFIX}*-*"):
        pid = hidden.name.removeprefix(_PREFIX).split("-")[0]
        if pid.isdigit() and int(pid) != os.getpid() and not is_alive(int(pid)):
            shutil.rmtree(hidden, ignore_errors=True)


def sweep(folder: Path, pid: int) -> None:
    """Removes the hidden folders of one process, which has just been ended, from `folder`."""
    for hidden in folder.glob(f"{_PREFIX}{pid}-*"):
        _remove(hidden)


def discard_all() -> None:
    """Removes all hidden folders of this process: for a process that has to end in the middle of a task."""
    for hidden in tuple(_live):
        _remove(hidden)


def _remove(hidden: Path) -> None:
    shutil.rmtree(hidden, ignore_errors=True)
    if hidden.name.split("-", 2)[2].startswith(_NEW):
        _remove_empty([hidden.parent])


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _happened_in(error: OSError, hidden: Path) -> bool:
    if error.filename is not None:
        return str(error.filename).startswith(str(hidden))
    # write() on a full disk names no file; reading cannot fail in these ways.
    return error.errno in _NO_ROOM


def _output_error(folder: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"The output folder {folder} cannot be written ({reason}); choose another folder or make room. "
        "Nothing in it was changed."
    )
