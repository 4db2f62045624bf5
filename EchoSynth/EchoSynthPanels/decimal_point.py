"""Numbers typed with a comma or a point for their decimals: Qt drops the other one, and 0,5 becomes 5."""

from __future__ import annotations

from typing import Any

import qt


class BothDecimalPoints(qt.QObject):
    """Makes a comma or point that is typed into a spin box its decimal point."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Takes the key in the place of the box."""
        if event.type() != qt.QEvent.KeyPress or event.text() not in (",", "."):
            return False
        for editor in watched.findChildren("QLineEdit"):
            editor.insert(chr(watched.locale.decimalPoint()))
        return True


def accept_both_decimal_points(widget: Any) -> BothDecimalPoints:
    """Does so in all spin boxes below a widget; what is returned is to be kept as long as they are."""
    points = BothDecimalPoints()
    for box in widget.findChildren("QDoubleSpinBox"):
        box.installEventFilter(points)
    return points
