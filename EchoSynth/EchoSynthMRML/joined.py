"""Volumes that Slicer joined of several files, as it does by itself where names differ in a number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthLib.images.formats import stem_of

_NAMED = 3
"""Files that a text names; of more the number says enough."""


def joined_files(volume: Any) -> list[str]:
    """The names of the files that a volume was joined of, in the order of its slices; [] where it was not."""
    storage = volume.GetStorageNode() if volume is not None else None
    if storage is None or storage.GetNumberOfFileNames() <= 1:
        return []
    return [Path(storage.GetNthFileName(index)).name for index in range(storage.GetNumberOfFileNames())]


def differing(files: list[str]) -> str:
    """What names tell differently that is one in all frames of a cine: 'view (2CH, 4CH)'; '' where nothing is."""
    told = [told_by_name(stem_of(Path(name))) for name in files]
    values = {what: {getattr(one, what) for one in told} - {""} for what in ("patient", "view", "phase")}
    return " and ".join(f"{what} ({', '.join(sorted(those))})" for what, those in values.items() if len(those) > 1)


def doubt_about_joined(volume: Any) -> str:
    """What to look at before the slices of a volume are taken for frames of a cine; '' where it comes from one file."""
    files = joined_files(volume)
    if not files:
        return ""
    names = ", ".join([*files[:_NAMED], *(["..."] if len(files) > _NAMED else [])])
    joined = f"Slicer joined {len(files)} files into '{volume.GetName()}' ({names})."
    difference = differing(files)
    if not difference:
        return f"{joined} Unless they are the frames of one cine, open them with Open..., which keeps them apart."
    return f"{joined} They differ in {difference}, so they are no cine: open them with Open..., which keeps them apart."
