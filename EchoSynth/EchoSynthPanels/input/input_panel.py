"""The input row: image or cine and the frame that is shown, its pixel size, the label map and its overlay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.cine_of_slices import cine_of_slices, has_slices
from EchoSynthJobs.open import Opened, is_echo_file, open_files
from EchoSynthMRML.calibration import calibrate_all
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.joined import doubt_about_joined
from EchoSynthMRML.provenance import linked_label_map
from EchoSynthMRML.volumes import trusted_spacing
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.registration import CINE, load_cine
from EchoSynthPanels.application.views import keep_beside, show_alone, show_frame, show_player
from EchoSynthPanels.input.frame_row import FrameRow
from EchoSynthPanels.input.joined_notice import JoinedNotice
from EchoSynthPanels.input.label_map import describe
from EchoSynthPanels.input.open_in import OpenIn, open_in_segment_editor
from EchoSynthPanels.input.overlay import Overlay
from EchoSynthPanels.job_row import let_grow
from EchoSynthPanels.panel import Panel, connect

_OPEN = _("Open")
_LABEL_MAP_ALONE = _(
    "There is a label map without an image. Go on with it below, open an apical echocardiogram, or try a synthetic one."
)


class InputPanel(Panel):
    """What all sections of a module work on; every module that has it shows the same choice."""

    ui_name = "Input"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        ui = self.ui
        phases = {"ED": ui.diastoleButton, "ES": ui.systoleButton}
        self._frames = FrameRow(ui.frameControls, ui.frameSpinBox, ui.backButton, ui.forwardButton, phases)
        self._overlay = Overlay(ui.overlayCheckBox)
        self._joined = JoinedNotice(ui.joinedLabel, ui.cineButton)
        let_grow(ui.joinedLabel, self._room)
        self._menus = (
            OpenIn(ui.imageArrow, {"Volumes": self._show_in_volumes}),
            OpenIn(ui.labelMapArrow, {"SegmentEditor": self._show_in_segment_editor}),
        )
        for button in (ui.openButton, ui.openFirstButton):
            connect(button, "clicked()", self.ask_and_open)
        self._described: Any = None
        self._newly_chosen: Any = None
        self._no_image = ui.emptyStateLabel.text
        # Several nodes come and go together, and are half made as they do.
        self._is_one_new = False
        self._settled = qt.QTimer()
        self._settled.setSingleShot(True)
        self._settled.connect("timeout()", self._on_nodes)
        for selector in (ui.inputSelector, ui.labelMapSelector):
            connect(selector, "nodeAdded(vtkMRMLNode*)", self._on_added)
            connect(selector, "nodeAboutToBeRemoved(vtkMRMLNode*)", self._on_removed)
        connect(ui.sampleButton, "clicked()", self.open_sample)
        connect(ui.cineButton, "clicked()", self.make_cine)
        connect(ui.setSpacingButton, "clicked()", self.set_spacing)
        self._to_calibrate: Any = None
        for box in (ui.rowSpacingSpinBox, ui.columnSpacingSpinBox):
            # Its least value, 0, is an empty field; a .ui file cannot say so.
            box.specialValueText = " "
            connect(box, "valueChanged(double)", self._show_whether_to_calibrate)

    def owner_of(self, row: str) -> str:
        """See `Panel.owner_of`."""
        return _OPEN

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return (self.parameters.inputVolume,)

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        self._newly_chosen = None
        super().set_parameters(parameters)
        if parameters is None:
            self._follow(None, None)
        else:
            self._choose_the_only_image()
            if self.widget.isVisible():
                self._choose_the_only_label_map()

    def enter(self) -> None:
        """See `Panel.enter`; what lies alone in the scene is chosen, an image shown as if it were opened here."""
        self._choose_the_only_label_map()
        self._show_newly_chosen()

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        if self.parameters is None:
            return
        self.on_parameters_changed()
        self._describe()

    def on_parameters_changed(self, caller: Any = None, event: Any = None) -> None:
        """See `Panel.on_parameters_changed`; does not read the label map anew, which would slow sliders down."""
        volume, label_map, ui = self.parameters.inputVolume, self.parameters.labelMap, self.ui
        self._follow(volume, label_map)
        if label_map is not self._described:
            self._describe()
        empty = volume is None and ui.inputSelector.nodeCount() == 0
        ui.emptyState.visible = empty
        ui.emptyStateLabel.text = self._no_image if label_map is None else _LABEL_MAP_ALONE
        for widget in (ui.imageRowLabel, ui.imageRow):
            widget.visible = not empty
        for widget in (ui.labelMapRowLabel, ui.labelMapRow):
            widget.visible = not empty or ui.labelMapSelector.nodeCount() > 0
        ui.cineButton.visible = has_slices(volume)
        for button in (ui.cineButton, ui.openButton, ui.openFirstButton, ui.sampleButton):
            self.allow(button, self.reason_of_runner)
        self._joined.follow(volume, ui.inputSelector)
        self.allow(ui.imageArrow, "" if volume is not None else _("Choose an image first"))
        self.allow(ui.labelMapArrow, "" if label_map is not None else _("Choose a label map first"))
        self._show_spacing(volume)

    def _describe(self) -> None:
        if self.runner.busy:
            return
        self._described = self.parameters.labelMap
        self.ui.labelMapSelector.toolTip = describe(self._described) or _(
            "Segmentation or label map volume with left ventricle, myocardium and left atrium; a sequence's is taken "
            "frame by frame"
        )

    def close(self) -> None:
        """See `Panel.close`."""
        super().close()
        self._follow(None, None)

    def ask_and_open(self) -> None:
        """Asks for echo files and opens them."""
        paths = qt.QFileDialog.getOpenFileNames(self.widget, _("Open echo images or cines"))
        if paths:
            self.open_files(paths)

    def open_files(self, paths: Sequence[str]) -> None:
        """Opens images and cines, and chooses the first; what the library does not read is left to Slicer's readers."""
        echoes = [Path(path) for path in paths if is_echo_file(Path(path))]
        others = filter(None, [self._load(path) for path in paths if not is_echo_file(Path(path))])
        if echoes:
            self.start(_OPEN, lambda: open_files(slicer.mrmlScene, self.engine.client, echoes), self._take_opened)
        elif (volume := next(others, None)) is not None:
            self.parameters.inputVolume = volume
            if has_slices(volume):
                self.make_cine()
            else:
                show_alone(volume)

    def _load(self, path: str) -> Any:
        """A volume by Slicer's readers, None where they fail."""
        with slicer.util.tryWithErrorDisplay(_("{path} could not be opened.").format(path=path)):
            # Without this Slicer joins patient1_2CH.nii and patient1_4CH.nii into one volume of two slices.
            return slicer.util.loadVolume(path, {"singleFile": True, "show": False})
        return None

    def open_sample(self) -> None:
        """Opens the cine that comes along."""
        self.parameters.inputVolume = load_cine(CINE)

    def make_cine(self) -> None:
        """Makes the slices of the chosen volume the frames of a cine; what is doubtful about that stays in sight."""
        doubt = doubt_about_joined(self.parameters.inputVolume)

        def take(volume: Any) -> None:
            self._take(volume)
            self.row(_OPEN).warn([doubt] if doubt else [])

        self.start(_OPEN, lambda: cine_of_slices(slicer.mrmlScene, self.parameters.inputVolume), take)

    def set_spacing(self) -> None:
        """Gives the image, and what was drawn on it, the pixel size of the two fields."""
        with slicer.util.tryWithErrorDisplay(_("The pixel size could not be set.")):
            volume = self.parameters.inputVolume
            calibrate_all(slicer.mrmlScene, volume, self.ui.rowSpacingSpinBox.value, self.ui.columnSpacingSpinBox.value)
            show_frame(volume)
            self.refresh()

    def _take_opened(self, opened: Opened) -> None:
        self._take(opened.volume)

    def _take(self, volume: Any) -> None:
        self.parameters.inputVolume = volume
        show_alone(volume)
        show_player(volume)

    def _on_added(self, node: Any) -> None:
        self._is_one_new = True
        self._settled.start()

    def _on_removed(self, node: Any) -> None:
        # Of two images the one that remains is not chosen unasked.
        self._is_one_new = False
        self._settled.start()

    def _on_nodes(self) -> None:
        is_one_new, self._is_one_new = self._is_one_new, False
        if self.parameters is None:
            return
        if is_one_new and self.widget.isVisible():
            self._choose_the_only_image()
            self._choose_the_only_label_map()
            self._show_newly_chosen()
        self.on_parameters_changed()

    def _choose_the_only_image(self) -> None:
        """Chooses an image that Slicer has loaded, where nothing is chosen and there is no other one."""
        selector = self.ui.inputSelector
        if self.parameters.inputVolume is not None or selector.nodeCount() != 1 or self.runner.busy:
            return
        image = selector.nodeFromIndex(0)
        # What was drawn from a label map is a result.
        if linked_label_map(image) is None:
            self.parameters.inputVolume = self._newly_chosen = image

    def _choose_the_only_label_map(self) -> None:
        """Chooses a label map that lies in a scene without images, where nothing is chosen and there is no other."""
        ui, free = self.ui, self.parameters.labelMap is None and self.parameters.inputVolume is None
        if free and not self.runner.busy and (ui.inputSelector.nodeCount(), ui.labelMapSelector.nodeCount()) == (0, 1):
            self.parameters.labelMap = ui.labelMapSelector.nodeFromIndex(0)

    def _show_newly_chosen(self) -> None:
        """Shows the image that was chosen as the only one in a single view, unless it is still to become a cine."""
        image, self._newly_chosen = self._newly_chosen, None
        if image is not None and image.GetImageData() is not None and not has_slices(image):
            show_alone(image)
            show_player(image)

    def _follow(self, volume: Any, label_map: Any) -> None:
        self._frames.follow(volume)
        self._overlay.follow(label_map)

    def _show_spacing(self, volume: Any) -> None:
        usable = volume is not None and volume.GetImageData() is not None and not has_slices(volume)
        spacing = trusted_spacing(volume) if usable else None
        is_cine = usable and cine_of(volume) is not None
        self.ui.frameRowLabel.text = _("Frame:") if is_cine else _("Pixel size:")
        # Of one frame without calibration the row below says as much.
        for widget in (self.ui.frameRowLabel, self.ui.frameRow):
            widget.visible = usable and (is_cine or spacing is not None)
        self.ui.calibrationRow.visible = usable and not spacing
        if volume is not self._to_calibrate:
            # A pixel size is offered by nobody: what was typed for another image is none of this one's.
            self._to_calibrate = volume
            self.ui.rowSpacingSpinBox.value = self.ui.columnSpacingSpinBox.value = 0
        self._show_whether_to_calibrate()
        if spacing:
            text = _("{row:.3f} x {column:.3f} mm").format(row=spacing[0], column=spacing[1])
            about = _("Height x width of a pixel")
        else:
            text = _("Not calibrated")
            about = _("The pixel size is not known: lengths and areas are in pixels")
        self.ui.spacingLabel.text, self.ui.spacingLabel.toolTip = text, about

    def _show_whether_to_calibrate(self, value: float = 0) -> None:
        """An empty field is a size of 0."""
        typed = min(self.ui.rowSpacingSpinBox.value, self.ui.columnSpacingSpinBox.value) > 0
        self.ui.setSpacingButton.enabled = typed
        self.ui.setSpacingButton.toolTip = (
            _("Give the image this pixel size; lengths and areas are then in millimeters")
            if typed
            else _("Type the height and the width of a pixel first, as the device or the depth scale tells them")
        )

    def _show_in_volumes(self) -> None:
        slicer.modules.volumes.widgetRepresentation().setEditedNode(self.parameters.inputVolume)

    def _show_in_segment_editor(self) -> None:
        open_in_segment_editor(self.parameters.labelMap, image_of(self.parameters))
        # The editor puts its source volume into all views.
        if self.parameters.live and self.parameters.liveVolume is not None:
            keep_beside(self.parameters.liveVolume)
