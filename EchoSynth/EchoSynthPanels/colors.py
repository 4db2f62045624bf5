"""Colors of texts and lamps that can be read on a light and on a dark Slicer."""

from __future__ import annotations

from dataclasses import dataclass

import qt
import slicer

_MIDDLE = 128
"""Between the lightness of dark and of light backgrounds, 0 to 255."""


@dataclass(frozen=True)
class Tint:
    """A color for either look; written into a text it is the one that Slicer's look asks for now.

    Attributes:
        on_light, on_dark: as #rrggbb.
    """

    on_light: str
    on_dark: str

    def __str__(self) -> str:
        """The color that can be read now."""
        background = slicer.app.palette().color(qt.QPalette.Window)
        return self.on_dark if background.lightness() < _MIDDLE else self.on_light


FAILURE = Tint("#b3261e", "#ff9090")
WARNING = Tint("#8a5a00", "#e8b33a")
LAMPS = {
    "green": Tint("#1f7a4a", "#4cc38a"),
    "yellow": Tint("#9a6a00", "#f0c040"),
    "red": Tint("#b3261e", "#ff9090"),
}
"""By the color of a traffic light."""
