"""A label map brought onto its image's grid: turned where the two lie so in space, refused where they do not fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart2d.turned import atrium_side, warning_if_heart_turned
from EchoSynthLib.anatomy.sector.upright import apex_side
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.frame import EchoCine, EchoFrame, Geometry

Image = EchoFrame | EchoCine

# How far the corners of two grids that are one may lie apart, in pixels: less than what would move a label.
_TOLERANCE = 0.5
_ATRIUM_WITH_APEX = {"top": "below", "bottom": "above", "left": "beside", "right": "beside"}
_FRAMES = 8  # of a cine whose sector is looked for


def on_grid_of(image: Image, labels: Image) -> Image:
    """The label map `labels` on the grid of `image`, pixel on pixel.

    Where both files tell their place in space, the label map's rows and columns are reversed or exchanged, and its
    slices reversed, as it takes to lie on the image; nothing is resampled. A file that tells no place (PNG, NPY, or a
    header of 1 x 1 mm at the origin) fits by its size alone. To be called wherever a label map from a file meets an
    image from a file: `on_grid_of(read_image(a), read_label_map(b)[1])`.

    Args:
        image: as `read_image` gives it.
        labels: as the second result of `read_label_map`.

    Returns:
        The label map in the shape of `image`; with the image's geometry and spacing, where the image tells any.

    Raises:
        InputError: the two differ in size, frames, pixel size or place, the message says what each has; or one of them
            is upside down or on its side, as the sector and the heart show.
    """
    placed = _placed(image, labels)
    if placed is None:
        raise InputError(
            f"{labels.source or 'The label map'} does not lie on the grid of {image.source or 'its image'}: the label "
            f"map has {_told(labels)}; the image has {_told(image)}. Resample the label map to the image's grid "
            f"(nearest neighbor), or give the image that it was drawn on."
        )
    _refuse_other_way_up(image, labels, placed)
    labels = replace(labels, pixels=placed, remarks=_remarks(labels, placed))
    if not _tells_place(image.geometry):
        return labels
    return replace(
        labels,
        geometry=image.geometry,
        spacing=image.spacing,
        spacing_trusted=image.spacing_trusted,
    )


def _refuse_other_way_up(image: Image, labels: Image, placed: NDArray[np.uint8]) -> None:
    """InputError where the heart lies one way and the sector it should lie in another, whatever the headers say."""
    atrium = atrium_side(placed)
    if atrium is None:
        return
    row0, row1, column0, column1 = image.region or (0, None, 0, None)
    pixels = image.pixels[..., row0:row1, column0:column1]
    apex = apex_side(pixels if pixels.ndim == 2 else pixels[:: -(-len(pixels) // _FRAMES)].max(axis=0))
    if apex is not None and _ATRIUM_WITH_APEX[apex] != atrium:
        raise InputError(
            f"{labels.source or 'The label map'} does not fit {image.source or 'its image'}: the sector has its apex "
            f"at the {apex}, but the left atrium lies {atrium} the left ventricle. Turn the one that is not upright."
        )


def _remarks(labels: Image, placed: NDArray[np.uint8]) -> tuple[str, ...]:
    """The label map's remarks, of which the one on a turned heart may no longer hold."""
    before, now = warning_if_heart_turned(labels.pixels), warning_if_heart_turned(placed)
    return (*(text for text in labels.remarks if text != before), *([now] if now else []))


