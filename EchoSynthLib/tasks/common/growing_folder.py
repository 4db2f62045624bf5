"""An output folder that grows: a file in it tells what all others depend on, and what is there is not made again."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import OutputError
from EchoSynthLib.outputs import replacing


def claim(
    folder: Path, told_by: str, settings: Mapping[str, Any], what: str, before: Mapping[str, Any] | None = None
) -> None:
    """Writes what a folder's files depend on, or finds it there.

    Args:
        folder: made where there is none.
        told_by: name of the file that holds it.
        settings: JSON-able values by name.
        what: lies there, in a word or two with its article.
        before: what holds of folders of earlier versions, which did not tell it.

    Raises:
        OutputError: there are files of other settings, or of something else.
    """
    told = folder / told_by
    if not told.is_file():
        if folder.is_dir() and os.listdir(folder):
            raise OutputError(
                f"{folder} holds files of something else; choose an empty folder, or a new one. Nothing was changed."
            )
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(told) as partial_name:
            partial_name.write_text(json.dumps(dict(settings), indent=1) + "\n", encoding="utf-8")
        return
    try:
        found = dict(before or {}) | dict(json.loads(told.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise OutputError(
            f"{told} is damaged, so that nobody can tell which {what.split(' ', 1)[1]} lies in {folder} ({error}); "
            "choose another output. Nothing was changed."
        ) from error
    other = sorted(name for name in settings if found.get(name) != settings[name])
    if other:
        name = other[0]
        raise OutputError(
            f"In {folder} lies {what} of {name} {found.get(name)!r}, and {settings[name]!r} was asked for; "
            "choose another output, or give what it was made with. Nothing was changed."
        )


def write_content(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all, in a room of the folder that is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(content)


def write_table(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows, all with the keys of the first, as CSV in UTF-8; numbers keep all their digits."""
    remaining: Iterator[Mapping[str, Any]] = iter(rows)
    first = next(remaining)
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(remaining)
