"""What a folder holds, and what is hidden in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    """The files that a user sees in a folder and below, by relative name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def hidden(folder: Path) -> list[str]:
    """The hidden names in a folder."""
    return sorted(path.name for path in folder.glob(".*")) if folder.is_dir() else []


def text_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The files with the first characters of each, for a message."""
    return {name: content[:30].decode(errors="replace") for name, content in files.items()}
