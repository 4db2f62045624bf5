"""The types that every room speaks in. Standard library only: numpy is named, and not loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Spacing: TypeAlias = tuple[float, float]
"""(row, column) distance of neighboring pixels in mm."""

Progress: TypeAlias = Callable[[int, int, str], None]
"""Is told steps done, steps in all, and what is being done; may raise `Cancelled`."""

Record: TypeAlias = dict[str, Any]
"""How a result was made, as JSON-able values; `records` knows the keys that all have."""

Mask: TypeAlias = "NDArray[np.bool_]"
"""(H, W), true inside."""

LabelMap: TypeAlias = "NDArray[np.uint8]"
"""(H, W), or (T, H, W) of a cine, in the codes of `anatomy.structures.CamusCode`."""
