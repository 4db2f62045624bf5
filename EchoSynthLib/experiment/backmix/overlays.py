"""What real screens show beside their sectors, cut out of pictures of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import binary_dilation

from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.images.listing import list_images
from EchoSynthLib.images.screens import Gray


def real_overlays(folder: Path, side: int) -> list[Gray]:
    """What the pictures of screens in a folder show beside their sectors, (S, S) each, in the order of their names.

    Pictures in which no sector is found are left out.

    Raises:
        InputError: there are fewer than two.
    """
    from PIL import Image

    from EchoSynthLib.images.read import read_image

    found = []
    for path in list_images(folder):
        try:
            gray = to_gray8(read_image(path).pixels)
            inside = fit_sector(gray).mask(gray.shape)
        except InputError:
            continue
        # What a fit misses of a sector's edge is not what the screen shows beside it.
        beside = np.where(binary_dilation(inside, iterations=max(2, round(0.02 * max(gray.shape)))), 0, gray)
        small = Image.fromarray(beside.astype(np.uint8)).resize((side, side), Image.Resampling.BOX)
        # Thin letters grow faint where several pixels become one.
        found.append(np.clip(2.0 * np.asarray(small, np.float32), 0, 255).astype(np.uint8))
    if len(found) < 2:
        raise InputError(f"{folder} has {len(found)} pictures of screens with a sector that is found; two are needed.")
    return found
