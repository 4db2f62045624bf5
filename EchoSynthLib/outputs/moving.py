"""Results move from their hidden folder into place, all of them or none, wherever the process may be killed.

A hidden folder holds NEW, into which results are written. Before they move, JOURNAL notes which they are and what they
replace, and the folder gets a name that no sweep removes. Then each original moves to OLD, and the result into its
place. When all have moved the folder gets its first name back: what it holds now is of no more worth. If the process is
killed before that, whoever writes into the folder next puts the originals back.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import OutputError
from EchoSynthLib.outputs.hidden import MAKING, MOVING, Hidden, live, new_name, remove
from EchoSynthLib.outputs.owner import lock, unlock
from EchoSynthLib.outputs.renaming import rename

NEW, OLD, JOURNAL = "new", "old", "journal.json"
PATIENCE = 5.0
"""Seconds to wait for another process that moves its results into the same folder; moving takes milliseconds."""

Identity = list[int] | None
"""What tells a file or folder from a later one of the same name; None where there is none."""


def move_into_place(hidden: Path, folder: Path, never_replaced: Collection[str] = ()) -> None:
    """Moves all that lies in `hidden`/NEW into `folder`; originals of the same names end in `hidden`/OLD.

    Raises:
        OutputError: something has come into a place where nothing may be replaced; everything is as it was before.
        OSError: one could not be moved; everything is as it was before, or what is not lies in a folder named `MOVING`.
    """
    names = sorted(path.name for path in (hidden / NEW).iterdir())
    (hidden / OLD).mkdir()
    journal = {name: _identity(hidden / NEW / name) for name in names}
    (hidden / JOURNAL).write_text(json.dumps(journal), encoding="ascii")
    moving = hidden.with_name(MOVING + hidden.name.removeprefix(MAKING))
    alone = lock(folder, PATIENCE)  # so that results of two processes that end at once do not mix
    try:
        rename(hidden, moving)
        try:
            for name in names:
                if name in never_replaced and _is_there(folder / name):
                    raise OutputError(
                        f"{folder / name} has come there meanwhile and is not replaced; choose another folder, and "
                        "try again. Nothing was changed."
                    )
                with suppress(FileNotFoundError):
                    rename(folder / name, moving / OLD / name)
                rename(moving / NEW / name, folder / name)
        except BaseException:
            _put_originals_back(moving, folder)
            rename(moving, hidden)
            raise
        rename(moving, hidden)
    finally:
        unlock(alone)


def put_back(hidden: Hidden) -> None:
    """Undoes what an ended process was moving into place.

    Raises:
        OSError: that is not possible now, or another process has begun to.
    """
    folder, rest = hidden.path.parent, new_name(hidden.made).removeprefix(MAKING)
    mine, worthless = folder / (MOVING + rest), folder / (MAKING + rest)
    live.add(mine)
    alone = lock(folder, PATIENCE)
    try:
        rename(hidden.path, mine)  # one process alone succeeds
        _put_originals_back(mine, folder)
        rename(mine, worthless)
        remove(worthless, hidden.made)
    finally:
        unlock(alone)
        live.discard(mine)


def _put_originals_back(moving: Path, folder: Path) -> None:
    journal = _read_journal(moving / JOURNAL)
    originals = {path.name for path in (moving / OLD).iterdir()}
    for name in sorted({*journal, *originals}, reverse=True):
        target = folder / name
        result, original = moving / NEW / name, moving / OLD / name
        if not _is_there(result) and _is_there(target) and _identity(target) == journal.get(name):
            rename(target, result)
        if name in originals:
            # Where somebody has put something else in its place since, both are kept.
            free = not _is_there(target)
            rename(original, target if free else folder / f"before-{uuid.uuid4().hex[:8]}-{name}")


def _read_journal(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):  # lost with the power; the originals are there all the same
        return {}


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _identity(path: Path) -> Identity:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    # A folder's time changes with its content, a file's number with the way a share is mounted.
    return [found.st_ino] if path.is_dir() and not path.is_symlink() else [found.st_mtime_ns, found.st_size]
