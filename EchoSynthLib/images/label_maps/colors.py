"""Pictures with a palette as label maps: whether the order of the colors can be trusted to be that of the codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.structures import STRUCTURES
from EchoSynthLib.errors import InputError

_BLACK = (0, 0, 0)
# Codes in their order as programs color them: primaries (ITK-SNAP), PASCAL VOC, 3D Slicer, and our own structures.
_TABLES = (
    (_BLACK, (255, 0, 0), (0, 255, 0), (0, 0, 255)),
    (_BLACK, (128, 0, 0), (0, 128, 0), (128, 128, 0)),
    (_BLACK, (128, 174, 128), (241, 214, 145), (177, 122, 101)),
    (_BLACK, *(structure.color for structure in STRUCTURES if structure.camus_code is not None)),
)


def codes_of_palette(indices: NDArray[np.uint8], palette: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """The codes of a picture whose pixels are indices of colors.

    Programs that reduce colors number them as they come, so an index is a code only where the colors say so: they are
    gray and rise from black, or those that a known program gives to the codes. Gray levels 0 to 3 are codes themselves,
    in whatever order they are numbered.

    Args:
        indices: (H, W).
        palette: (N, 3), red, green and blue.
        path: for the error.

    Raises:
        InputError: the colors do not tell; they are named.
    """
    used = np.unique(indices)
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = palette
    colors = table[used]
    if (colors == colors[:, :1]).all():
        levels = colors[:, 0].astype(int)
        if levels.max() <= len(_TABLES[0]) - 1 or (levels == used).all():
            return table[indices, 0]
        if tuple(table[0]) == _BLACK and (np.diff(levels) > 0).all():
            return indices
    for known in _TABLES:
        if used.max() < len(known) and all(tuple(table[index]) == known[index] for index in used.tolist()):
            return indices
    shown = ", ".join(f"{index} is ({', '.join(map(str, table[index]))})" for index in used[:8].tolist())
    raise InputError(
        f"{path} is a palette picture whose colors do not tell which codes they stand for: index {shown} in red, green "
        f"and blue. Save the label map as a gray PNG of the codes 0 to 3, or as NIfTI or NRRD."
    )
