"""Bars of the shares of views in the chosen clip, the largest above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import qt

MOST = 3
"""Views that are shown; more have hardly a share."""
LEAST = 0.005
_FINE = 1000


class ShareBars:
    """Fills an empty widget with a row for each of the likeliest views.

    Args:
        place: the widget.
    """

    def __init__(self, place: Any) -> None:
        self._place = place
        layout = qt.QGridLayout(place)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(1, 1)
        self.rows: list[tuple[Any, Any, Any]] = []
        for number in range(MOST):
            row = (qt.QLabel(), qt.QProgressBar(), qt.QLabel())
            row[1].setRange(0, _FINE)
            row[1].setTextVisible(False)
            row[1].setFixedHeight(10)
            for column, widget in enumerate(row):
                layout.addWidget(widget, number, column)
            self.rows.append(row)

    def show(self, shares: Mapping[str, float]) -> None:
        """Shows the largest shares of views, {name: share}, which are sorted already."""
        shown = [(name, share) for name, share in shares.items() if share >= LEAST][:MOST]
        for number, row in enumerate(self.rows):
            for widget in row:
                widget.setVisible(number < len(shown))
            if number < len(shown):
                name, share = shown[number]
                row[0].text, row[2].text = name, f"{100 * share:.0f} %"
                row[1].value = round(_FINE * share)
        self._place.setVisible(bool(shown))
