"""What takes more than one act: combo boxes, sliders, tabs, lists, context menus and dialogs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import qt

from keys import press
from mouse import RIGHT, click, click_at, describe, drag
from waiting import open_dialogs, spin, wait_until

Act = Callable[[Any], None]


def choose(combo: Any, text: str) -> None:
    """Opens a combo box (or the one inside a node selector) by a click and clicks on the entry with this text."""
    box = combo if combo.inherits("QComboBox") else combo.findChild(qt.QComboBox)
    assert box is not None, f"{describe(combo)} has no combo box"
    spin(0.3)  # a box that has just been folded out has not got its width yet
    view = _opened(box, describe(combo))
    click_item(view, text, column=box.modelColumn)
    wait_until(lambda: not view.isVisible(), 2, f"{describe(combo)} to close")


def _opened(box: Any, name: str) -> Any:
    """The list of a combo box, opened by a click, and by another where it closes at once.

    On a busy machine a click can take so long that the list takes its release for a choice.
    """
    view = box.view()
    for _ in range(3):
        click_at(box, box.width / 2, box.height / 2)
        wait_until(view.isVisible, 2, f"the entries of {name}")
        spin(0.05)  # for a moment after it opened, a list takes a click for the end of the one that opened it
        if view.isVisible():
            break
    return view


def click_item(view: Any, text: str, column: int = 0, button: int = 1) -> None:
    """Clicks on the entry of a list, table or tree that shows this text."""
    index = _find(view, view.rootIndex(), text, column)
    assert index is not None, f"{describe(view)} has no entry '{text}'; it has {entries(view, column)}"
    x, y = _scrolled_to(view, index)
    click_at(view.viewport(), x, y, button)


def _scrolled_to(view: Any, index: Any) -> tuple[float, float]:
    """Where a view's entry can be clicked: a scroll bar that a new entry brings takes its place some turns later."""
    for patience in (0.0, 0.1, 0.4):
        spin(patience)
        view.scrollTo(index)
        spin()
        place = view.visualRect(index)
        x, y = place.x() + min(place.width() / 2, 40), place.y() + place.height() / 2
        if place.width() > 0 and y < view.viewport().height:
            return x, y
    raise AssertionError(f"'{index.data()}' has no place in {describe(view)}")


def entries(view: Any, column: int = 0) -> list[str]:
    """The texts of a view's entries at its top level."""
    model, root = _shown_model(view), view.rootIndex()
    return [str(model.data(model.index(row, column, root))) for row in range(model.rowCount(root))]


def _shown_model(view: Any) -> Any:
    """The model whose indices a view draws; model() of Slicer's trees names the one behind it."""
    return view.selectionModel().model


def _find(view: Any, parent: Any, text: str, column: int) -> Any:
    model = _shown_model(view)
    for row in range(model.rowCount(parent)):
        index = model.index(row, column, parent)
        if model.data(index) == text:
            return index
        below = _find(view, model.index(row, 0, parent), text, column)
        if below is not None:
            return below
    return None


def open_tab(tabs: Any, text: str) -> None:
    """Clicks on a tab."""
    bar = tabs if tabs.inherits("QTabBar") else tabs.tabBar()
    texts = [bar.tabText(i) for i in range(bar.count)]
    assert text in texts, f"{describe(tabs)} has no tab '{text}'; it has {texts}"
    place = bar.tabRect(texts.index(text)).center()
    click_at(bar, place.x(), place.y())


def move_slider(slider: Any, value: float) -> None:
    """Drags a slider's handle (or that of the slider inside a widget) near to a value, and goes there by arrow keys."""
    bar = slider if slider.inherits("QSlider") else slider.findChild(qt.QSlider)
    assert slider.minimum <= value <= slider.maximum, f"{describe(slider)} ends at {slider.minimum}, {slider.maximum}"
    share = (value - slider.minimum) / (slider.maximum - slider.minimum)
    target = round(bar.minimum + share * (bar.maximum - bar.minimum))
    drag(bar, [_handle(bar, bar.value), _handle(bar, target)])
    for _ in range(abs(target - bar.value)):
        if bar.value == target:
            break
        press(bar, qt.Qt.Key_Right if (bar.value < target) != bar.invertedAppearance else qt.Qt.Key_Left)
    assert bar.value == target, f"{describe(slider)} stays at {slider.value}; {value} was wanted"


def _handle(bar: Any, value: int) -> tuple[float, float]:
    """The middle of a slider's handle when it stands at a value."""
    length = bar.style().pixelMetric(qt.QStyle.PM_SliderLength)
    upright = bar.orientation == qt.Qt.Vertical
    room = (bar.height if upright else bar.width) - length
    reverse = bar.invertedAppearance != upright
    along = qt.QStyle.sliderPositionFromValue(bar.minimum, bar.maximum, value, room, reverse) + length / 2
    return (bar.width / 2, along) if upright else (along, bar.height / 2)


def right_click(widget: Any, choose: str, x: float | None = None, y: float | None = None) -> None:
    """Opens the context menu at a pixel of a widget (its middle), and clicks on an action of it."""
    at = (widget.width / 2, widget.height / 2) if x is None or y is None else (x, y)
    with answering(lambda menu: choose_in_menu(menu, choose)):
        click_at(widget, *at, RIGHT)


def choose_in_menu(menu: Any, text: str) -> None:
    """Clicks on an action of an open menu; mnemonics (&) do not count."""
    actions = {action.text.replace("&", ""): action for action in menu.actions() if action.visible}
    assert text in actions, f"the menu has no '{text}'; it has {[name for name in actions if name]}"
    assert actions[text].enabled, f"'{text}' is grayed out in the menu"
    place = menu.actionGeometry(actions[text]).center()
    click_at(menu, place.x(), place.y())


def click_button(dialog: Any, text: str) -> None:
    """Clicks on the button with this text in a dialog; mnemonics (&) do not count."""
    buttons = {b.text.replace("&", ""): b for b in dialog.findChildren("QAbstractButton") if b.isVisible()}
    assert text in buttons, f"{describe(dialog)} has no button '{text}'; it has {sorted(buttons)}"
    click(buttons[text])


@contextmanager
def answering(act: Act, seconds: float = 5.0) -> Iterator[None]:
    """While the lines inside run, waits for a menu or dialog to open, and does `act` with it, as these lines are stuck.

    with answering(lambda dialog: click_button(dialog, "Yes")):
        click(panel.ui.removeButton)
    """
    answer = _Answer(act)
    try:
        yield
        wait_until(lambda: answer.given, seconds, "a menu or dialog to open")
    finally:
        answer.timer.stop()
    if answer.error is not None:
        raise answer.error


class _Answer:
    """Does its act once, when something has opened; where that fails, closes it, so that nothing waits for ever."""

    def __init__(self, act: Act) -> None:
        self.given = False
        self.error: Exception | None = None
        self._act = act
        self.timer = qt.QTimer()
        self.timer.setInterval(50)
        self.timer.connect("timeout()", self._look)
        self.timer.start()

    def _look(self) -> None:
        found = open_dialogs()
        if self.given or not found:
            return
        self.given = True
        self.timer.stop()
        try:
            self._act(found[0])
        except Exception as error:
            self.error = error
            for widget in open_dialogs():
                widget.close()
