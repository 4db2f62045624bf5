"""Smooth deformations in two or three dimensions: from velocity to displacement, warp, composition, inverse, Jacobian.

One convention for all of it. A field has the shape (d, *grid): d components in the order of the grid's d axes, (row,
column) or (slice, row, column), in pixels of that grid, whatever the pixels' size in mm.

* A displacement u belongs to a fixed grid and leads from there into a moving picture: what lies at x in the fixed one
  lies at phi(x) = x + u(x) in the moving one. To warp the moving picture is to read it there, so that what is shown
  moves by about -u.
* A velocity v, the same at all times, gives the displacement of phi = exp(v): the place at time 1 of a point that
  starts at x and flows along v. It has an inverse, exp(-v), and cannot fold. On a grid both hold as far as fields
  are smooth: to some hundredths of a pixel where neighbors differ by less than half a pixel.

Between pixels fields are linear; beyond the grid they go on as at its nearest pixel. Fields are float64, or float32
where they were given so.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.bilinear import Bilinear
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError

Field = NDArray[np.floating]

LARGEST_STEP = 0.125
"""Pixels that the first of the squared steps moves at most, where their number is chosen by the velocity."""
MOST_SQUARINGS = 60
"""As many carry a velocity of 10^17 pixels; a field on a grid knows no faster one."""
HIGHEST_ORDER = 5
"""Of the splines that scipy has."""
FARTHEST = 1e6
"""Pixels, longer than which no displacement leads into a picture."""
ITERATIONS = 100
TOLERANCE = 1e-3
"""Pixels to which an inverse is found."""


def exponential(velocity: ArrayLike, squarings: int | None = None) -> Field:
    """The displacement of exp(v), by scaling and squaring (Arsigny et al., MICCAI 2006).

    exp(v / 2^n) is about x + v(x) / 2^n, and exp(2 w) is exp(w) after exp(w): n times composed with itself.
    The inverse of the result is `exponential(-velocity)`.

    Args:
        velocity: (d, *grid) in pixels per unit of time.
        squarings: n; None takes the least for which no pixel's first step is longer than an eighth of a pixel.

    Returns:
        (d, *grid) displacement in pixels.

    Raises:
        InputError: no field of two or three dimensions, values that are not finite or far beyond any grid, or an n that
            there is not.
    """
    v = _field(velocity, "velocity")
    fastest = float(np.abs(v).max())
    if fastest > LARGEST_STEP * 2.0 ** (MOST_SQUARINGS - 1):
        raise InputError(
            f"A velocity is given in pixels per unit of time; the fastest given was {fastest:.3g}, which leaves any "
            "grid. Give it in pixels."
        )
    if squarings is None:
        fastest = float(np.sqrt(np.square(v).sum(axis=0)).max())
        squarings = max(0, math.ceil(math.log2(fastest / LARGEST_STEP))) if fastest > 0 else 0
    n = _whole("The number of squarings", squarings, 0, MOST_SQUARINGS)
    displacement: Field = v / v.dtype.type(2**n)
    for _ in range(n):
        displacement = _after(displacement, displacement)
    return displacement


def warp(moving: ArrayLike, displacement: ArrayLike, *, order: int = 1, outside: float | None = 0.0) -> NDArray[Any]:
    """The moving image on the fixed grid: warped(x) = moving(x + u(x)).

    Args:
        moving: an image of d dimensions; its grid may be another than that of the displacement.
        displacement: (d, *grid) in pixels.
        order: of the spline between pixels, 0 to 5: 1 linear, 3 cubic (which may overshoot by a little); for label maps
            see `warp_labels`.
        outside: value of what lies beyond the moving image; None for that of its nearest pixel.

    Returns:
        An image on the displacement's grid, of the moving image's type; whole numbers are rounded and kept in range.

    Raises:
        InputError: see `exponential`; also an image of other dimensions than the displacement, whole numbers too large
            to be interpolated, or an order that there is not.
    """
    from scipy import ndimage

    image, u = _moving(moving, displacement)
    order = _whole("The order of a spline", order, 0, HIGHEST_ORDER)
    if image.dtype == bool:
        raise InputError("A mask has no values between its own to interpolate; use `warp_labels` for it.")
    values = image.astype(image.dtype if image.dtype in (np.float32, np.float64) else np.float64, copy=False)
    if image.dtype.kind in "iu" and image.dtype.itemsize == 8 and np.abs(values).max() > 2.0**53:
        raise InputError(
            f"Whole numbers beyond 2^53 cannot be mixed exactly; given was an image of {image.dtype} with values "
            f"from {image.min()} to {image.max()}. Give smaller ones, or floating-point numbers."
        )
    mode = "nearest" if outside is None else "constant"
    warped = ndimage.map_coordinates(values, _places(u), order=order, mode=mode, cval=outside or 0.0)
    if image.dtype.kind in "iu":
        limits = np.iinfo(image.dtype)
        warped = np.clip(np.rint(warped), limits.min, limits.max)
    return warped.astype(image.dtype, copy=False)


def warp_labels(moving: ArrayLike, displacement: ArrayLike, outside: int = 0) -> NDArray[Any]:
    """The moving label map on the fixed grid: each pixel takes the label of the pixel nearest to x + u(x).

    Args:
        moving: a label map or mask of d dimensions; its grid may be another than that of the displacement.
        displacement: (d, *grid) in pixels.
        outside: label of what lies beyond the moving map, by half a pixel or more.

    Returns:
        A label map on the displacement's grid, of the moving map's type.

    Raises:
        InputError: as `warp` does; also a label `outside` that the map's type does not hold.
    """
    labels, u = _moving(moving, displacement)
    if labels.dtype.kind in "iu":
        limits = np.iinfo(labels.dtype)
        outside = _whole(f"The label outside a map of {labels.dtype}", outside, int(limits.min), int(limits.max))
    size = np.array(labels.shape).reshape(-1, *[1] * labels.ndim)
    nearest = np.rint(np.clip(_places(u), -1, size)).astype(np.intp)
    inside = ((nearest >= 0) & (nearest < size)).all(axis=0)
    return np.where(inside, labels[tuple(np.clip(nearest, 0, size - 1))], labels.dtype.type(outside))


def compose(first: ArrayLike, then: ArrayLike) -> Field:
    """The one displacement that warps as `first` does and `then` after it: u(x) = then(x) + first(x + then(x)).

    warp(warp(image, first), then) is warp(image, compose(first, then)), but read from the image once. As maps it is
    phi_first after phi_then: `then` leads from the fixed grid to the one between, `first` from there into the image.

    Raises:
        InputError: see `exponential`; also two displacements on different grids.
    """
    one, two = _field(first, "displacement"), _field(then, "displacement")
    if one.shape != two.shape:
        raise InputError(
            f"Displacements to compose lie on one grid; given were shapes {one.shape} and {two.shape}. "
            "Bring both onto one grid first."
        )
    return _after(one, two)


def inverse(displacement: ArrayLike, *, iterations: int = ITERATIONS, tolerance: float = TOLERANCE) -> Field:
    """The displacement w that leads back: y + w(y) is the x with x + u(x) = y, so compose(u, w) is 0.

    By fixed-point iteration w <- -u(y + w(y)) (Chen et al., Medical Physics 35:81-88, 2008), which converges where u
    changes by less than a pixel from one pixel to the next. Where a velocity is known, exponential(-velocity) is
    quicker and always there. Places that nothing inside the grid leads to get what the field has beyond its border.

    Args:
        displacement: (d, *grid) in pixels.
        iterations: at most.
        tolerance: pixels by which no pixel's x + u(x) may miss y.

    Raises:
        InputError: see `exponential`; also a displacement that folds or changes so much that no inverse is found, or no
            iteration.
    """
    u = _field(displacement, "displacement")
    iterations = _whole("The number of iterations", iterations, 1, 1_000_000)
    back: Field = np.zeros_like(u)
    miss = math.inf
    for _ in range(iterations):
        landed = _read(u, back)
        miss = float(np.abs(landed + back).max())
        if miss <= tolerance:
            return back
        back = -landed
    raise InputError(
        f"No inverse of the displacement was found: after {iterations} iterations it misses by {miss:.3g} pixels; "
        f"allowed are {tolerance:g}. It folds ({100 * folding_share(u):.0f} % of the pixels) or changes too much from "
        "one pixel to the next; give a smoother one."
    )


def jacobian_determinant(displacement: ArrayLike) -> Field:
    """det(d phi / d x) of phi(x) = x + u(x), on the displacement's grid.

    How many times larger, in area or volume, the surroundings of x are where they lie in the moving picture: 1 where
    nothing is stretched, 2 where the moving picture holds twice as much, 0 or less where the map folds. Pixels of
    any size have the same. By central differences, one-sided ones at the border; exact for affine maps.

    Returns:
        (*grid) for a displacement (d, *grid).

    Raises:
        InputError: see `exponential`; also a grid of fewer than two pixels along an axis.
    """
    u = _field(displacement, "displacement")
    if min(u.shape[1:]) < 2:
        raise InputError(f"A Jacobian needs two pixels or more along each axis; given was a grid of {u.shape[1:]}.")
    rows = [list(np.gradient(component)) for component in u]
    for axis, row in enumerate(rows):
        row[axis] = row[axis] + 1
    if len(rows) == 2:
        (a, b), (c, d) = rows
        return a * d - b * c
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def folding_share(displacement: ArrayLike) -> float:
    """Share of the pixels, 0 to 1, at which the Jacobian determinant is 0 or less: there the map folds."""
    return float((jacobian_determinant(displacement) <= 0).mean())


def _after(first: Field, then: Field) -> Field:
    return then + _read(first, then)


def _read(field: Field, displacement: Field) -> Field:
    """The field (d, *grid) at x + u(x), linear between its pixels."""
    from scipy import ndimage

    places = _places(displacement)
    if len(places) == 2 and min(field.shape[1:]) > 1:
        plane = Bilinear.at(places, (field.shape[1], field.shape[2]))
        return np.stack([plane.read(part) for part in field])
    return np.stack(
        [ndimage.map_coordinates(part, places, order=1, mode="nearest", output=part.dtype) for part in field]
    )


def _places(displacement: Field) -> Field:
    """x + u(x), in pixels."""
    return np.indices(displacement.shape[1:], dtype=displacement.dtype) + displacement


def _whole(what: str, value: Any, low: int, high: int) -> int:
    if not isinstance(value, int | np.integer) or not low <= value <= high:
        raise InputError(f"{what} is a whole number from {low} to {high}; given was {value!r}.")
    return int(value)


def _field(array: ArrayLike, what: str) -> Field:
    values = as_array(array, f"A {what}")
    if values.dtype.kind not in "iuf" or values.ndim not in (3, 4) or len(values) != values.ndim - 1 or not values.size:
        raise InputError(
            f"A {what} is an array of numbers (2, rows, columns) or (3, slices, rows, columns), in pixels; given was "
            f"one of {values.dtype} with shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise InputError(f"A {what} is made of finite numbers; given was one with NaN or infinite values.")
    return values if values.dtype == np.float32 else values.astype(np.float64, copy=False)


def check_length(displacements: NDArray[Any]) -> None:
    """Refuses displacements, of any shape, that lead beyond all pictures; NaN is no length.

    Raises:
        InputError: some is longer than `FARTHEST`.
    """
    finite = displacements[np.isfinite(displacements)]
    longest = max(float(finite.max()), -float(finite.min())) if finite.size else 0.0
    if longest > FARTHEST:
        raise InputError(
            f"Displacements are given in pixels; the largest given was {longest:.3g}, which leads beyond any picture."
        )


def _moving(moving: ArrayLike, displacement: ArrayLike) -> tuple[NDArray[Any], Field]:
    image, u = as_array(moving, "An image"), _field(displacement, "displacement")
    if image.ndim != len(u) or not image.size or image.dtype.kind not in "biuf":
        raise InputError(
            f"A displacement {u.shape} warps an image of {len(u)} dimensions; given was an array of {image.dtype} with "
            f"shape {image.shape}. Give one frame at a time."
        )
    return image, u
