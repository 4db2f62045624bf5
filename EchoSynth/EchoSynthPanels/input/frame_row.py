"""Frame k of n of the chosen cine: steps through its frames, and to the phases that were found in it."""

from __future__ import annotations

from functools import partial
from typing import Any

from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.phases import phases_of
from EchoSynthPanels.panel import connect


class FrameRow(VTKObservationMixin):
    """Follows the browser of a cine.

    Args:
        row: what holds the controls, out of sight for what is no cine.
        number: QSpinBox of the frame shown.
        back, forward: buttons for the frame before and after it; from the last one goes on to the first.
        phases: 'ED' and 'ES' to their buttons, each for the next frame of its phase.
    """

    def __init__(self, row: Any, number: Any, back: Any, forward: Any, phases: dict[str, Any]) -> None:
        super().__init__()
        self._row, self._number, self._phases = row, number, phases
        self._cine: Cine | None = None
        connect(number, "valueChanged(int)", self._go_to)
        connect(back, "clicked()", partial(self._step, -1))
        connect(forward, "clicked()", partial(self._step, 1))
        for phase, button in phases.items():
            connect(button, "clicked()", partial(self._jump, phase))

    def follow(self, volume: Any) -> None:
        """Follows the cine that a volume shows; a single frame, or None, has no frames to step through."""
        cine = cine_of(volume) if volume is not None else None
        if cine is not None and cine.browser is None:
            cine = None
        if _nodes(cine) != _nodes(self._cine):
            self.removeObservers()
            for node in _nodes(cine):
                self.addObserver(node, "ModifiedEvent", self._show)
        self._cine = cine
        self._show()

    def _show(self, caller: Any = None, event: Any = None) -> None:
        cine = self._cine
        self._row.setVisible(cine is not None)
        if cine is None:
            return
        blocked = self._number.blockSignals(True)
        self._number.setRange(0, len(cine) - 1)
        self._number.setSuffix(_(" (0 to {last})").format(last=len(cine) - 1))
        self._number.setValue(cine.shown or 0)
        self._number.blockSignals(blocked)
        for phase, frames in phases_of(cine).items():
            button = self._phases[phase]
            button.enabled = bool(frames)
            button.toolTip = _about(phase, frames)

    def _go_to(self, frame: int) -> None:
        if self._cine is not None:
            self._cine.browser.SetSelectedItemNumber(frame)

    def _step(self, frames: int) -> None:
        if self._cine is not None:
            self._go_to(((self._cine.shown or 0) + frames) % len(self._cine))

    def _jump(self, phase: str) -> None:
        if self._cine is None:
            return
        frames, shown = phases_of(self._cine)[phase], self._cine.shown or 0
        if frames:
            self._go_to(next((frame for frame in frames if frame > shown), frames[0]))


def _nodes(cine: Cine | None) -> tuple[Any, ...]:
    return () if cine is None else (cine.browser, cine.sequence)


def _about(phase: str, frames: list[int]) -> str:
    name = {"ED": _("End-diastole"), "ES": _("End-systole")}[phase]
    if not frames:
        return _("{phase} is not known yet: segment all frames, or measure the whole cine").format(phase=name)
    told = ", ".join(map(str, frames))
    return _("{phase}: go to frame {frames}").format(phase=name, frames=told)
