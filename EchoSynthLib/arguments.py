"""Numbers and choices that a caller gives, checked; arrays are checked by `array_like`."""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

from EchoSynthLib.errors import InputError


def whole_number(given: Any, name: str, least: int, most: int | None = None) -> int:
    """A whole number of a range.

    Args:
        given: of a user.
        name: of the argument.
        least, most: both included; None for no limit.

    Raises:
        InputError: it is none, or out of range.
    """
    is_whole = isinstance(given, Integral) and not isinstance(given, bool)
    if not is_whole or given < least or (most is not None and given > most):
        until = "on" if most is None else f"to {most}"
        raise InputError(f"{name} is a whole number from {least} {until}; given was {given!r:.120}.")
    return int(given)


def positive_number(given: Any, name: str, unit: str) -> float | None:
    """A finite number above 0, as a float; None stays None.

    Raises:
        InputError: it is none.
    """
    if given is None:
        return None
    number = real_number(given)
    if not number > 0:
        raise InputError(f"{name} is a number of {unit} above 0, or None; given was {given!r:.120}.")
    return number


def number_within(given: Any, name: str, unit: str, limits: tuple[float, float], otherwise: str = "") -> float:
    """A number of a range, both ends included, as a float; `otherwise` tells what else is taken.

    Raises:
        InputError: it is none, or out of range.
    """
    number = real_number(given)
    if not limits[0] <= number <= limits[1]:
        raise InputError(
            f"{name} is a number{f' of {unit}' if unit else ''} from {limits[0]:g} to {limits[1]:g}{otherwise}; given "
            f"was {given!r:.120}."
        )
    return number


def number_within_or_none(given: Any, name: str, unit: str, limits: tuple[float, float]) -> float | None:
    """As `number_within`; None stays None."""
    return None if given is None else number_within(given, name, unit, limits, ", or None")


def real_number(given: Any) -> float:
    """A finite real number as a float; NaN for anything else, also for what counts as one by accident, as True does."""
    if isinstance(given, bool) or not isinstance(given, Real):
        return math.nan
    try:
        number = float(given)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def choice(given: Any, name: str, choices: Collection[str]) -> str:
    """One of some texts.

    Raises:
        InputError: it is none of them.
    """
    if not isinstance(given, str) or given not in choices:
        raise InputError(f"{name} is one of {', '.join(choices)}; given was {given!r:.120}.")
    return given
