"""The Examination panel: a folder in, a table of its clips; the chosen one shown; all segmented, the study measured."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.examine import bring_into_scene, correct, examine_folder, examine_scene
from EchoSynthJobs.examined_study import SegmentedClips, apical_clips, measure_examination, segment_apical
from EchoSynthJobs.job import Job
from EchoSynthJobs.measure import Measured
from EchoSynthJobs.measured_frames import reference_of
from EchoSynthJobs.where_it_looked import where_it_looked
from EchoSynthLib.anatomy.views import VIEWS
from EchoSynthLib.measurement.study_places import MODEL, NAME, SET
from EchoSynthMRML.examinations import EXAMINATION, ExaminedClip, clips_of, is_examination, volume_of
from EchoSynthMRML.study_clips import clips_in
from EchoSynthPanels.application.navigation import open_panel
from EchoSynthPanels.application.views import show_alone, show_player
from EchoSynthPanels.examination.clip_table import ClipTable
from EchoSynthPanels.examination.looked import Looked
from EchoSynthPanels.examination.share_bars import ShareBars
from EchoSynthPanels.measure.layouts import show_measurements
from EchoSynthPanels.measure.nodes import MeasureNodes
from EchoSynthPanels.measure.texts import lamps, told_result
from EchoSynthPanels.panel import Panel, connect

PAUSE_MS = 250
"""So long a clip is selected before it is opened: whoever walks through the table opens none on the way."""


class ExaminationPanel(Panel):
    """The folder, the table, the chosen clip, and what is done with all of them."""

    ui_name = "Examination"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.measured: Measured | None = None
        self.clips: list[ExaminedClip] = []
        self._filled: tuple[Any, ...] = ()
        self._told = ""
        self.looked = Looked()
        self.table, self.bars = ClipTable(self.ui.clipTable), ShareBars(self.ui.shareBars)
        self.ui.examinationSelector.addAttribute("vtkMRMLTextNode", EXAMINATION)
        self.ui.correctComboBox.addItems([_("As it is seen"), *(f"{view.name}: {view.long_name}" for view in VIEWS)])
        self._pause = qt.QTimer()
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.connect("timeout()", self.open_chosen)
        connect(self.ui.openFolderButton, "clicked()", self.ask_and_examine)
        connect(self.ui.loadedButton, "clicked()", self.examine_loaded)
        connect(self.ui.clipTable, "itemSelectionChanged()", self._on_selected)
        connect(self.ui.correctComboBox, "activated(int)", self._on_corrected)
        connect(self.ui.lookedCheckBox, "clicked(bool)", self._on_looked)
        connect(self.ui.segmentApicalButton, "clicked()", self.segment)
        connect(self.ui.measureStudyButton, "clicked()", self.measure)
        connect(self.ui.openMeasureButton, "clicked()", self.open_measure)

    def owner_of(self, row: str) -> str:
        """See `Panel.owner_of`."""
        return _("Study") if row == "studyJobRow" else self.title

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return (self.parameters.examination,)

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`; the table shows the examination that a scene brings."""
        if parameters is None:
            self._pause.stop()
            self._look_away()
            self.measured, self._filled, self.clips = None, (), []
        super().set_parameters(parameters)

    def exit(self) -> None:
        """See `Panel.exit`; the map would lie in the way of other modules."""
        self._look_away()

    def forget(self) -> None:
        """See `Panel.forget`."""
        super().forget()
        self.measured, self._told = None, ""

    @property
    def node(self) -> Any:
        """The examination that is shown, None where there is none."""
        node = None if self.parameters is None else self.parameters.examination
        return node if is_examination(node) else None

    @property
    def chosen(self) -> ExaminedClip | None:
        """The clip that is selected in the table."""
        number = self.table.chosen
        return self.clips[number] if number is not None and number < len(self.clips) else None

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self._fill()
        nothing = self.reason_of_runner or self._reason_of_engine()
        for button in (self.ui.openFolderButton, self.ui.loadedButton):
            self.allow(button, nothing)
        empty = "" if self.node is not None else _("Open a folder first")
        apical = "" if apical_clips(self.clips) else _("No clip shows two or four chambers; correct the view of one")
        for button in (self.ui.segmentApicalButton, self.ui.measureStudyButton):
            self.allow(button, nothing or empty or apical)
        several = self.ui.examinationSelector.nodeCount() > 1
        self.ui.examinationSelector.visible = self.ui.examinationSelectorLabel.visible = several
        self.ui.emptyLabel.visible = self.node is None
        self.ui.clipTable.visible = self.ui.studyRow.visible = self.node is not None
        self.ui.openMeasureButton.visible = self.measured is not None
        self.tell(self.ui.studyResultLabel, self._told)
        self._show_chosen()

    def ask_and_examine(self) -> None:
        """Asks for a folder and looks through it."""
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Open the folder of an examination"))
        if folder:
            self.examine(Path(folder))

    def examine(self, folder: Path) -> None:
        """Looks through a folder."""
        self.start(self.title, lambda: self._checked(examine_folder, folder), self._take_examination)

    def examine_loaded(self) -> None:
        """Looks through the clips of the scene that are of the chosen image's patient."""
        chosen = self.parameters.inputVolume
        self.start(self.title, lambda: self._checked(examine_scene, chosen), self._take_examination)

    def open_chosen(self) -> None:
        """Shows the chosen clip, which is opened where it is not in the scene."""
        clip = self.chosen
        if clip is None or clip.failure or self.node is None:
            return
        volume = volume_of(self.node, clip.number)
        if volume is not None:
            self._show(volume)
        elif not self.runner.busy:
            self.start(self.title, lambda: self._checked(bring_into_scene, self.node, clip.number), self._take_clip)

    def segment(self) -> None:
        """Segments all apical clips."""
        self.measured = None
        self.start(self.owner_of("studyJobRow"), lambda: self._checked(segment_apical, self.node), self._take_segmented)

    def measure(self) -> None:
        """Measures the study."""
        self.measured = None
        number = self.table.chosen
        self.start(
            self.owner_of("studyJobRow"),
            lambda: self._checked(measure_examination, self.node, number),
            self._take_measured,
        )

    def open_measure(self) -> None:
        """Goes on in EchoMeasure with what was measured."""
        if self.measured is not None:
            measured = self.measured
            open_panel("EchoMeasure", "Measure").show(measured)

    def _checked(self, job: Any, *arguments: Any) -> Job[Any]:
        self._check_engine()
        made: Job[Any] = job(slicer.mrmlScene, self.engine.client, *arguments)
        return made

    def _reason_of_engine(self) -> str:
        return "" if self.engine.ready else _("The engine is not installed; install it by the line on top")

    def _take_examination(self, node: Any) -> None:
        self.parameters.examination = node
        self.refresh()
        failed = sum(bool(clip.failure) for clip in self.clips)
        more = _("; files that cannot be used: {count}").format(count=failed) if failed else ""
        told = _("Clips: {count}{more}").format(count=len(self.clips) - failed, more=more)
        self.tell(self.ui.examinationResultLabel, told)

    def _take_clip(self, volume: Any) -> None:
        self._show(volume)
        self.refresh()

    def _take_segmented(self, result: SegmentedClips) -> None:
        self._told = _("Clips with label maps of all frames: {count}").format(count=len(result.segmentations))
        if result.volumes:
            self._show(result.volumes[-1])
        self.refresh()

    def _take_measured(self, result: Measured) -> None:
        self.measured = result
        nodes = MeasureNodes(result.source, result.name)
        nodes.write(result)
        self._told = f"{told_result(result)}<br>{lamps(result.study)}"
        first, *others = (place.node for place in result.places.values())
        for node in others:
            # Views lie on one another; the first is shown alone.
            if node is not first and node.IsA("vtkMRMLSegmentationNode"):
                node.SetDisplayVisibility(False)
        self._show(reference_of(first) or first)
        show_measurements(nodes.table, {}, self.refresh)
        self.refresh()

    def _show(self, volume: Any) -> None:
        """Shows a clip with its label map, where it has one."""
        clip = next((clip for clip in clips_in(slicer.mrmlScene) if clip.image is volume), None)
        self.parameters.inputVolume = volume
        self.parameters.labelMap = None if clip is None else clip.label_map
        show_alone(volume)
        show_player(volume)

    def _fill(self) -> None:
        """Fills the table, where another examination or view is to be shown."""
        node = self.node
        filled = (node, None if node is None else node.GetText())
        if filled == self._filled:
            return
        chosen = self.table.chosen if self._filled[:1] == (node,) else None
        self._filled, self.clips = filled, [] if node is None else clips_of(node)
        self.table.fill(self.clips, chosen)

    def _on_looked(self, wanted: bool) -> None:
        """Shows where the model looked in the shown frame, or no longer."""
        clip = self.chosen
        volume = None if clip is None else volume_of(self.node, clip.number)
        if not wanted or clip is None or volume is None:
            self._look_away()
            return
        model = clip.row["model"]
        self.start(self.title, lambda: self._checked(where_it_looked, volume, model), self._take_looked)

    def _take_looked(self, node: Any) -> None:
        self.looked.show(node)
        self.ui.lookedCheckBox.checked = True

    def _look_away(self) -> None:
        self.looked.clear()
        self.ui.lookedCheckBox.checked = False

    def _on_selected(self) -> None:
        self._look_away()
        self._show_chosen()
        self._pause.start()

    def _show_chosen(self) -> None:
        clip = self.chosen
        self.ui.chosenRow.visible = clip is not None
        if clip is None:
            return
        self.ui.chosenLabel.text = _told_of(clip)
        self.bars.show({} if clip.failure else clip.shares)
        view, source = clip.view_from
        names = [one.name for one in VIEWS]
        self.ui.correctComboBox.currentIndex = 1 + names.index(view) if source == SET else 0
        self.allow(self.ui.correctComboBox, clip.failure)
        loaded = not clip.failure and volume_of(self.node, clip.number) is not None
        unloaded = "" if loaded else _("The clip is not loaded")
        self.allow(self.ui.lookedCheckBox, self.reason_of_runner or self._reason_of_engine() or unloaded)
        # A job that was cancelled or failed shows nothing.
        if not self.runner.busy and self.looked.node is None:
            self.ui.lookedCheckBox.checked = False

    def _on_corrected(self, index: int) -> None:
        clip = self.chosen
        if clip is not None and self.node is not None:
            correct(self.node, clip.number, VIEWS[index - 1].name if index else "")
            self.refresh()


def _told_of(clip: ExaminedClip) -> str:
    """What is known of the chosen clip in a line or two."""
    if clip.failure:
        return f"<b>{escape(clip.title)}</b>: {escape(clip.failure)}"
    view, source = clip.view_from
    origins = {SET: _("set by hand"), NAME: _("told by its name"), MODEL: _("as it is seen")}
    origin = origins.get(source, _("no view is clearly seen"))
    reasons = "".join(f"<br>{escape(reason)}" for reason in clip.reasons)
    return f"<b>{escape(clip.title)}</b>: {escape(', '.join(filter(None, (view, origin))))}{reasons}"
