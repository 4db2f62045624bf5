"""In amber: that Slicer joined several files into the chosen volume, or into one that could be chosen."""

from __future__ import annotations

from html import escape
from typing import Any

from EchoSynthMRML.joined import differing, doubt_about_joined, joined_files
from EchoSynthPanels.colors import WARNING


class JoinedNotice:
    """A label that is in sight as long as there is something to tell; `cine_button` makes a cine of such a volume."""

    def __init__(self, label: Any, cine_button: Any) -> None:
        self._label, self._cine_button = label, cine_button

    def follow(self, volume: Any, selector: Any) -> None:
        """Tells of the chosen volume; where none is chosen, of those that a selector offers and that are no cine."""
        offered = [] if volume is not None else map(selector.nodeFromIndex, range(selector.nodeCount()))
        # Each of the files, loaded one by one, becomes such a volume: one is enough to tell of.
        joined = {tuple(sorted(joined_files(node))): node for node in offered}
        doubts = [doubt_about_joined(node) for files, node in joined.items() if differing(list(files))]
        chosen = doubt_about_joined(volume)
        text = "<br>".join(escape(doubt) for doubt in [chosen, *doubts] if doubt)
        text = f'<span style="color:{WARNING}">{text}</span>' if text else ""
        if self._label.text != text:
            self._label.text = text
        self._label.visible = bool(text)
        # A gray one says why it is gray.
        if chosen and self._cine_button.enabled:
            self._cine_button.toolTip = chosen
