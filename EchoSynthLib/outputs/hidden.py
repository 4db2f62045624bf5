"""Hidden names beside the user's files, under which results are made: who makes them, and their removal."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from EchoSynthLib.outputs.owner import Owner

MAKING = ".echosynth-"
"""Begins the name of what is being made: of no worth once its owner has ended."""
MOVING = ".echosynth_moving-"
"""Begins the name of a folder from which results move into place: it may hold the only copy of what they replace."""

_NAME = re.compile(
    f"(?P<what>{re.escape(MAKING)}|{re.escape(MOVING)})"
    r"(?P<owner>\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8})-(?P<made>\d+)-(?P<number>[0-9a-f]{8})(?P<ending>\..*)?"
)

live: set[Path] = set()
"""What this process is making, in any thread."""


@dataclass(frozen=True)
class Hidden:
    """What a hidden name tells.

    Attributes:
        what: `MAKING` or `MOVING`.
        made: how many folders above it were made for it, and go with it.
        rest: the name without `what`.
    """

    path: Path
    what: str
    owner: Owner
    made: int
    rest: str

    @property
    def has_ended(self) -> bool:
        """Whether whoever made it has surely ended, or has forgotten it."""
        if self.owner == Owner.this_process():
            return self.path not in live and self.path.with_name(MAKING + self.rest) not in live
        return self.owner.has_ended(self.path)


def new_name(made: int = 0, ending: str = "") -> str:
    """A name of its own for what this process is about to make."""
    return f"{MAKING}{Owner.this_process()}-{made}-{uuid.uuid4().hex[:8]}{ending}"


def hidden_of(path: Path) -> Hidden | None:
    """What the name of a path tells; None where it is no hidden name."""
    match = _NAME.fullmatch(path.name)
    owner = Owner.parse(match["owner"]) if match else None
    if match is None or owner is None:
        return None
    return Hidden(path, match["what"], owner, int(match["made"]), path.name.removeprefix(match["what"]))


def hidden_in(folder: Path) -> Iterator[Hidden]:
    """What has hidden names in a folder; nothing where it cannot be read."""
    names: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(".echosynth")]
    yield from filter(None, (hidden_of(folder / name) for name in names))


def remove(path: Path, made: int = 0) -> None:
    """Removes what was being made at `path`, and the folders above it that were made for it, if they are empty."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
    remove_empty(list(path.parents)[:made])


def remove_empty(folders: list[Path]) -> None:
    """Removes folders, the innermost first, up to the first that holds something."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
