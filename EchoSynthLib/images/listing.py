"""The images of a folder, without the label maps beside them."""

from __future__ import annotations

import stat
from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import status_of
from EchoSynthLib.images.formats import readable_in
from EchoSynthLib.images.label_maps.marks import is_marked_label_map


def list_images(folder: str | Path) -> list[Path]:
    """The images and cines of a folder, sorted by name.

    Hidden files are left out, and so are label maps and segmentations, as `images.label_maps.marks` tells
    them by name and header, and the data file of a pair.

    Raises:
        InputError: `folder` is no folder, or cannot be read.
    """
    folder = Path(folder)
    what_else = f"{folder} is not a folder; give the folder that holds the images."
    if not stat.S_ISDIR(status_of(folder, what_else).st_mode):
        raise InputError(what_else)
    return [path for path in readable_in(folder) if not is_marked_label_map(path)]