def _placed(image: Image, labels: Image) -> NDArray[np.uint8] | None:
    """The codes on the image's grid; None where the label map does not fit."""
    if image.pixels.ndim != labels.pixels.ndim:
        return None
    ours, theirs = image.geometry, labels.geometry
    if ours is None or theirs is None or not (_tells_place(ours) and _tells_place(theirs)):
        return labels.pixels if image.pixels.shape == labels.pixels.shape else None
    lifted = _in_one_space(ours, theirs)
    if lifted is None:
        return None
    first, second = lifted
    codes = labels.pixels.reshape(-1, *labels.pixels.shape[-2:])
    # Frames over time have no place; those along an axis of space may follow one another the other way.
    backwards = len(codes) > 1 and ours.dimension == theirs.dimension == 3 and _opposite(first, second)
    wanted = _corners(first, image.pixels.shape[-2:], 0)
    corners = _corners(second, codes.shape[1:], len(codes) - 1 if backwards else 0)
    for way in product((False, True), repeat=3):
        on_grid = _turned(codes[::-1] if backwards else codes, *way)
        fits = on_grid.size == image.pixels.size and on_grid.shape[1:] == image.pixels.shape[-2:]
        if fits and _apart(_turned(corners, *way), wanted, first) <= _TOLERANCE:
            return np.ascontiguousarray(on_grid).reshape(image.pixels.shape)
    return None


def _tells_place(geometry: Geometry | None) -> bool:
    """Whether a header says where the image lies; writers that know nothing write 1 x 1 mm at the origin."""
    if geometry is None:
        return False
    matrix = np.abs(geometry.matrix())
    is_default = np.allclose(geometry.spacing[:2], 1) and np.allclose(geometry.origin, 0)
    return not (is_default and np.allclose(matrix, np.eye(len(matrix))))


def _in_one_space(ours: Geometry, theirs: Geometry) -> tuple[Geometry, Geometry] | None:
    """Both with three axes; a 2D header is compared with a 3D one that lies in its plane, wherever along the third."""
    first, second = ours.of_frame(0), theirs.of_frame(0)
    if first.dimension == second.dimension:
        return (first, second) if first.dimension == 3 else (first.with_axis(), second.with_axis())
    flat, deep = (first, second) if first.dimension == 2 else (second, first)
    if np.abs(deep.matrix()[2, :2]).max() > 1e-3:
        return None
    lifted = replace(flat.with_axis(), origin=(*flat.origin, deep.origin[2]))
    return (lifted, second) if flat is first else (first, lifted)


def _corners(geometry: Geometry, shape: tuple[int, ...], frame: int) -> NDArray[np.float64]:
    """The centers (1, 2, 2, 3) of the corner pixels of a slice, in mm."""
    steps = geometry.matrix() * geometry.spacing
    rows, columns = (np.array([0, size - 1], dtype=np.float64) for size in shape)
    in_plane = rows[:, None, None] * steps[:, 1] + columns[None, :, None] * steps[:, 0]
    return (np.asarray(geometry.origin) + frame * steps[:, 2] + in_plane)[np.newaxis]


def _turned(array: NDArray, swapped: bool, upside_down: bool, mirrored: bool) -> NDArray:
    """(T, rows, columns, ...) with its rows and columns exchanged, then each reversed."""
    if swapped:
        array = array.swapaxes(1, 2)
    return array[:, :: -1 if upside_down else 1, :: -1 if mirrored else 1]


def _opposite(ours: Geometry, theirs: Geometry) -> bool:
    """Whether the slices of one follow one another against those of the other."""
    return bool(ours.matrix()[:, 2] @ theirs.matrix()[:, 2] < 0)


def _apart(corners: NDArray[np.float64], wanted: NDArray[np.float64], geometry: Geometry) -> float:
    """How far corners lie apart in a geometry's pixels, in its plane, by their tilt out of it, and by slices."""
    pixel, slice_thickness = np.array(geometry.spacing[:2]), max(geometry.spacing)
    apart = (corners - wanted) @ geometry.matrix()
    depth = apart[..., 2]
    return float(
        max(np.abs(apart[..., :2] / pixel).max(), np.ptp(depth) / pixel.min(), np.abs(depth).max() / slice_thickness)
    )


def _told(image: Image) -> str:
    *frames, rows, columns = image.pixels.shape
    size = f"{rows} x {columns} pixels" + (f" in {frames[0]} frames" if frames else "")
    place = image.geometry
    if place is None or not _tells_place(place):
        return f"{size} and no place in space"
    numbers = {"spacing": place.spacing, "origin": place.origin, "direction": place.direction}
    return ", ".join([size, *(f"{name} ({_listed(values)})" for name, values in numbers.items())])


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)
