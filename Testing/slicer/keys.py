"""Hands on the keyboard: key events given to the active window, which passes them to the widget that has the focus."""

from __future__ import annotations

from typing import Any

import qt
import slicer

from mouse import bring_forward, click, describe
from waiting import spin

CONTROL = 0x04000000  # Qt.KeyboardModifier
SHIFT = 0x02000000

_TEXTS = {qt.Qt.Key_Return: "\r", qt.Qt.Key_Enter: "\r", qt.Qt.Key_Tab: "\t", qt.Qt.Key_Escape: "\x1b"}
_FIELDS = ("QLineEdit", "QPlainTextEdit", "QTextEdit")


def press(widget: Any, key: int, modifiers: int = 0) -> None:
    """Presses a key (qt.Qt.Key_...) with the focus on a widget. Shortcuts of menus and windows do not hear it."""
    _focus(widget)
    _stroke(widget.window(), key, _TEXTS.get(key, ""), modifiers)
    spin()


def type_text(widget: Any, text: str) -> None:
    """Clicks into a field (or into the one inside a spin box, a slider, a path edit), and types over what is there."""
    field = text_field(widget)
    click(field)
    _focus(field)
    window = field.window()
    _stroke(window, qt.Qt.Key_A, "\x01", CONTROL)
    for letter in text:
        _stroke(window, ord(letter.upper()), letter, SHIFT if letter.isupper() else 0)
        slicer.app.processEvents()
    if not text:
        _stroke(window, qt.Qt.Key_Delete, "\x7f", 0)
    spin()


def text_field(widget: Any) -> Any:
    """The visible field for text that a widget is, or has inside."""
    if any(widget.inherits(name) for name in _FIELDS):
        return widget
    found = [child for name in _FIELDS for child in widget.findChildren(name) if child.isVisible()]
    assert found, f"{describe(widget)} has no field for text"
    return found[0]


def _focus(widget: Any) -> None:
    bring_forward(widget.window())
    if not widget.hasFocus():
        widget.setFocus()
        spin()
    focused = slicer.app.focusWidget()
    # a field inside a spin box or combo box hears what its owner, which holds the focus, hears
    held = focused is not None and (focused == widget or widget.isAncestorOf(focused) or focused.isAncestorOf(widget))
    assert held, f"{describe(widget)} does not take the keyboard"


def _stroke(window: Any, key: int, text: str, modifiers: int) -> None:
    for kind in (qt.QEvent.KeyPress, qt.QEvent.KeyRelease):
        try:
            handle = window.windowHandle()
        except ValueError:  # the press closed and destroyed the window
            return
        slicer.app.sendEvent(handle, qt.QKeyEvent(kind, key, modifiers, text))
