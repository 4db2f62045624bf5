"""The Measure panel: label maps or images in; table, curves, traffic light and report out; an endocardium to drag."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.measure import Measured
from EchoSynthJobs.measured_frames import frame_shown, is_image, reference_of
from EchoSynthJobs.study import doubts_of
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.measurement import rows_of, write_csv, write_report
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.tables import write_rows
from EchoSynthPanels.job_row import let_grow
from EchoSynthPanels.measure.choice import job_of, needs_engine, reason_not_to_measure, scope_of
from EchoSynthPanels.measure.curve import EndocardiumCurve
from EchoSynthPanels.measure.layouts import show_measurements
from EchoSynthPanels.measure.nodes import CHARTS, MeasureNodes
from EchoSynthPanels.measure.study_rows import StudyRows
from EchoSynthPanels.measure.texts import lamps, reasons_in_full, told_result
from EchoSynthPanels.measure.warm_up import WarmUp
from EchoSynthPanels.panel import Panel, connect
from EchoSynthPanels.parameters import MeasureScope
from EchoSynthPanels.synthesis.live import EDITS

PAUSE_MS = 50
"""One edit of a segmentation tells of itself several times; this much quiet ends it."""


class MeasurePanel(Panel):
    """What is measured, what came of it, how far to rely on it, and where to write it."""

    ui_name = "Measure"
    apply_name = "measureButton"
    needs_engine = False

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.measured: Measured | None = None
        self.nodes: MeasureNodes | None = None
        self._shown: str | None = None
        self._curve_is_due = False
        self._browsers: set[Any] = set()
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.connect("timeout()", self._read_again)
        self.curve = EndocardiumCurve()
        self.curve.moved.connect(self._draw)
        self.warm_up = WarmUp()
        self._about_lights = self.ui.lightResultLabel.toolTip
        self._about_files = {button: button.toolTip for button in (self.ui.reportButton, self.ui.csvButton)}
        for label in (self.ui.studyLabel, self.ui.contourLabel):
            let_grow(label, self._room)
        self.rows_of_study = StudyRows(self.ui, self.ui.measureButton)
        self.rows_of_study.changed.connect(self.refresh)
        connect(self.ui.showContourCheckBox, "toggled(bool)", self._on_contour_shown)
        connect(self.ui.measureSection, "contentsCollapsed(bool)", self._on_folded)
        connect(self.ui.writeButton, "clicked()", self.write)
        connect(self.ui.reportButton, "clicked()", self.ask_and_write_report)
        connect(self.ui.csvButton, "clicked()", self.ask_and_write_csv)

    def enter(self) -> None:
        """See `Panel.enter`."""
        self._on_folded(self.ui.measureSection.collapsed)

    def exit(self) -> None:
        """See `Panel.exit`; points to drag would lie in the way of the brush."""
        self._hide_curve()

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`; what was measured in a scene that is closed is gone."""
        if parameters is None:
            self._forget()
            self.ui.measureResultLabel.text = self.ui.lightResultLabel.text = ""
            self._show_results()
        super().set_parameters(parameters)
        self.rows_of_study.set_parameters(parameters)
        self._watch()
        if parameters is not None and not self.ui.measureSection.collapsed:
            self.warm_up.start()

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self.ui.viewsRows.visible = self.scope is MeasureScope.VIEWS
        self._show_results()
        reason = self._reason_not_to_write()
        self.ui.writeButton.enabled = not reason
        self.ui.writeButton.toolTip = reason or _("Make the cavity of the segmentation what the endocardium encloses")
        self._tell_contour()
        self.follow_frame()

    def _show_results(self) -> None:
        """Shows what came of it, and where to write it; before that nothing takes its room."""
        for label, caption in (
            (self.ui.measureResultLabel, self.ui.measureResultLabelLabel),
            (self.ui.lightResultLabel, self.ui.lightResultLabelLabel),
        ):
            label.visible = caption.visible = bool(label.text)
        running = self.reason_of_runner
        for button, about in self._about_files.items():
            button.visible = self.measured is not None
            button.enabled = self.measured is not None and not running
            button.toolTip = running or about

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        reason = reason_not_to_measure(self.parameters, self.scope, self.rows_of_study)
        if not reason and needs_engine(self.parameters, self.scope, self.rows_of_study):
            self.engine.check()
        return reason

    @property
    def scope(self) -> MeasureScope:
        """What is measured: what was chosen, or what there is."""
        return scope_of(self.parameters, self.rows_of_study)

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """See `Panel.on_parameters_changed`; another image may be another patient's, and has another curve."""
        self.rows_of_study.note_choice()
        self.rows_of_study.look_soon()
        super().on_parameters_changed(caller, event)
        self._on_browsed()

    def forget(self) -> None:
        """See `Panel.forget`."""
        super().forget()
        self._forget()
        self._show_results()

    def warnings_of(self, result: Measured) -> list[str]:
        """See `Panel.warnings_of`; what the rows of the study tell is told there."""
        study = self.rows_of_study.study
        told = () if study is None else doubts_of(slicer.mrmlScene, study, self.rows_of_study.by_hand)
        return [text for text in result.record.get("warnings", ()) if text not in told]

    def job(self) -> Job[Measured]:
        """See `Panel.job`."""
        self.rows_of_study.fill()
        return job_of(self.parameters, self.scope, self.rows_of_study, self.engine.client, self.engine.ready)

    def show(self, result: Measured) -> None:
        """See `Panel.show`."""
        self._forget()
        self.measured, self.nodes = result, MeasureNodes(result.source, result.name)
        cines = (cine_of(node) for node in {place.node for place in result.places.values()})
        self._browsers = {cine.browser for cine in cines if cine is not None and cine.browser is not None}
        self._watch()
        self._show_one()
        frames = {where: place.frame for where, place in result.places.items()}
        self.rows_of_study.tell_measured(frames, any(frame.exchanged for frame in result.study.frames.values()))
        self._tell()
        charts = {kind: self.nodes.chart(kind) for kind in CHARTS} if result.study.cycle is not None else {}
        known = {kind: chart for kind, chart in charts.items() if chart is not None}
        # Numbers first: the curve takes a turn of the event loop of its own.
        self._curve_is_due = True
        show_measurements(self.nodes.table, known, self._lay_curve)
        self.refresh()

    def _show_one(self) -> None:
        """Views lie on one another; the one that is chosen, or else the first, is shown alone."""
        if self.measured is None:
            return
        nodes = [place.node for place in self.measured.places.values()]
        if not {self.parameters.labelMap, self.parameters.inputVolume} & set(nodes):
            setattr(
                self.parameters, "inputVolume" if is_image(self.measured.source) else "labelMap", self.measured.source
            )
        image = None if self.parameters.labelMap not in nodes else reference_of(self.parameters.labelMap)
        if image is not None:
            self.parameters.inputVolume = image
        for node in nodes:
            if node is not self.parameters.labelMap and node.IsA("vtkMRMLSegmentationNode"):
                node.SetDisplayVisibility(False)

    def follow_frame(self) -> None:
        """Lays the endocardium of the shown frame on it."""
        where = self._place_shown()
        if self.measured is None or self.nodes is None or where == self._shown or self._curve_is_due:
            return
        if not self.ui.showContourCheckBox.checked or not self.widget.isVisible():
            return
        frame = None if where is None else self.measured.frames[where]
        if where is None or frame is None or frame.endocardium is None:
            self._hide_curve()
            self._shown = where
            return
        self._shown = where
        place = self.measured.places[where]
        self.curve.show(self.nodes.handles, self.nodes.line, place, frame.endocardium)

    def write(self) -> None:
        """Writes what was dragged into the segmentation."""
        with slicer.util.tryWithErrorDisplay(_("The endocardium could not be written.")):
            if self.measured is not None:
                self.measured.write()
                self.curve.bring_to_front()
                self.refresh()

    def ask_and_write_report(self) -> None:
        """Asks for a file and writes the report."""
        path = qt.QFileDialog.getSaveFileName(self.widget, _("Write the report"), self._file(".html"), "HTML (*.html)")
        if path:
            with slicer.util.tryWithErrorDisplay(_("The report could not be written.")):
                self.write_report(Path(path))
                qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(path))

    def write_report(self, path: Path) -> None:
        """Writes the report as the command line does."""
        if self.measured is not None:
            pictures = {where: place.picture() for where, place in self.measured.places.items()}
            images = {where: picture for where, picture in pictures.items() if picture is not None}
            write_report(path, self.measured.study, images, title=self.measured.name)

    def ask_and_write_csv(self) -> None:
        """Asks for a file and writes the table."""
        path = qt.QFileDialog.getSaveFileName(self.widget, _("Write the table"), self._file(".csv"), "CSV (*.csv)")
        if path:
            with slicer.util.tryWithErrorDisplay(_("The table could not be written.")):
                self.write_csv(Path(path))

    def write_csv(self, path: Path) -> None:
        """Writes the table as the command line does."""
        if self.measured is not None:
            write_csv(path, rows_of(self.measured.name, self.measured.study))

    def _draw(self, endocardium: Endocardium) -> None:
        """Measures the shown frame anew, with the endocardium as it is dragged."""
        if self.measured is None or self._shown is None:
            return
        try:
            self.measured.draw(self._shown, endocardium)
        except EchoSynthError as error:
            self.ui.measureResultLabel.text = str(error)
            return
        self._tell()
        self.ui.writeButton.enabled = not self._reason_not_to_write()
        self._tell_contour()

    def _tell_contour(self) -> None:
        """Says what can be done with the contour now."""
        if self.measured is None:
            text = _("Measure first; then drag its points P1 to P7 in the image")
        elif self.measured.drawn:
            frames = ", ".join(where or _("this frame") for where in self.measured.drawn)
            text = _("Not in the segmentation yet: {frames}").format(frames=frames)
        else:
            text = _("Drag P1 to P7 in the image; the numbers follow")
        if self.ui.contourLabel.text != text:
            self.ui.contourLabel.text = text

    def _tell(self) -> None:
        if self.measured is None or self.nodes is None:
            return
        self.nodes.write(self.measured)
        self.ui.measureResultLabel.text = told_result(self.measured)
        self.ui.lightResultLabel.text = lamps(self.measured.study)
        # A plain text is not broken into lines: each reason would be as wide as the screen.
        reasons = reasons_in_full(self.measured.study)
        told = "".join(f"<p>{escape(text)}</p>" for text in (*reasons.splitlines(), self._about_lights))
        self.ui.lightResultLabel.toolTip = f"<html>{told}</html>"
        self._show_results()

    def _watch(self) -> None:
        # Of what is bound to another parameter node, `Panel` takes all observers away.
        for browser in self._browsers:
            if not self.hasObserver(browser, "ModifiedEvent", self._on_browsed):
                self.addObserver(browser, "ModifiedEvent", self._on_browsed)
        if self.measured is None:
            return
        if not self.hasObserver(slicer.mrmlScene, slicer.vtkMRMLScene.NodeRemovedEvent, self._on_removed):
            self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.NodeRemovedEvent, self._on_removed)
        for node in {place.node for place in self.measured.places.values()}:
            for edit in EDITS:
                if not self.hasObserver(node, edit, self._on_edit):
                    self.addObserver(node, edit, self._on_edit)

    def _on_edit(self, caller: Any = None, event: Any = None) -> None:
        self._pause.start()

    def _read_again(self) -> None:
        """Follows an edit of the shown label map."""
        where = self._place_shown()
        if self.measured is None or where is None:
            return
        try:
            edited = self.measured.read_again(where)
        except EchoSynthError as error:
            self._withdraw(str(error))
            return
        if edited:
            self._shown = None
            self._tell()
            self.refresh()

    def _withdraw(self, reason: str) -> None:
        """Takes back numbers that no longer hold."""
        if self.nodes is not None:
            write_rows(self.nodes.table, [])
        self._forget()
        self.ui.measureResultLabel.text, self.ui.lightResultLabel.text = reason, ""
        self.refresh()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _on_removed(self, caller: Any, event: Any, node: Any) -> None:
        """Of a label map that is gone, nothing is shown as if it held."""
        if self.measured is None or self.nodes is None or node not in [p.node for p in self.measured.places.values()]:
            return
        nodes, name = self.nodes, node.GetName()
        self._forget()
        nodes.mark_as_left(name)
        told = _("'{name}' was removed; what was measured stays in the table.").format(name=name)
        self.ui.measureResultLabel.text, self.ui.lightResultLabel.text = told, ""
        self.refresh()

    def _on_browsed(self, caller: Any = None, event: Any = None) -> None:
        # A cine that plays while the panel is out of sight is not to be slowed down by it.
        if self.ui.measureButton.visible:
            self.follow_frame()
        elif self._shown is not None and self._shown != self._place_shown():
            self._hide_curve()

    def _place_shown(self) -> str | None:
        """Which of the measured places the chosen label map or image shows now; None where it shows none."""
        if self.measured is None or self.parameters is None:
            return None
        nodes = [place.node for place in self.measured.places.values()]
        chosen = (self.parameters.labelMap, self.parameters.inputVolume)
        unchosen = self.measured.source if self.parameters.labelMap is None else None
        node = next((node for node in chosen if node is not None and node in nodes), unchosen)
        if node is None:
            return None
        frame = frame_shown(node)
        places = self.measured.places.items()
        return next((where for where, place in places if place.node is node and place.frame == frame), None)

    def _reason_not_to_write(self) -> str:
        if self.measured is None:
            return _("Measure first")
        if self.runner.busy:
            return self.reason_of_runner
        if not self.measured.drawn:
            return _("Drag a point of the endocardium first")
        nodes = [self.measured.places[where].node for where in self.measured.drawn]
        if any(map(is_image, nodes)):
            return _("There is no segmentation; segment the image first, and measure again")
        if not all(node.IsA("vtkMRMLSegmentationNode") for node in nodes):
            return _("The label map is no segmentation; make it one in EchoSynth (Edit label map), and measure again")
        return ""

    def _on_contour_shown(self, shown: bool) -> None:
        if shown:
            self.follow_frame()
        else:
            self._hide_curve()

    def _on_folded(self, folded: bool) -> None:
        if not folded:
            self.warm_up.start()
            self.rows_of_study.fill()
            self.follow_frame()

    def _lay_curve(self) -> None:
        self._curve_is_due = False
        if self.parameters is not None:
            self.follow_frame()

    def _hide_curve(self) -> None:
        self._shown = None
        self.curve.let_go()
        if self.nodes is not None and self.nodes.table.GetScene() is not None:
            self.nodes.hide_curve()

    def _file(self, suffix: str) -> str:
        return str(Path.home() / f"{self.measured.name if self.measured else 'measurements'}{suffix}")

    def _forget(self) -> None:
        self._hide_curve()
        self._pause.stop()
        for observer in (self._on_browsed, self._on_edit, self._on_removed):
            self.removeObservers(observer)
        self.measured, self.nodes, self._browsers = None, None, set()
