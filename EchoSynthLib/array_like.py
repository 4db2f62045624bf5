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
        InputError: it makes no array, such as lists of several lengths.
    """
    try:
        return np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"{what} is one array, all rows of one length; given was a {type(given).__name__} that makes none "
            f"({error})."
        ) from error
