"""What a caller gives for an array, as one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.errors import InputError


def as_array(given: ArrayLike, what: str) -> NDArray[Any]:
    """The array of an array or of nested lists; what it has to hold is the caller's to check.

    Args:
        given: of a user.
        what: it is, as the beginning of a sentence: 'An image'.

    Raises:
        InputError: it makes no array, such as lists of several lengths; or some of its values are masked.
    """
    if np.ma.is_masked(given):
        raise InputError(
            f"{what} is known at each place; given was an array with {np.ma.count_masked(given)} masked values. Fill "
            "them first, as array.filled(0) does."
        )
    try:
        return np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"{what} is one array, all rows of one length; given was a {type(given).__name__} that makes none "
            f"({error})."
        ) from error


def as_mask(given: ArrayLike, what: str) -> NDArray[np.bool_]:
    """A mask of an array of numbers: true where they are not 0.

    Args:
        given, what: as in `as_array`.

    Raises:
        InputError: it makes no array of whole or real numbers, or holds NaN.
    """
    values = as_array(given, what)
    if values.dtype.kind not in "biuf" or (values.dtype.kind == "f" and np.isnan(values).any()):
        held = "NaN" if values.dtype.kind == "f" else f"an array of type {values.dtype}"
        raise InputError(f"{what} holds numbers, 0 outside and others inside; given was {held}.")
    return np.asarray(values != 0)
