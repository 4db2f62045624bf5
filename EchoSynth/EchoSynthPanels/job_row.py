"""What comes of a pressed button, right below it: bar, message, failure in red, warnings in amber, and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from html import escape
from typing import Any

import qt
from slicer.i18n import tr as _

from EchoSynthPanels.application.runner import JobRunner
from EchoSynthPanels.colors import FAILURE, WARNING, Tint

LOG_HEIGHT = 120
SETTLED_MS = 100
"""After which views and texts have their places."""


class RoomForText(qt.QObject):
    """Gives a label the height of its text: a section does not grow with a label that comes to need another line."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Looks before each painting, which follows each change of text or width."""
        if event.type() in (qt.QEvent.Paint, qt.QEvent.Resize):
            self._fit(watched)
        return False

    def _fit(self, label: Any) -> None:
        # To ask a label with marked-up text for its height lets it be painted again, which would ask again for ever.
        fitted = f"{label.width} {label.wordWrap} {label.text}"
        if label.property("fittedTo") == fitted:
            return
        label.setProperty("fittedTo", fitted)
        before = label.minimumHeight
        # A label takes its minimum for the height that it needs: it would keep the room of a longer text.
        label.setMinimumHeight(0)
        height = label.heightForWidth(label.width) if label.wordWrap else label.fontMetrics().lineSpacing() + 2
        height = height if label.text else 0
        height = max(height, label.property("leastHeight") or 0)
        label.setMinimumHeight(height)
        if height != before:
            # What lies around it would keep its places until something else lays it out; not amid a painting.
            qt.QTimer.singleShot(0, partial(_lay_out_around, label))


def _lay_out_around(widget: Any) -> None:
    """Gives all that lies in the same module its place again."""
    try:
        parent = widget.parentWidget()
    except ValueError:
        # It went meanwhile, with its module.
        return
    while parent is not None and not parent.inherits("QScrollArea"):
        layout = parent.layout()
        if layout is not None:
            layout.invalidate()
            layout.activate()
        parent.updateGeometry()
        parent = parent.parentWidget()


def let_grow(label: Any, room: RoomForText, lines: int = 0) -> None:
    """Lets a label have room for these lines, and for more where its text needs them."""
    least = lines * label.fontMetrics().lineSpacing() + 2 if lines else 0
    label.setProperty("leastHeight", least)
    label.setMinimumHeight(least)
    label.installEventFilter(room)


