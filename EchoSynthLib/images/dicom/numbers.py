"""Numbers of a DICOM header, of which scanners and converters write broken ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset


def numbers(dataset: Dataset, name: str, remarks: list[str]) -> tuple[float, ...]:
    """The numbers of an attribute: () where it is absent, empty or broken, which `remarks` then tell.

    Broken are decimal commas, text, NaN and infinity; pydicom tells them only when they are looked at.
    """
    try:
        value = dataset.get(name)
        if value is None or value == "":
            return ()
        found = tuple(float(one) for one in (value if _is_several(value) else (value,)))
    except (ValueError, TypeError, ArithmeticError):
        found = (math.nan,)
    if all(math.isfinite(one) for one in found):
        return found
    remarks.append(not_usable(name))
    return ()


def number(dataset: Dataset, name: str, remarks: list[str]) -> float | None:
    """The one number of an attribute, or the first of several; None as `numbers` gives ()."""
    found = numbers(dataset, name, remarks)
    return found[0] if found else None


def not_usable(name: str) -> str:
    """The remark on an attribute that says nothing sensible."""
    return f"the header's {name} is not usable and counts as unknown"


def _is_several(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes)
