"""What all panels share: their .ui, the parameter node, the button that becomes Cancel, and reasons for being gray."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthJobs.job import Job
from EchoSynthLib.errors import EchoSynthError
from EchoSynthPanels.application.engine import the_engine, the_runner
from EchoSynthPanels.application.packages import RESOURCES
from EchoSynthPanels.decimal_point import accept_both_decimal_points
from EchoSynthPanels.job_row import JobRow, RoomForText, let_grow

AFTER_THE_WRAPPER = -1.0
"""Priority of who reads parameters when they change: the wrapper has brought its own copies up to date by then."""

LEAST_LETTERS = 12
"""Of what is chosen, that are to be seen in any case."""


class SingleClicks(qt.QObject):
    """Makes a button of a double-click's first half alone: the second is no wish to cancel what the first began."""

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Swallows the second press."""
        return bool(event.type() == qt.QEvent.MouseButtonDblClick)


class Panel(VTKObservationMixin):
    """One section of the module.

    Attributes:
        ui_name: of the .ui file.
        apply_name: of its button that starts its job, '' where it has none.
        needs_engine: whether its job needs what the Engine panel installs.
        title: of its job, for button and log.
        binding: whether its widgets are taking over what a scene says, rather than what a user chooses.
    """

    ui_name: ClassVar[str]
    apply_name: ClassVar[str] = ""
    needs_engine: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.engine, self.runner = the_engine(), the_runner()
        self.widget = slicer.util.loadUI(str(RESOURCES / "UI" / f"{self.ui_name}.ui"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        # A long name of a node is no reason to take width from the views.
        for choice in self.widget.findChildren(qt.QComboBox):
            choice.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(LEAST_LETTERS)
        # A folded section is its headline: the strip that Qt's toolkit leaves below it is room that small screens lack.
        for section in self.widget.findChildren("ctkCollapsibleButton"):
            section.collapsedHeight = 0
            # In a module that has to be scrolled it would else be squeezed, its last line under the next section.
            section.setSizePolicy(section.sizePolicy.horizontalPolicy(), qt.QSizePolicy.Minimum)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.parameters: Any = None
        self.binding = False
        self._gui_tag: Any = None
        self._apply: Any = getattr(self.ui, self.apply_name) if self.apply_name else None
        self.title = self._apply.text if self._apply is not None else self.ui_name
        if self._apply is not None:
            connect(self._apply, "clicked()", self.apply_or_cancel)
            self._single_clicks = SingleClicks()
            self._apply.installEventFilter(self._single_clicks)
        self._room = RoomForText()
        self._results = [label for name, label in vars(self.ui).items() if name.endswith("ResultLabel")]
        for label in self._results:
            # Beside a caption it keeps its room; without one it takes none as long as there is nothing to tell.
            has_caption = hasattr(self.ui, f"{label.objectName}Label")
            let_grow(label, self._room, lines=2 if has_caption else 0)
            label.visible = has_caption
            # A long word, as a checksum or a path, does not widen the module.
            label.setSizePolicy(qt.QSizePolicy.Ignored, label.sizePolicy.verticalPolicy())
        self.rows = {
            name: JobRow(self.runner, partial(self.owner_of, name), place, self._results, self._offers_cancel(name))
            for name, place in vars(self.ui).items()
            if name.endswith("JobRow")
        }
        self._decimal_points = accept_both_decimal_points(self.widget)
        self.runner.changed.connect(self.refresh)
        self.engine.changed.connect(self.refresh)
        self._told_about: tuple[Any, ...] = ()
        self._taking = False
        self._abouts: dict[str, str] = {}
        self.set_up()

    def owner_of(self, row: str) -> str:
        """The owner of the jobs whose progress a row (JobRow) of the .ui shows."""
        return self.title

    def _offers_cancel(self, row: str) -> bool:
        """Whether the row has to: the button that starts the panel's own job becomes Cancel itself."""
        return self._apply is None or self.owner_of(row) != self.title

    def row(self, owner: str = "") -> JobRow:
        """The row of an owner's jobs, by default of the panel's own."""
        return next(row for name, row in self.rows.items() if self.owner_of(name) == (owner or self.title))

    def set_up(self) -> None:
        """Connects the panel's own widgets; called once."""

    def enter(self) -> None:
        """Called when the panel's module is opened."""

    def exit(self) -> None:
        """Called when the panel's module is left for another."""

    def allow(self, button: Any, reason: str = "") -> None:
        """Lets a button be pressed, or grays it and says in its tooltip why, '' where nothing stands against it."""
        about = self._abouts.setdefault(button.objectName, button.toolTip)
        button.enabled = not reason
        button.toolTip = reason or about

    @property
    def reason_of_runner(self) -> str:
        """Why nothing can be started now, '' where it can."""
        return _("Another task is running: {owner}").format(owner=self.runner.owner) if self.runner.busy else ""

    def unfold(self) -> None:
        """Opens its section."""
        self.widget.findChild("ctkCollapsibleButton").collapsed = False

    def set_parameters(self, parameters: Any) -> None:
        """Binds the widgets to another parameter node; None unbinds them."""
        if self.parameters is not None:
            self.parameters.disconnectGui(self._gui_tag)
            self.removeObservers()
        self.parameters = parameters
        if parameters is not None:
            self.binding = True
            self._gui_tag = parameters.connectGui(self.ui)
            self.binding = False
            self.addObserver(
                parameters.parameterNode, "ModifiedEvent", self.on_parameters_changed, priority=AFTER_THE_WRAPPER
            )
            self.addObserver(
                parameters.parameterNode, "ModifiedEvent", self._forget_the_stale, priority=AFTER_THE_WRAPPER
            )
            self.refresh()

    def told_about(self) -> tuple[Any, ...]:
        """The nodes that results and messages are about: once others are chosen they are forgotten."""
        return ()

    def _forget_the_stale(self, caller: Any = None, event: Any = None) -> None:
        if self.runner.busy or self._taking or self.parameters is None:
            return
        if self.told_about() != self._told_about:
            self._told_about = self.told_about()
            self.forget()

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """Called whenever a parameter has changed; what is out of sight is refreshed when its module is opened."""
        if self.widget.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Shows the state of things."""
        if self._apply is None or self.parameters is None:
            return
        mine = self.runner.busy and self.runner.owner == self.title
        reason = "" if mine else self._reason()
        self._apply.text = _("Cancel") if mine else self.title
        self._apply.enabled = not reason
        self._apply.toolTip = reason or (_("Stop; nothing will be changed") if mine else self.title)

    def reason_not_to_apply(self) -> str:
        """Why the panel's job cannot start, '' if it can."""
        return ""

    def job(self) -> Job[Any]:
        """The panel's job."""
        raise NotImplementedError

    def show(self, result: Any) -> None:
        """Shows what the job gave."""

    def warnings_of(self, result: Any) -> Iterable[str]:
        """What is doubtful about a result, as its record tells."""
        record = result if isinstance(result, dict) else getattr(result, "record", {})
        return record.get("warnings", ())

    def apply_or_cancel(self) -> None:
        """Starts the panel's job, or cancels it if it runs."""
        if self.runner.busy and self.runner.owner == self.title:
            self.runner.cancel()
            return
        self.start(self.title, self._checked_job, self.show)

    def start(self, owner: str, job: Callable[[], Job[Any]], show: Callable[[Any], None]) -> None:
        """Starts a job of the panel, after which `show` gets its result; what keeps it from starting is told below."""
        for label in self._results:
            self.tell(label, "")
        self._told_about = self.told_about()

        def take(result: Any) -> None:
            # A result that becomes what is chosen is not stale by that.
            self._taking = True
            try:
                show(result)
            finally:
                self._taking = False
                self._told_about = self.told_about()
            self.row(owner).warn(self.warnings_of(result))

        try:
            self.runner.start(owner, job(), take)
        except Exception as error:
            self.row(owner).fail(error)
            self.runner.say(f"{owner}: {error}")

    def tell(self, label: Any, text: str) -> None:
        """Tells what came of something, in a label that takes no room where it has neither a text nor a caption."""
        label.text = text
        label.visible = bool(text) or hasattr(self.ui, f"{label.objectName}Label")

    def forget(self) -> None:
        """Forgets what came of jobs: their scene goes."""
        for label in self._results:
            self.tell(label, "")
        for row in self.rows.values():
            row.clear()

    def _checked_job(self) -> Job[Any]:
        self._check_engine()
        return self.job()

    def close(self) -> None:
        """Lets go of everything outside."""
        self.set_parameters(None)
        for row in self.rows.values():
            row.close()
        self.runner.changed.disconnect(self.refresh)
        self.engine.changed.disconnect(self.refresh)

    def _check_engine(self) -> None:
        if self.needs_engine:
            self.engine.check()

    def _reason(self) -> str:
        if self.runner.busy:
            return self.reason_of_runner
        try:
            self._check_engine()
            return self.reason_not_to_apply()
        except EchoSynthError as error:
            return str(error)


def connect(widget: Any, signal: str, slot: Any) -> None:
    """Connects a Qt signal, and says so loudly where there is none of that name."""
    if not widget.connect(signal, slot):
        raise AttributeError(f"{widget} has no signal {signal}")


def name_output(section: Any, output: Any) -> None:
    """Says in the headline of a folded section which node its output selector lets the job replace."""
    name = output.GetName() if output is not None else ""
    section.text = _("Advanced (replaces {name})").format(name=name) if name else _("Advanced")


def confirmed(question: str) -> bool:
    """Asks the user; in testing mode nobody is there to answer, and the answer is yes."""
    # There Slicer's own function shows nothing, and returns False although it documents True.
    return slicer.util.confirmOkCancelDisplay(question) or slicer.app.testingEnabled()