class JobRow:
    """Follows the jobs of one owner, and keeps what came of the last one until the next begins.

    Args:
        runner: of the jobs.
        owner: tells whose jobs are followed, as `JobRunner.start` was told.
        place: empty widget that the row fills.
        results: labels below it that tell what came of a job; they come into sight as it ends.
        cancel: whether it offers Cancel, where the pressed button does not become that itself.
    """

    def __init__(
        self,
        runner: JobRunner,
        owner: Callable[[], str],
        place: Any,
        results: Sequence[Any] = (),
        cancel: bool = False,
    ) -> None:
        self._runner, self._owner, self._place, self._results = runner, owner, place, results
        self._text = ""
        self._color: Tint | None = None
        self._warnings: list[str] = []
        self._running = False
        self._room = RoomForText()
        self._offers_cancel, self._logged = cancel, 0
        layout = qt.QGridLayout(place)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(0, 1)
        self.bar, self.label = qt.QProgressBar(), qt.QLabel()
        self.bar.setMaximumHeight(14)
        self.cancel_button = _button(_("Cancel"), _("Stop; nothing will be changed"))
        self.cancel_button.connect("clicked()", runner.cancel)
        self.log_button = _button(_("Log"), _("Show what the tasks have said"))
        self.log_button.checkable = True
        self.log_button.connect("toggled(bool)", self._show_log)
        self.log = qt.QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setLineWrapMode(qt.QPlainTextEdit.NoWrap)
        self.log.setMaximumHeight(LOG_HEIGHT)
        self.log.hide()
        self.label.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
        # A long word, as a path, does not widen the panel.
        self.label.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
        let_grow(self.label, self._room)
        layout.addWidget(self.bar, 0, 0)
        layout.addWidget(self.cancel_button, 0, 1)
        layout.addWidget(self.label, 1, 0)
        layout.addWidget(self.log_button, 1, 1, qt.Qt.AlignTop)
        layout.addWidget(self.log, 2, 0, 1, 2)
        runner.changed.connect(self.refresh)
        runner.progressed.connect(self._follow)
        self.refresh()

    @property
    def text(self) -> str:
        """What it says, without colors."""
        return "\n".join(filter(None, [self._text, *self._warnings]))

    @property
    def failed(self) -> bool:
        """Whether it tells of a failure."""
        return self._color is FAILURE

    def warn(self, texts: Iterable[str]) -> None:
        """Adds what is doubtful about the result of the job that just ends."""
        self._warnings = list(dict.fromkeys([*self._warnings, *texts]))
        self._show()

    def fail(self, error: Exception) -> None:
        """Tells why nothing could begin."""
        self._text, self._color, self._warnings = _failed(str(error)), FAILURE, []
        self._show()

    def clear(self) -> None:
        """Forgets the last job, as when its scene is closed."""
        self._text, self._color, self._warnings = "", None, []
        self.log_button.checked = False
        self.refresh()

    def refresh(self) -> None:
        """Shows how far the job is, or what came of it."""
        runner, was_running = self._runner, self._running
        self._running = runner.busy and runner.owner == self._owner()
        if self._running:
            if not was_running:
                self._warnings = []
            remaining = runner.remaining
            left = _(", {time} left").format(time=remaining) if remaining else ""
            self._text, self._color = _sentence(runner.message) + left, None
            # With a maximum of 0 the bar would run to and fro. Without a graphics card each of its steps paints the
            # whole window anew, which takes the processor from the job: an empty bar says the same.
            self.bar.maximum, self.bar.value = runner.total or 1, runner.done if runner.total else 0
        elif was_running:
            self._text = _failed(runner.message) if runner.failed else _sentence(runner.message)
            self._color = FAILURE if runner.failed else None
        self._show()
        if self._running != was_running:
            # The layout gives it its place with the next turn of the event loop.
            qt.QTimer.singleShot(0, self._scroll_to)
            # A text out of sight gets the height that it needs when it first comes into sight.
            qt.QTimer.singleShot(SETTLED_MS, self._scroll_to)

    def close(self) -> None:
        """Lets go of the runner."""
        self._runner.changed.disconnect(self.refresh)
        self._runner.progressed.disconnect(self._follow)

    def _follow(self) -> None:
        if self._runner.owner == self._owner():
            self.refresh()

    def _show(self) -> None:
        self.bar.setVisible(self._running)
        self.cancel_button.setVisible(self._offers_cancel and self._running and self._runner.cancellable)
        # While it runs one line that never asks for more: each message would else lay the whole module out anew.
        self.label.setWordWrap(not self._running)
        lines = [
            (self._text, self._color),
            *((_("Warning: {text}").format(text=text), WARNING) for text in self._warnings),
        ]
        shown = "<br>".join(_colored(text, color) for text, color in lines if text)
        if self.label.text != shown:
            self.label.text, self.label.toolTip = shown, self.text
        self.label.setVisible(bool(shown))
        self.log_button.setVisible(bool(shown))
        self._show_log(self.log_button.checked)
        self._place.setVisible(self._running or bool(shown))
        # A form goes on with the height that the row had before it ran.
        self._place.setMinimumHeight(self._place.layout().minimumSize().height() if self._running else 0)

    def _show_log(self, wanted: bool) -> None:
        self.log.setVisible(wanted)
        if wanted and self._logged < len(self._runner.log):
            self.log.appendPlainText("\n".join(self._runner.log[self._logged :]))
            self._logged = len(self._runner.log)

    def _scroll_to(self) -> None:
        if self._place.isVisible():
            _lay_out_around(self.label)
            # The last one asked for is in sight in any case.
            bring_into_sight(*reversed([label for label in self._results if label.text]), self._place)


def bring_into_sight(*widgets: Any) -> None:
    """Scrolls their module to widgets, one after another."""
    parent = widgets[-1].parentWidget()
    while parent is not None and not parent.inherits("QScrollArea"):
        parent = parent.parentWidget()
    if parent is not None:
        for widget in widgets:
            parent.ensureWidgetVisible(widget, 0, 4)


def _button(text: str, about: str) -> Any:
    button = qt.QToolButton()
    button.text, button.toolTip, button.autoRaise = text, about, True
    # As high as the line of text beside it.
    button.setMaximumHeight(button.fontMetrics().height() + 2)
    return button


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]


def _failed(message: str) -> str:
    return _("Failed: {message}").format(message=message)


def _colored(text: str, color: Tint | None) -> str:
    return f'<span style="color:{color}">{escape(text)}</span>' if color else escape(text)
