"""The Segment panel: image or cine in, segmentation out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.job import Job
from EchoSynthJobs.open import Opened, is_echo_file, open_echo
from EchoSynthJobs.segment import Segmented, segment
from EchoSynthJobs.stack import cine_of_stack, is_stack
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.calibration import calibrate_all
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.provenance import frame_stamped
from EchoSynthMRML.volumes import check_frame, trusted_spacing
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.registration import CINE, load_cine
from EchoSynthPanels.application.views import show_alone, show_frame, show_player, show_through
from EchoSynthPanels.model_choice import ModelChoice
from EchoSynthPanels.panel import Panel, connect

_OPEN = _("Open")


class SegmentPanel(Panel):
    """Choice of the image, its pixel size, and the segmentation."""

    ui_name = "Segment"
    apply_name = "segmentButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._model = ModelChoice(self.ui.segmenterComboBox, "segmentation", "segmenter")
        connect(self.ui.openButton, "clicked()", self.ask_and_open)
        connect(self.ui.sampleButton, "clicked()", self.open_sample)
        connect(self.ui.cineButton, "clicked()", self.make_cine)
        connect(self.ui.setSpacingButton, "clicked()", self.set_spacing)

    def owner_of(self, row: str) -> str:
        """See `Panel.owner_of`."""
        return _OPEN if row == "openJobRow" else self.title

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        super().set_parameters(parameters)
        self._model.set_parameters(parameters)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        self._model.refresh()
        volume = self.parameters.inputVolume
        cine = volume and cine_of(volume)
        self.ui.allFramesCheckBox.enabled = cine is not None
        self.ui.allFramesCheckBox.text = _("All {count} frames").format(count=len(cine)) if cine else _("All frames")
        self.ui.cineButton.visible = is_stack(volume)
        self.ui.sampleButton.visible = volume is None
        for button in (self.ui.cineButton, self.ui.openButton, self.ui.sampleButton):
            button.enabled = not self.runner.busy
        self._show_spacing(volume)

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        volume = self.parameters.inputVolume
        if volume is None:
            return _("Choose an echo image or a cine: open a file, or try sample data")
        if is_stack(volume):
            return _("The volume has several slices; make them a cine first")
        try:
            check_frame(volume)
        except EchoSynthError as error:
            return str(error)
        return ""

    def job(self) -> Job[Segmented]:
        """See `Panel.job`."""
        parameters = self.parameters
        volume = parameters.inputVolume
        return segment(
            slicer.mrmlScene,
            self.engine.client,
            volume,
            all_frames=parameters.allFrames and cine_of(volume) is not None,
            view=parameters.segmentView.value,
            model=parameters.segmenter,
            confidence=parameters.confidenceMap,
            output=parameters.outputSegmentation,
        )

    def show(self, result: Segmented) -> None:
        """See `Panel.show`."""
        record = result.record
        seen = record["view_probabilities"][record["view"]]
        frame = frame_stamped(result.segmentation)
        if frame is not None:
            text = _("Frame {frame} alone was segmented; its label map stays where other frames are shown.")
            self.row().warn([text.format(frame=frame)])
        self.ui.segmentResultLabel.text = _(
            "{name}: {view} ({sure:.0%}), mean confidence {confidence:.2f}"
        ).format(
            name=result.segmentation.GetName(), view=record["view"], sure=seen, confidence=record["mean_confidence"]
        )  # fmt: skip
        show_through(result.segmentation)
        self.parameters.labelMap = result.segmentation
        show_frame(image_of(self.parameters))

    def ask_and_open(self) -> None:
        """Asks for an echo file and opens it."""
        path = qt.QFileDialog.getOpenFileName(self.widget, _("Open an echo image or cine"))
        if path:
            self.open_file(path)

    def open_file(self, path: str) -> None:
        """Opens an image or a cine, and chooses it; what the library does not read is left to Slicer's own readers."""
        if is_echo_file(Path(path)):
            self.start(_OPEN, lambda: open_echo(slicer.mrmlScene, self.engine.client, Path(path)), self._take_opened)
            return
        with slicer.util.tryWithErrorDisplay(_("The file could not be opened.")):
            # Without this Slicer joins patient1_2CH.nii and patient1_4CH.nii into one volume of two slices.
            self.parameters.inputVolume = slicer.util.loadVolume(path, {"singleFile": True, "show": False})
            if is_stack(self.parameters.inputVolume):
                self.make_cine()
            else:
                show_alone(self.parameters.inputVolume)

    def open_sample(self) -> None:
        """Opens the cine that comes along."""
        self.parameters.inputVolume = load_cine(CINE)

    def make_cine(self) -> None:
        """Makes the slices of the chosen volume the frames of a cine."""
        self.start(_OPEN, lambda: cine_of_stack(slicer.mrmlScene, self.parameters.inputVolume), self._take)

    def _take_opened(self, opened: Opened) -> None:
        self._take(opened.volume)

    def _take(self, volume: Any) -> None:
        self.parameters.inputVolume = volume
        show_alone(volume)
        show_player(volume)

    def set_spacing(self) -> None:
        """Gives the image, and what was drawn on it, the pixel size of the two fields."""
        with slicer.util.tryWithErrorDisplay(_("The pixel size could not be set.")):
            volume = self.parameters.inputVolume
            calibrate_all(slicer.mrmlScene, volume, self.ui.rowSpacingSpinBox.value, self.ui.columnSpacingSpinBox.value)
            show_frame(volume)
            self.refresh()

    def _show_spacing(self, volume: Any) -> None:
        usable = volume is not None and volume.GetImageData() is not None and not is_stack(volume)
        spacing = trusted_spacing(volume) if usable else None
        self.ui.spacingLabelLabel.visible = volume is not None
        self.ui.calibrationRow.visible = usable and not spacing
        if not usable:
            self.ui.spacingLabel.text = "" if volume is not None else _("Open an echo file, or try sample data")
        elif spacing:
            text = _("{row:.3f} x {column:.3f} mm (height x width)")
            self.ui.spacingLabel.text = text.format(row=spacing[0], column=spacing[1])
        else:
            self.ui.spacingLabel.text = _("Not calibrated: lengths and areas are in pixels")
