"""What if the background were another one: does an answer rest on the heart, or on what the screen shows beside it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError

Shares = Mapping[str, float]


@dataclass(frozen=True)
class WhatIf:
    """Shares of the classes as the frame is, and with each donor's background.

    Attributes:
        shares: of the frame as it is.
        exchanged: with each background.
    """

    shares: Shares
    exchanged: tuple[Shares, ...]

    @property
    def change(self) -> float:
        """The largest change of any share, 0 to 1: 0 where the background has no say."""
        return max(abs(other[name] - self.shares[name]) for other in self.exchanged for name in self.shares)

    @property
    def stability(self) -> float:
        """1 less the largest change."""
        return 1 - self.change

    @property
    def answers(self) -> tuple[str, ...]:
        """The likeliest class with each background."""
        return tuple(max(shares, key=lambda name: shares[name]) for shares in self.exchanged)


def with_background(
    frame: NDArray[np.uint8], inside: NDArray[np.bool_], donor: NDArray[np.uint8], donor_inside: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """A frame (H, W) in its sector, and beside it the background of a donor of any size, whose own sector is black."""
    from PIL import Image

    background = np.where(donor_inside, 0, donor).astype(np.uint8)
    if background.shape != frame.shape:
        size = (frame.shape[1], frame.shape[0])
        background = np.asarray(Image.fromarray(background).resize(size, Image.Resampling.BILINEAR))
    return np.where(inside, frame, background)


def what_if(
    frame: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    backgrounds: Sequence[tuple[NDArray[np.uint8], NDArray[np.bool_]]],
    tell: Callable[[NDArray[np.uint8]], Shares],
) -> WhatIf:
    """What a classifier tells of a frame (H, W) with each of some donors' backgrounds.

    Args:
        frame: uint8.
        inside: its sector.
        backgrounds: donors (H, W) and their sectors; black ones are donors, too.
        tell: frame to shares.

    Raises:
        InputError: there is no donor, or a sector has another shape than its frame.
    """
    if not backgrounds:
        raise InputError("To exchange the background at least one other frame is needed; none was given.")
    for one, sector in [(frame, inside), *backgrounds]:
        if one.ndim != 2 or one.shape != sector.shape:
            raise InputError(f"Frames and sectors are (H, W) of one shape; given were {one.shape} and {sector.shape}.")
    exchanged = (tell(with_background(frame, inside, *donor)) for donor in backgrounds)
    return WhatIf(dict(tell(frame)), tuple(dict(shares) for shares in exchanged))
