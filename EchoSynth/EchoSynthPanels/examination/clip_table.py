"""The table of an examination's clips: picture and name, view, trust, frames, frame rate and pixel size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthLib.measurement.study_places import SET
from EchoSynthMRML.examinations import ExaminedClip
from EchoSynthPanels.colors import LAMPS
from EchoSynthPanels.panel import connect

ICON = (44, 33)
"""Width and height of a thumbnail in the table, in pixels."""
_LAMP = 12
_SMALL_SCREEN, _FEW_ROWS, _MANY_ROWS = 900, 4, 10
_BESIDE, _ARROW = 10, 14  # pixels around a heading, and for the arrow beside it
_CLIP, _VIEW, _TRUST, _FRAMES, _RATE, _SIZE = range(6)


class ClipTable:
    """Fills a table widget, and tells which clip is selected in it, however it is sorted.

    Args:
        widget: QTableWidget.
    """

    def __init__(self, widget: Any) -> None:
        self.widget = widget
        headers = [_("Clip"), _("View"), _("Trust"), _("Frames"), _("fps"), _("mm")]
        abouts = [
            _("What the file is called, without the patient's name as far as that is known"),
            _("The view, and the share that a model gives it; in bold where it was set by hand"),
            _("How far the picture can be trusted to show a view that is known; the reason stands in the tooltip"),
            _("Number of frames"),
            _("Frames a second, where the file tells them"),
            _("Side of a pixel in mm, where it is calibrated"),
        ]
        widget.setColumnCount(len(headers))
        widget.setHorizontalHeaderLabels(headers)
        for column, about in enumerate(abouts):
            widget.horizontalHeaderItem(column).setToolTip(about)
        widget.setIconSize(qt.QSize(*ICON))
        widget.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        widget.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        widget.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        widget.setHorizontalScrollMode(qt.QAbstractItemView.ScrollPerPixel)
        widget.setWordWrap(False)
        widget.verticalHeader().hide()
        widget.verticalHeader().setDefaultSectionSize(ICON[1] + 2)
        header = widget.horizontalHeader()
        header.setMinimumSectionSize(20)
        header.setHighlightSections(False)
        header.setSortIndicator(_CLIP, qt.Qt.AscendingOrder)
        connect(header, "sortIndicatorChanged(int,Qt::SortOrder)", lambda *_: self._fit())

    def fill(self, clips: Sequence[ExaminedClip], chosen: int | None) -> None:
        """Shows clips, one of them selected; how they are sorted stays."""
        blocked = self.widget.blockSignals(True)
        # Rows would else move while they are filled.
        self.widget.setSortingEnabled(False)
        self.widget.setRowCount(len(clips))
        for row, clip in enumerate(clips):
            self._fill_row(row, clip)
        self.widget.setSortingEnabled(True)
        self._fit()
        self.select(chosen)
        self.widget.blockSignals(blocked)

    @property
    def chosen(self) -> int | None:
        """The number of the selected clip."""
        row = self.widget.currentRow()
        return self._number(row) if row >= 0 and self.widget.selectedItems() else None

    def select(self, number: int | None) -> None:
        """Selects a clip; None none."""
        self.widget.clearSelection()
        for row in range(self.widget.rowCount):
            if number is not None and self._number(row) == number:
                self.widget.selectRow(row)

    def _number(self, row: int) -> int:
        return int(self.widget.item(row, _CLIP).data(qt.Qt.UserRole))

    def _fit(self) -> None:
        """Gives columns the width of what they hold, the rest to the names; as many rows as the screen can show."""
        header, letters = self.widget.horizontalHeader(), self.widget.fontMetrics()
        for column in range(self.widget.columnCount):
            # Qt would keep room for the arrow of sorting in each of them.
            arrow = _ARROW if column == header.sortIndicatorSection() else 0
            heading = letters.horizontalAdvance(self.widget.horizontalHeaderItem(column).text()) + _BESIDE + arrow
            self.widget.setColumnWidth(column, max(heading, self.widget.sizeHintForColumn(column) + 1))
        header.setSectionResizeMode(_CLIP, qt.QHeaderView.Stretch)
        rows = _FEW_ROWS if slicer.util.mainWindow().height < _SMALL_SCREEN else _MANY_ROWS
        shown = min(rows, max(self.widget.rowCount, _FEW_ROWS))
        self.widget.setFixedHeight(header.sizeHint.height() + shown * (ICON[1] + 2) + 4)

    def _fill_row(self, row: int, clip: ExaminedClip) -> None:
        for column, (text, about) in enumerate(_cells(clip)):
            item = qt.QTableWidgetItem()
            # Numbers are sorted as numbers.
            item.setData(qt.Qt.DisplayRole, text)
            item.setToolTip(about)
            if column in (_FRAMES, _RATE, _SIZE):
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            if column == _CLIP:
                item.setData(qt.Qt.UserRole, clip.number)
                item.setIcon(qt.QIcon(picture_of(clip.thumbnail())))
            elif column == _TRUST and clip.light:
                lamp = qt.QPixmap(_LAMP, _LAMP)
                lamp.fill(qt.QColor(str(LAMPS[clip.light])))
                item.setData(qt.Qt.DecorationRole, lamp)
            elif column == _VIEW and clip.view_from[1] == SET:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            self.widget.setItem(row, column, item)


def picture_of(pixels: np.ndarray) -> Any:
    """A thumbnail (rows, columns) uint8 as QPixmap."""
    rows, columns = pixels.shape
    picture = qt.QPixmap()
    picture.loadFromData(qt.QByteArray(b"P5 %d %d 255\n" % (columns, rows) + pixels.tobytes()), "PGM")
    return picture


def view_in_words(clip: ExaminedClip) -> str:
    """'4CH 98 %'; without a share where no model tells one, or it is sure of none."""
    view, share = clip.view_from[0] or _("unknown"), clip.share
    return view if share is None else f"{view} {100 * share:.0f} %"


def _cells(clip: ExaminedClip) -> list[tuple[Any, str]]:
    """Text or number, and tooltip, of each column."""
    reasons = "\n".join(clip.reasons)
    warnings = "\n".join([*clip.reasons, *clip.row.get("warnings", ())])
    trust = clip.row.get("trust")
    rate, size = clip.frame_rate, clip.pixel_size
    if clip.failure:
        return [(clip.title, clip.failure), (_("not usable"), clip.failure), *[("", clip.failure)] * 4]
    return [
        (clip.title, warnings or clip.title),
        (view_in_words(clip), reasons),
        ("" if trust is None else f"{trust:.2f}", reasons or _about_trust(trust)),
        (clip.row["frames"], ""),
        ("" if rate is None else round(rate, 1), ""),
        (_("?") if size is None else round(size, 3), _("not calibrated") if size is None else ""),
    ]


def _about_trust(trust: float | None) -> str:
    return _("No model that is installed judges this") if trust is None else _("It shows a view that is known")
