"""Slicer's main window on screens of several sizes, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import qt
import slicer

from pictures import picture
from waiting import spin

SCREENS = {"laptop": (1280, 800), "desk": (1920, 1080)}
"""Pixels of the main window."""
STYLES = {"light": "Light Slicer", "dark": "Dark Slicer"}
_USUAL = "Slicer"


@contextmanager
def window_of(screen: str) -> Iterator[None]:
    """While the lines inside run, the main window has the size of a screen."""
    window = slicer.util.mainWindow()
    before = window.size
    _resize(window, *SCREENS[screen])
    try:
        yield
    finally:
        _resize(window, before.width(), before.height())


@contextmanager
def style_of(look: str) -> Iterator[None]:
    """While the lines inside run, Slicer looks light or dark."""
    _set_style(STYLES[look])
    try:
        yield
    finally:
        _set_style(_USUAL)


def pictures_of_all_looks(name: str, top: Any = None) -> None:
    """Pictures of what is shown now on every screen, light and dark, named `name` with screen and look in it.

    Args:
        name: as in 'cine-2-preview', which gives 'cine-laptop-light-2-preview'.
        top: a widget whose module is scrolled to its first section.
    """
    module, _, rest = name.partition("-")
    for screen in SCREENS:
        with window_of(screen):
            if top is not None:
                scroll_to_top(top)
            for look in STYLES:
                with style_of(look):
                    picture(f"{module}-{screen}-{look}-{rest}")


def in_sight(widget: Any) -> bool:
    """Whether a whole widget is inside the part of the module's panel that is visible."""
    parent = widget.parentWidget()
    while not parent.inherits("QScrollArea"):
        parent = parent.parentWidget()
    view = parent.viewport()
    top = widget.mapTo(view, widget.rect.topLeft()).y()
    return bool(widget.isVisible() and 0 <= top <= view.height - widget.height)


def scroll_to_top(widget: Any) -> None:
    """Scrolls the module of a widget to its first section."""
    parent = widget.parentWidget()
    while not parent.inherits("QScrollArea"):
        parent = parent.parentWidget()
    parent.verticalScrollBar().value = 0
    spin(0.2)


def _resize(window: Any, width: int, height: int) -> None:
    window.move(0, 0)
    window.resize(width, height)
    spin(0.3)


def _set_style(name: str) -> None:
    style = qt.QStyleFactory.create(name)
    slicer.app.setStyle(style)
    slicer.app.setPalette(style.standardPalette())
    spin(0.2)
