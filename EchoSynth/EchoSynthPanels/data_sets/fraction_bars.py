"""A small histogram of the ejection fractions that a set of cines is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import qt

from EchoSynthLib.synthesis.animation import EJECTION_FRACTIONS

BINS, BIN_WIDTH, HEIGHT = 18, 9, 26
"""Bars of 5 per cent each, from 0 to 90; the other two in pixels."""


def counts_of(fractions: Sequence[float]) -> list[int]:
    """How many ejection fractions, in per cent, lie in each bar."""
    counts, _ = np.histogram(fractions, bins=BINS, range=(0, EJECTION_FRACTIONS[1]))
    return [int(count) for count in counts]


def draw_bars(label: Any, fractions: Sequence[float]) -> None:
    """Draws the histogram into a label, the highest bar as high as the picture."""
    counts = counts_of(fractions)
    picture = qt.QPixmap(BINS * BIN_WIDTH, HEIGHT)
    picture.fill(qt.QColor(0, 0, 0, 0))
    painter = qt.QPainter(picture)
    for number, count in enumerate(counts):
        height = max(1, round(HEIGHT * count / max(max(counts), 1)))
        color = label.palette.color(qt.QPalette.Highlight if count else qt.QPalette.Mid)
        painter.fillRect(number * BIN_WIDTH, HEIGHT - height, BIN_WIDTH - 1, height, color)
    painter.end()
    label.setPixmap(picture)
