"""The New heart panel: a beating heart from sliders, cut anywhere, and the echo of the cut."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.heart import (
    HeartRequest,
    MadeHeart,
    SavedHeart,
    make_heart,
    save_heart,
    truth,
)
from EchoSynthJobs.job import Job
from EchoSynthLib.anatomy.heart3d.distributions import draw
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, views_for
from EchoSynthMRML.heart_models import parts_of
from EchoSynthPanels.new_heart.heart_views import ECHO, show_layout, shows_reconstructed
from EchoSynthPanels.new_heart.live_heart import the_live_heart
from EchoSynthPanels.panel import Panel, connect

BUTTONS_IN_ROW = 4
SAVED_FRAMES = 30
"""Of a beat: the frame rates of echo are above, and what is tracked from frame to frame moves little enough."""


class NewHeartPanel(Panel):
    """Sliders of the heart, its button, the planes, the phase, and what of it is saved."""

    ui_name = "NewHeart"
    apply_name = "newHeartButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.live = the_live_heart()
        self.live.changed.connect(self._show_live)
        self._drawn_for: tuple[str, int] | None = None
        self.view_buttons = self._add_view_buttons()
        connect(self.ui.newHeartSeedButton, "clicked()", self.draw_seed)
        connect(self.ui.heartBeatButton, "toggled(bool)", self.beat)
        connect(self.ui.saveHeartButton, "clicked()", self.save_volumes)
        connect(self.ui.saveBeatButton, "clicked()", self.save_beat)

    def owner_of(self, row: str) -> str:
        """See `Panel.owner_of`."""
        return _("Save the heart") if row == "saveHeartJobRow" else self.title

    def enter(self) -> None:
        """See `Panel.enter`."""
        self._follow()

    def exit(self) -> None:
        """See `Panel.exit`; in other modules a slice view is turned for other reasons."""
        self._stop_beating()
        self.live.follow(None)

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        self._drawn_for = None if parameters is None else _person(parameters)
        super().set_parameters(parameters)
        self._follow()

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """See `Panel.on_parameters_changed`; another person brings numbers of its own."""
        if self.parameters is not None and self._drawn_for != _person(self.parameters):
            self._drawn_for = _person(self.parameters)
            self._take_numbers()
        super().on_parameters_changed(caller, event)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        nothing = "" if self._there() else _("Make a heart first")
        for button in (*self.view_buttons.values(), self.ui.heartBeatButton):
            self.allow(button, nothing)
        for button in (self.ui.saveHeartButton, self.ui.saveBeatButton):
            self.allow(button, nothing or self.reason_of_runner)
        for name, button in self.view_buttons.items():
            button.checked = self._there() and self.live.view == name

    def job(self) -> Job[tuple[HeartRequest, MadeHeart]]:
        """See `Panel.job`."""
        # Where there is none yet, the plane is that of the view everybody knows.
        return self._made(self._request(self.live.view or ("" if self._there() else FOUR_CHAMBER.name)))

    def show(self, result: tuple[HeartRequest, MadeHeart]) -> None:
        """See `Panel.show`."""
        show_layout()
        request, made = result
        self.live.follow(self.parameters)
        if request.plane is None:
            self.live.aim(request.view)
        self.live.take(request, made)
        self.refresh()

    def draw_seed(self) -> None:
        """Takes another person."""
        self.parameters.heartSeed = random.randrange(1_000_000)

    def beat(self, on: bool) -> None:
        """Lets it beat, or keeps the phase at which it is stopped."""
        if on == self.live.beating:
            return
        self.live.beat(on)
        if not on and self.parameters is not None:
            self.parameters.heartPhase = round(100 * self.live.phase, 4)

    def save_volumes(self) -> None:
        """Adds the echo that is shown, and its label map, to the scene."""
        self._save(1)

    def save_beat(self) -> None:
        """Adds the cine of a beat, and its label maps, to the scene."""
        self._save(SAVED_FRAMES)

    def close(self) -> None:
        """See `Panel.close`."""
        super().close()
        self.live.changed.disconnect(self._show_live)
        if not self.live.changed.heard:
            self.live.follow(None)

    def _save(self, frames: int) -> None:
        self._stop_beating()

        def job() -> Job[SavedHeart]:
            self._check_engine()
            return save_heart(slicer.mrmlScene, self.engine.client, self.live.request(), frames)

        self.start(self.owner_of("saveHeartJobRow"), job, self._show_saved)

    def _show_saved(self, saved: SavedHeart) -> None:
        self.parameters.inputVolume, self.parameters.labelMap = saved.image, saved.segmentation
        self.live.show_cut_again()
        told = _("'{image}' and its label map are in the scene, chosen in all modules. True: {truth}.")
        self.tell(self.ui.saveHeartResultLabel, told.format(image=saved.image.GetName(), truth=truth(saved.record)))

    def _request(self, view: str) -> HeartRequest:
        self.live.follow(self.parameters)
        if view:
            self.live.aim(view)
        return self.live.request()

    def _made(self, request: HeartRequest) -> Job[tuple[HeartRequest, MadeHeart]]:
        made = yield from make_heart(self.engine.client, request)
        return request, made

    def _follow(self) -> None:
        """Follows sliders and plane as long as the module is before the user and there is a heart."""
        shown = self.parameters is not None and self.widget.isVisible() and self._there() and not shows_reconstructed()
        self.live.follow(self.parameters if shown else None)
        if self.parameters is not None:
            self.refresh()

    def _there(self) -> bool:
        return ECHO in parts_of(slicer.mrmlScene)

    def _stop_beating(self) -> None:
        self.ui.heartBeatButton.checked = False

    def _take_numbers(self) -> None:
        """Moves the sliders to the numbers of the person that is chosen."""
        if self.binding:
            return
        drawn = draw(self.parameters.heartSeed, self.parameters.heartCondition.value)
        blocked = self.parameters.parameterNode.StartModify()
        self.parameters.heartEjectionFraction = float(round(100 * drawn.ejection_fraction))
        self.parameters.heartVolume = float(round(drawn.lv_edv_ml))
        self.parameters.heartWall = round(drawn.wall_mm, 1)
        self.parameters.parameterNode.EndModify(blocked)

    def _add_view_buttons(self) -> dict[str, Any]:
        grid = qt.QGridLayout(self.ui.heartViewButtons)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        buttons = {}
        for index, view in enumerate(views_for("heart cuts")):
            button = qt.QToolButton()
            button.setObjectName(f"heartView{index}Button")
            button.text = view.name
            button.toolTip = view.long_name[0].upper() + view.long_name[1:]
            button.checkable = True
            button.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
            connect(button, "clicked()", partial(self.aim, view.name))
            grid.addWidget(button, index // BUTTONS_IN_ROW, index % BUTTONS_IN_ROW)
            buttons[view.name] = button
        return buttons

    def aim(self, view: str) -> None:
        """Lays the plane where a standard view has it."""
        self.live.aim(view)
        self.refresh()

    def _show_live(self) -> None:
        if self.parameters is None:
            return
        beating = self.live.beating
        self.ui.heartBeatButton.checked = beating
        if beating:
            blocked = self.ui.heartPhaseSlider.blockSignals(True)
            self.ui.heartPhaseSlider.value = 100 * self.live.phase
            self.ui.heartPhaseSlider.blockSignals(blocked)
        for name, button in self.view_buttons.items():
            button.checked = self.live.view == name
        text = told(self.live.record, self.live.problem)
        if self.ui.newHeartResultLabel.text != text:
            self.tell(self.ui.newHeartResultLabel, text)


def told(record: dict[str, Any] | None, problem: str) -> str:
    """What is true of the heart that is shown, and what plane it is cut in."""
    if problem:
        return problem
    if record is None:
        return ""
    now = ", ".join(f"{name} {values[0]:.0f}" for name, values in record["volumes_ml"].items() if name != "LV wall")
    near = record["nearest_view"]
    plane = _("{degrees:.0f}° and {mm:.0f} mm off {view}").format(**near) if near["degrees"] + near["mm"] > 1 else ""
    plane = plane or near["view"]
    lines = [truth(record), _("Now {volumes} ml").format(volumes=now), _("Plane: {plane}").format(plane=plane)]
    return ". ".join([*lines, *record.get("warnings", [])]).rstrip(".") + "."


def _person(parameters: Any) -> tuple[str, int]:
    return parameters.heartCondition.value, parameters.heartSeed
