"""Numbers of a model's config.json, as a pipeline needs them; where they are not, it is told in words.

What these raise becomes a ModelError that names the folder, in `systems.load_pipeline`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def grid_of(config: Mapping[str, Any]) -> tuple[int, int]:
    """`grid`: the (rows, columns) of the network.

    Raises:
        ValueError: they are not two whole numbers above 0.
    """
    found = config.get("grid")
    if not isinstance(found, list | tuple) or len(found) != 2 or not all(type(n) is int and n > 0 for n in found):
        raise ValueError(f"`grid` is two whole numbers above 0, rows and columns; found was {_told(config, 'grid')}")
    return found[0], found[1]


def volume_grid_of(config: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """`grid` where it is the (slices, rows, columns) of a network for volumes; None where it is anything else."""
    found = config.get("grid")
    if not isinstance(found, list | tuple) or len(found) != 3 or not all(type(n) is int and n > 0 for n in found):
        return None
    return found[0], found[1], found[2]


def number_of(config: Mapping[str, Any], name: str, low: float = -math.inf) -> float:
    """A finite number, not below `low`.

    Raises:
        ValueError: it is none.
    """
    found = config.get(name)
    if not isinstance(found, int | float) or isinstance(found, bool) or not math.isfinite(found) or found < low:
        wanted = "a number" if low == -math.inf else f"a number from {low:g}"
        raise ValueError(f"`{name}` is {wanted}; found was {_told(config, name)}")
    return float(found)


def whole_number_of(config: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`.

    Raises:
        ValueError: it is none.
    """
    found = config.get(name)
    if type(found) is not int or not low <= found <= high:
        raise ValueError(f"`{name}` is a whole number from {low} to {high}; found was {_told(config, name)}")
    return found


def names_of(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of different texts.

    Raises:
        ValueError: it is none.
    """
    found = config.get(name)
    if not isinstance(found, list | tuple) or not found or not all(isinstance(one, str) and one for one in found):
        raise ValueError(f"`{name}` is a list of names; found was {_told(config, name)}")
    if len(set(found)) < len(found):
        raise ValueError(f"`{name}` has each name once; found was {_told(config, name)}")
    return tuple(found)


def _told(config: Mapping[str, Any], name: str) -> str:
    return f"{config[name]!r:.80}" if name in config else "none"
