"""The four places of a patient's study: they fill themselves, say where that comes from, and can be changed by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from EchoSynthJobs.measured_frames import reference_of
from EchoSynthJobs.study import PatientClips, clips_of_patient, doubts_of
from EchoSynthLib.measurement.study_places import AREA, MODEL, NAME, SEEN_OTHERWISE, SET, Filled
from EchoSynthMRML.cines import cine_of
from EchoSynthPanels.application.signal import Signal
from EchoSynthPanels.job_row import WARNING
from EchoSynthPanels.panel import connect

VIEWS = {
    "4CH ED": "fourChamberED",
    "4CH ES": "fourChamberES",
    "2CH ED": "twoChamberED",
    "2CH ES": "twoChamberES",
}
"""A place of the study to the parameter that names what stands there: a label map, or an image."""

_QUIET_MS = 200
"""After which a scene that changed is looked at: loading a study tells of each of its nodes, playing a cine of each
frame."""


@dataclass
class Remembered:
    """What the places filled themselves with; one for all modules that show them, since they are the same places.

    Attributes:
        node: the parameter node that has the places.
        filled: what each place was filled with by itself, or None.
        patient: whose clips these are, '' where nothing tells; None as long as there is none.
    """

    node: Any = None
    filled: dict[str, Any] = field(default_factory=dict)
    patient: str | None = None


_REMEMBERED = Remembered()


class StudyRows(VTKObservationMixin):
    """Fills the places with what the scene has of the chosen patient.

    Args:
        ui: the panel's widgets; buttons that show what stands in a place may be missing.
        button: that starts the panel's job: the places fill themselves while it is in sight, and once more then.

    Attributes:
        changed: tells that other places are filled, or that there is another patient.
        looked: is called whenever the scene was looked at.
        study: the patient's frames and cines as they were found last; None before there is a scene.
        chosen: the image or the label map that was chosen last; None where there is neither.
    """

    def __init__(self, ui: Any, button: Any) -> None:
        super().__init__()
        self.changed, self.looked = Signal(), Signal()
        self.study: PatientClips | None = None
        self.chosen: Any = None
        self._seen: tuple[Any, Any] = (None, None)
        self._ui, self._button = ui, button
        self._parameters: Any = None
        self._node: Any = None
        self._frames: dict[str, int | None] = {}
        self._quiet = qt.QTimer()
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MS)
        self._quiet.connect("timeout()", self.fill_in_sight)
        buttons = {where: getattr(ui, f"{name}ShowButton", None) for where, name in VIEWS.items()}
        self._show_buttons = {where: button for where, button in buttons.items() if button is not None}
        self._about = {where: button.toolTip for where, button in self._show_buttons.items()}
        self._about_fill = ui.fillButton.toolTip
        self._lit: dict[str, Any] | None = None
        connect(ui.fillButton, "clicked()", self.fill_again)
        connect(ui.placesButton, "toggled(bool)", self._on_folded)
        for where, shows in self._show_buttons.items():
            connect(shows, "clicked()", lambda where=where: self.show(where))

    @property
    def nodes(self) -> dict[str, Any]:
        """What stands in the places; None in an empty one."""
        return {where: getattr(self._parameters, name) for where, name in VIEWS.items()} if self._parameters else {}

    @property
    def by_hand(self) -> dict[str, Any]:
        """What a user put into places, None where one was emptied; one whose node was removed fills itself again."""
        remembered = _REMEMBERED.filled.items()
        filled = {where: node for where, node in remembered if node is None or node.GetScene() is not None}
        return {where: node for where, node in self.nodes.items() if node is not filled.get(where)}

    def set_parameters(self, parameters: Any) -> None:
        """Fills the places of another parameter node; of the same one, as a module is opened again, it looks anew."""
        self.removeObservers()
        self._quiet.stop()
        node = None if parameters is None else parameters.parameterNode
        if node is None or node is not self._node:
            self.study, self._frames, self._lit = None, {}, None
            self.chosen, self._seen = None, (None, None)
            self._ui.placesButton.checked = True
        self._parameters, self._node = parameters, node
        if node is not None and node is not _REMEMBERED.node:
            _REMEMBERED.node, _REMEMBERED.filled, _REMEMBERED.patient = node, {}, None
        if parameters is None:
            return
        scene = slicer.mrmlScene
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent):
            self.addObserver(scene, event, self.look_soon)
        tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        for event in (tree.SubjectHierarchyItemModifiedEvent, tree.SubjectHierarchyItemReparentedEvent):
            self.addObserver(tree, event, self.look_soon)
        self.fill()

    def look_soon(self, caller: Any = None, event: Any = None) -> None:
        """Looks at the scene once it is quiet."""
        self._quiet.start()

    def fill_in_sight(self) -> None:
        """Fills the places if they are before the user; else that waits until they come there."""
        if self._button.isVisible():
            self.fill()

    def fill_again(self) -> None:
        """Fills all places anew, whatever was chosen."""
        if self._parameters is not None:
            _REMEMBERED.filled = self.nodes
            self.fill()

    def fill(self) -> None:
        """Fills the places that nobody changed."""
        parameters = self._parameters
        if parameters is None or slicer.mrmlScene.IsBatchProcessing():
            return
        before = self.study.patient if self.study is not None and self.study.clips else None
        nodes_before = self.nodes
        self.note_choice()
        self.study = clips_of_patient(slicer.mrmlScene, self.chosen)
        if _REMEMBERED.patient and _REMEMBERED.patient != self.study.patient:
            # What was chosen for one patient is not meant for the next.
            _REMEMBERED.filled = self.nodes
        if before and before != self.study.patient:
            self._ui.placesButton.checked = True
        _REMEMBERED.patient = self.study.patient if self.study.clips else None
        hand, nodes = self.by_hand, self.study.nodes
        for where, name in VIEWS.items():
            node, chosen = nodes.get(where), getattr(parameters, name)
            # A saved scene brings what filled the places by itself, too.
            if where not in hand or chosen is node:
                _REMEMBERED.filled[where] = node
                if chosen is not node:
                    setattr(parameters, name, node)
        self._tell()
        self.looked()
        if (before, nodes_before) != (self.study.patient, self.nodes):
            self.changed()

    def note_choice(self) -> None:
        """An image that is chosen after the label map of another one is what is meant, and the other way round."""
        if self._parameters is None:
            return
        image, label_map = now = self._parameters.inputVolume, self._parameters.labelMap
        changed = [
            node for node, before in zip(now, self._seen, strict=True) if node is not before and node is not None
        ]
        gone = self.chosen is not None and self.chosen not in now
        if changed or gone:
            rest = label_map if label_map is not None else image
            self.chosen = changed[-1] if changed else rest
        self._seen = now

    def tell_measured(self, frames: dict[str, int | None], lit: bool) -> None:
        """Shows which frames of cines were measured; what stands in the places makes room for what came of it.

        Args:
            frames: by place.
            lit: whether the traffic light tells of a view that a model sees otherwise; then it is not told here, too.
        """
        self._frames, self._lit = frames, self.nodes if lit else None
        self._tell()
        if frames.keys() & VIEWS.keys():
            self._ui.placesButton.checked = False

    def show(self, where: str) -> None:
        """Shows what stands in a place, of a cine the frame that was measured."""
        node = getattr(self._parameters, VIEWS[where])
        if node is None:
            return
        is_label_map = node.IsA("vtkMRMLSegmentationNode") or node.IsA("vtkMRMLLabelMapVolumeNode")
        image, frame, cine = reference_of(node), self._frames.get(where), cine_of(node)
        if image is not None:
            self._parameters.inputVolume = image
        if is_label_map:
            self._parameters.labelMap = node
        elif self._parameters.labelMap is not None:
            self._parameters.labelMap = None
        if cine is not None and cine.browser is not None and frame is not None:
            cine.browser.SetSelectedItemNumber(frame)

    def _on_folded(self, shown: bool) -> None:
        self._ui.placesButton.arrowType = qt.Qt.DownArrow if shown else qt.Qt.RightArrow
        self._ui.placesRows.visible = shown

    def _tell(self) -> None:
        if self.study is None:
            return
        hand = self.by_hand
        for where, name in VIEWS.items():
            node, label = getattr(self._parameters, name), getattr(self._ui, f"{name}SourceLabel")
            filled = self.study.filling.places.get(where)
            frame = self._frames.get(where) if node is not None and cine_of(node) is not None else None
            label.text = _told(None if where in hand else filled, node, frame)
            button = self._show_buttons.get(where)
            if button is not None:
                button.enabled = node is not None
                button.toolTip = self._about[where] if node is not None else _("This place is empty")
        self._ui.fillButton.enabled = bool(hand)
        self._ui.fillButton.toolTip = self._about_fill if hand else _("The four places have filled themselves")
        self._ui.studyLabel.text = "<br>".join(self._lines(hand))

    def _lines(self, hand: dict[str, Any]) -> list[str]:
        assert self.study is not None
        lines = []
        if self.study.patient:
            told = _("Patient: {name}").format(name=escape(self.study.patient))
            others = escape(", ".join(self.study.others))
            more = _("; choose an image of {others} for that one").format(others=others) if others else ""
            lines.append(told + more)
        doubts = doubts_of(slicer.mrmlScene, self.study, hand)
        if self._lit == self.nodes:
            doubts = tuple(doubt for doubt in doubts if SEEN_OTHERWISE not in doubt)
        return [*lines, *(f'<span style="color:{WARNING}">{escape(doubt)}</span>' for doubt in doubts)]


def _told(filled: Filled | None, node: Any, frame: int | None) -> str:
    """Where view and phase come from, in a word or two."""
    if node is None:
        return ""
    words = {NAME: _("name"), MODEL: _("classifier"), AREA: _("area"), SET: _("set")}
    sources = [_("chosen")] if filled is None else [words[filled.view_from], words[filled.phase_from]]
    if frame is not None:
        sources.append(_("frame {number}").format(number=frame))
    return ", ".join(dict.fromkeys(sources))
