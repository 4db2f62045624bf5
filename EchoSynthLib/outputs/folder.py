"""Folders of results: written in a hidden folder within their own, moved into place together at the end."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from EchoSynthLib.errors import OutputError
from EchoSynthLib.outputs.hidden import MAKING, MOVING, hidden_of, live, new_name, remove, remove_empty
from EchoSynthLib.outputs.moving import NEW, move_into_place
from EchoSynthLib.outputs.owner import lock, unlock
from EchoSynthLib.outputs.renaming import rename
from EchoSynthLib.outputs.signals import uninterrupted
from EchoSynthLib.outputs.sweeping import sweep
from EchoSynthLib.outputs.trouble import is_full, output_error

# Another process may remove an empty folder, which it had made, between two steps of ours.
_TRIES = 5
_SECONDS_TO_MOVE = 3.0
_WHILE_WRITING = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS", "EFBIG") if hasattr(errno, name)}
_moving = threading.RLock()


class OutputFolder:
    """`with OutputFolder(folder) as hidden:` write into `hidden`; on a clean exit its files move into `folder`.

    Files of the same name are replaced, together: if one cannot be moved, all are put back as they were, and if the
    process is killed while they move, the next output into `folder` puts them back. On an exception (a cancelled task
    is one) nothing is left behind, not even `folder` if it was created here.

    Args:
        folder: made where it is not there.
        never_replaced: names of results that take the place of nothing, not even of what has come there meanwhile.

    Raises:
        OutputError: the folder cannot be made or written, is removed meanwhile, or the disk is full.
    """

    def __init__(self, folder: str | Path, never_replaced: Iterable[str] = ()) -> None:
        self.folder = Path(folder)
        self._never_replaced = frozenset(never_replaced)
        self._hidden = self.folder
        self._made: list[Path] = []
        self._lock: int | None = None

    def __enter__(self) -> Path:
        # Known before it is done: an interrupt may come between any two of these lines.
        try:
            sweep(self.folder)
            for tries_left in reversed(range(_TRIES)):
                self._made = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
                self._hidden = self.folder / new_name(len(self._made))
                live.add(self._hidden)
                try:
                    self.folder.mkdir(parents=True, exist_ok=True)
                    # On Windows such a mode would leave the results, once in their place, to their maker alone.
                    self._hidden.mkdir(mode=0o777 if sys.platform == "win32" else 0o700)
                    break
                except FileNotFoundError:
                    live.discard(self._hidden)
                    if not tries_left:
                        raise
            self._lock = lock(self._hidden)
            (self._hidden / NEW).mkdir()
            return self._hidden / NEW
        except BaseException as error:
            self._clean_up()
            if isinstance(error, OSError):
                raise output_error(self.folder, error) from error
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with uninterrupted(), _moving:
            try:
                if kind is None:
                    move_into_place(self._hidden, self.folder, self._never_replaced)
                    self._made = []
            except OutputError:
                raise
            except OSError as failure:
                raise output_error(self.folder, failure, self._what_became()) from failure
            finally:
                self._clean_up()
        if isinstance(error, OutputError):
            self._raise_in_users_words(error)
        if isinstance(error, OSError) and not isinstance(error, OutputError) and self._is_ours(error):
            raise output_error(self.folder, error) from error

    def _clean_up(self) -> None:
        unlock(self._lock)
        self._lock = None
        if self._hidden != self.folder:
            remove(self._hidden)
        live.discard(self._hidden)
        remove_empty(self._made)

    def _what_became(self) -> str:
        moving = self._hidden.with_name(MOVING + self._hidden.name.removeprefix(MAKING))
        if not os.path.lexists(moving):
            return "Nothing in it was changed."
        return f"What was there before is in {moving}; the next output into the folder puts it back."

    def _raise_in_users_words(self, error: OutputError) -> None:
        """Raises it again with the folder that the user named, where it names the hidden one."""
        text = str(error)
        for hidden in (self._hidden / NEW, self._hidden):
            text = text.replace(str(hidden), str(self.folder))
        if text != str(error):
            raise OutputError(text) from error

    def _is_ours(self, error: OSError) -> bool:
        if error.filename is not None:
            return os.fsdecode(error.filename).startswith(str(self._hidden))
        # Writing names no file, and some libraries not even a reason; what is read in the body names its file.
        return (type(error) is OSError and error.errno is None) or error.errno in _WHILE_WRITING or is_full(self.folder)


def remove_folder(folder: Path) -> None:
    """Removes a folder with all it holds; cut short, the next output beside it removes the rest.

    Raises:
        OSError: it cannot be removed; it is whole.
    """
    hidden = folder.with_name(new_name())
    live.add(hidden)
    try:
        rename(folder, hidden)
        remove(hidden)
    finally:
        live.discard(hidden)


def discard_all() -> None:
    """Removes all that this process is making: for one that has to end in the middle of a task.

    Results that are moving into place meanwhile move to their end.
    """
    if not _moving.acquire(timeout=_SECONDS_TO_MOVE):
        return  # What moves may hold originals: it is left to `sweep`.
    try:
        for hidden in filter(None, map(hidden_of, tuple(live))):
            if hidden.what == MAKING:
                remove(hidden.path, hidden.made)
                live.discard(hidden.path)
    finally:
        _moving.release()
