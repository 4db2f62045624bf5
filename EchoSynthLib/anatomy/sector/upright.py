"""Which side of an image the transducer is at, told by the corners that an ultrasound sector leaves dark."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.edges import edge_contrast
from EchoSynthLib.anatomy.sector.outline import DARK, outlines
from EchoSynthLib.anatomy.sector.sides import sector_of_outline

# Side: what brings the apex to the top, for people and as numpy does it.
_TURNS = {
    "bottom": ("to be upside down", "turn it (rows reversed)"),
    "left": ("to lie on its side", "turn it by 90 degrees clockwise"),
    "right": ("to lie on its side", "turn it by 90 degrees counterclockwise"),
}
_DARK_CORNER, _LIT_CORNER = 0.15, 0.4  # share of an upper corner, or of the quarter above a lower one, that is bright
_FRAMES = 8  # of a cine that are looked at
_WORKING_SIDE = 112  # pixels; the outline of a sector shows well in so few
_SMALLEST_SHARE = 0.03  # of the image that the bright region fills
_SOLID = 0.6  # of its convex hull that a sector fills, whatever shadows it; a Doppler display fills less
# Dark corners on one side less those on the other, as a share of the bounding box: apical frames have 0.1 to 0.24
# down the beams and less than 0.06 across; rectangles of linear probes have none.
_LOPSIDED = 0.07
_CLEARLY = 1.5  # times as lopsided along the beams as across them
_OPENINGS = math.radians(40), math.radians(120)  # of cardiac probes; the sides of steered linear ones are steeper

_LEAST_CONTRAST = 0.36  # of the sides and the arc; less than a fit asks for, as the corners have spoken already


def apex_side(gray: NDArray[np.uint8]) -> str | None:
    """The side of the image at which the sector has its apex: 'top', 'bottom', 'left' or 'right'.

    A mirrored image looks like an upright one.

    Args:
        gray: (H, W) uint8.

    Returns:
        None where it cannot be told: the whole rectangle is filled, or what is seen is no sector.
    """
    from PIL import Image

    factor = max(1, max(gray.shape) // _WORKING_SIDE)
    small = np.asarray(Image.fromarray(gray).reduce(factor), dtype=np.float32)
    if _plainly_upright(small):
        return "top"
    region = next(outlines(small), None)
    if region is None or region.mean() < _SMALLEST_SHARE:
        return None
    down, across = _lopsidedness(region)
    if max(abs(down), abs(across)) < _LOPSIDED:
        return None
    if abs(across) > _CLEARLY * abs(down):
        side = "left" if across > 0 else "right"
    elif abs(down) > _CLEARLY * abs(across):
        side = "top" if down > 0 else "bottom"
    else:
        return None
    # What seems to be turned has to look like a sector once it is turned back.
    return side if side == "top" or _shows_sector(_turned(small, side)) else None


def warning_if_turned(gray: NDArray[np.uint8]) -> str | None:
    """What to tell a user whose image is turned, so that its results are wrong; None where it is not, or unknown.

    Args:
        gray: (H, W) uint8, or a cine (T, H, W), whose frames together show more of the sector than one does.
    """
    if gray.ndim == 3:
        gray = gray[:: -(-len(gray) // _FRAMES)].max(axis=0)
    side = apex_side(gray)
    if side is None or side == "top":
        return None
    seems, remedy = _TURNS[side]
    place = "at the bottom" if side == "bottom" else f"on the {side}"
    return f"the sector's apex is {place}: the image seems {seems}; {remedy} and run it again"


def _plainly_upright(image: NDArray[np.float32]) -> bool:
    """Whether both upper corners are dark, and both lower ones are not: told of most images in a tenth of the time."""
    rows, columns = (side // 4 for side in image.shape)
    bright = image > image.max() * DARK
    upper, lower = bright[:rows], bright[-2 * rows : -rows]
    shares = [half[:, end].mean() for half in (upper, lower) for end in (slice(columns), slice(-columns, None))]
    return bool(max(shares[:2]) < _DARK_CORNER and min(shares[2:]) > _LIT_CORNER)


def _lopsidedness(region: NDArray[np.bool_]) -> tuple[float, float]:
    """Dark corners at the top less those at the bottom, and left less right, as shares of the hull's bounding box."""
    from PIL import Image, ImageDraw
    from scipy.spatial import ConvexHull, QhullError

    rows = np.flatnonzero(region.any(axis=1))
    first = region[rows].argmax(axis=1)
    last = region.shape[1] - 1 - region[rows, ::-1].argmax(axis=1)
    ends = np.column_stack([np.concatenate([first, last]), np.tile(rows, 2)])
    points = ends - ends.min(axis=0)
    try:
        hull = ConvexHull(points)
    except QhullError:  # all on a line
        return 0.0, 0.0
    width, height = (int(side) + 1 for side in points.max(axis=0))
    if region.sum() < _SOLID * hull.volume:  # of a plane figure that is the area
        return 0.0, 0.0
    picture = Image.new("1", (width, height))
    ImageDraw.Draw(picture).polygon([(float(x), float(y)) for x, y in points[hull.vertices]], fill=1, outline=1)
    dark = ~np.asarray(picture)
    middle, center = height // 2, width // 2
    down = dark[:middle].sum() - dark[height - middle :].sum()
    across = dark[:, :center].sum() - dark[:, width - center :].sum()
    return float(down / dark.size), float(across / dark.size)


def _turned(image: NDArray[np.float32], side: str) -> NDArray[np.float32]:
    """The image with that side at the top."""
    quarter_turns = {"bottom": 2, "left": -1, "right": 1}[side]
    return np.ascontiguousarray(np.rot90(image, quarter_turns))


def _shows_sector(image: NDArray[np.float32]) -> bool:
    """Whether straight sides that open as a cardiac probe's do lie on edges of the image."""
    for region in outlines(image):
        sector = sector_of_outline(region, None)
        if sector is None or not _OPENINGS[0] <= sector.opening_angle <= _OPENINGS[1]:
            continue
        if edge_contrast(image, sector, sector.mask(image.shape)) >= _LEAST_CONTRAST:
            return True
    return False
