"""A hand on the mouse: Qt events at a place on the screen, given to the window there, which passes them on as usual.

The window decides which widget gets an event, sets the focus, opens context menus and closes popups. What a user could
not reach (hidden, grayed out, covered, behind a modal dialog) is an AssertionError that says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import qt
import slicer

from waiting import spin

LEFT, RIGHT, MIDDLE = 1, 2, 4  # Qt.MouseButton
_NONE = 0
_STEP = 8  # pixels between two moves of a drag
_PATIENCE = (0.0, 0.1, 0.4)  # seconds before a place is looked at again
_WHEEL_CLICK = 120  # eighths of a degree

Point = tuple[float, float]


def click(widget: Any, button: int = LEFT, modifiers: int = 0) -> None:
    """Clicks where a user would: in the middle, on a check box's tick, on a collapsible button's headline."""
    click_at(widget, *_spot(widget), button, modifiers)


def click_at(widget: Any, x: float, y: float, button: int = LEFT, modifiers: int = 0) -> None:
    """Clicks on a pixel of a widget, counted from its top left corner."""
    at = reach(widget, x, y)
    _send(qt.QEvent.MouseMove, at, _NONE, _NONE, modifiers)
    _send(qt.QEvent.MouseButtonPress, at, button, button, modifiers)
    _send(qt.QEvent.MouseButtonRelease, at, button, _NONE, modifiers)
    spin()


def double_click(widget: Any, x: float | None = None, y: float | None = None) -> None:
    """Double clicks on a pixel of a widget, or where `click` would."""
    at = reach(widget, *(_spot(widget) if x is None or y is None else (x, y)))
    for kind in (qt.QEvent.MouseButtonPress, qt.QEvent.MouseButtonDblClick):
        _send(kind, at, LEFT, LEFT)
        _send(qt.QEvent.MouseButtonRelease, at, LEFT, _NONE)
    spin()


def move_to(widget: Any, x: float, y: float) -> None:
    """Moves the mouse over a pixel of a widget, no button held."""
    _send(qt.QEvent.MouseMove, reach(widget, x, y), _NONE, _NONE)
    spin()


def drag(widget: Any, points: Sequence[Point], button: int = LEFT, modifiers: int = 0) -> None:
    """Presses on the first pixel, moves along a line through all of them, a few pixels at a time, and lets go."""
    window = widget.window()
    at = reach(widget, *points[0])
    _send(qt.QEvent.MouseMove, at, _NONE, _NONE, modifiers)
    _send(qt.QEvent.MouseButtonPress, at, button, button, modifiers)
    # counted from where the widget was: it may move with the mouse, as the handle of a splitter does
    for at in [widget.mapToGlobal(qt.QPoint(round(x), round(y))) for x, y in _along(points)]:
        _send(qt.QEvent.MouseMove, at, _NONE, button, modifiers, window)
        slicer.app.processEvents()
    _send(qt.QEvent.MouseButtonRelease, at, button, _NONE, modifiers, window)
    spin()


def wheel(widget: Any, clicks: int) -> None:
    """Turns the wheel over a widget: above 0 away from the user, which scrolls up."""
    at = reach(widget, *_spot(widget))
    _send(qt.QEvent.MouseMove, at, _NONE, _NONE)
    window = slicer.app.topLevelAt(at)
    local, turn = qt.QPointF(window.mapFromGlobal(at)), qt.QPoint(0, _WHEEL_CLICK * (1 if clicks > 0 else -1))
    for _ in range(abs(clicks)):
        event = qt.QWheelEvent(local, qt.QPointF(at), qt.QPoint(0, 0), turn, _NONE, _NONE, 0, False)
        slicer.app.sendEvent(window.windowHandle(), event)
    spin()


def reach(widget: Any, x: float, y: float) -> Any:
    """The place on the screen (QPoint) of a widget's pixel, scrolled into sight, if a user could click there.

    Raises:
        AssertionError: the widget is hidden, grayed out, blocked by a dialog, covered, or outside of the screen.
    """
    name = describe(widget)
    assert widget.isVisible(), f"{name} is not visible"
    tip = re.sub("<[^>]*>", "", widget.toolTip)
    assert widget.isEnabled(), f"{name} is grayed out" + (f" ({tip})" if tip else "")
    _check_not_blocked(widget, name)
    # What has just been folded out is laid out in several turns; a user waits for that.
    for patience in _PATIENCE:
        spin(patience)
        _scroll_into_sight(widget)
        at = _at_rest(widget, qt.QPoint(round(x), round(y)))
        under = slicer.app.widgetAt(at)
        if under is not None and (under == widget or widget.isAncestorOf(under)):
            return at
    assert under is not None, f"{name} at ({x:g}, {y:g}) is outside of every window or of the screen"
    raise AssertionError(f"{name} at ({x:g}, {y:g}) is covered by {describe(under)}")


def describe(widget: Any) -> str:
    """Class and text or name of a widget, for messages."""
    texts = (getattr(widget, name, "") for name in ("text", "windowTitle", "title", "objectName"))
    text = next((text for text in texts if text and isinstance(text, str)), "")
    return f"{widget.className()} '{text}'"


def _check_not_blocked(widget: Any, name: str) -> None:
    popup, dialog = slicer.app.activePopupWidget(), slicer.app.activeModalWidget()
    if popup is not None:
        assert widget.window() == popup, f"{name} is blocked by the open menu {describe(popup)}"
    elif dialog is not None:
        inside = widget.window() == dialog or dialog.isAncestorOf(widget)
        assert inside, f"{name} is blocked by the dialog {describe(dialog)}"


def _scroll_into_sight(widget: Any) -> None:
    parent = widget.parentWidget()
    while parent is not None:
        if parent.inherits("QScrollArea"):
            parent.ensureWidgetVisible(widget)
            spin()
        parent = parent.parentWidget()


def _at_rest(widget: Any, pixel: Any) -> Any:
    """Where a pixel is on the screen once it stays there: a panel that opens above it moves it, in several steps."""
    at = widget.mapToGlobal(pixel)
    for _ in range(50):
        spin(0.02)
        before, at = at, widget.mapToGlobal(pixel)
        if at == before:
            break
    return at


def _spot(widget: Any) -> Point:
    if widget.inherits("ctkCollapsibleButton") or widget.inherits("QGroupBox"):
        return 12, 10
    if widget.inherits("QCheckBox") or widget.inherits("QRadioButton"):
        return 9, widget.height / 2
    return widget.width / 2, widget.height / 2


def _along(points: Sequence[Point]) -> list[Point]:
    """The points, the first one left out, with others between them, so that no step is wider than a few pixels."""
    path = []
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) / _STEP))
        path += [(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(1, steps + 1)]
    return path


def _send(kind: int, at: Any, button: int, held: int, modifiers: int = 0, window: Any = None) -> None:
    """Gives an event at a place on the screen to the window there, or to the one that holds the mouse."""
    window = window or slicer.app.topLevelAt(at)
    if window is None:
        return  # a dialog closed under the mouse
    if kind == qt.QEvent.MouseButtonPress:
        bring_forward(window)
    local = qt.QPointF(window.mapFromGlobal(at))
    event = qt.QMouseEvent(kind, local, local, qt.QPointF(at), button, held, modifiers)
    slicer.app.sendEvent(window.windowHandle(), event)


def bring_forward(window: Any) -> None:
    """Makes a window the active one, as a window manager does when it is clicked on; menus never are."""
    if window.windowType() in (qt.Qt.Popup, qt.Qt.ToolTip) or slicer.app.activeWindow() == window:
        return
    window.activateWindow()
    for _ in range(25):
        if slicer.app.activeWindow() == window:
            return
        spin(0.02)
