"""What may be asked of two things that were made apart: equal weights, close results.

Sums are taken in another order by another processor's routines, with another number of threads, and by some routines
where the weights begin elsewhere in memory; so results of two networks of equal weights agree but for rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn


def assert_equal_weights(one: nn.Module, other: nn.Module) -> None:
    """Parameters and buffers of the same names, equal to the bit."""
    import torch

    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def assert_same_picture(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> None:
    """Gray levels that differ by rounding alone: by one level, in less than one of a hundred pixels."""
    assert one.shape == other.shape
    difference = np.abs(one.astype(int) - other.astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01
