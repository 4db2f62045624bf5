"""The Segment panel: image or cine in, segmentation out."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.cine_of_slices import has_slices
from EchoSynthJobs.job import Job
from EchoSynthJobs.segment import Segmented, check_view, segment
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.provenance import frame_stamped
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.application.chosen import image_of
from EchoSynthPanels.application.views import show_frame
from EchoSynthPanels.model_choice import ModelChoice
from EchoSynthPanels.panel import Panel, name_output


class SegmentPanel(Panel):
    """How the chosen image is segmented."""

    ui_name = "Segment"
    apply_name = "segmentButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._model = ModelChoice(self.ui.segmenterComboBox, "segmentation", "segmenter")

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
        name_output(self.ui.segmentAdvanced, self.parameters.outputSegmentation)
        volume = self.parameters.inputVolume
        cine = volume and cine_of(volume)
        self.ui.allFramesCheckBox.visible = cine is not None
        if cine is not None:
            self.ui.allFramesCheckBox.text = _("All {count} frames").format(count=len(cine))

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        volume = self.parameters.inputVolume
        if volume is None:
            return _("Choose an echo image or a cine: open a file, or try sample data")
        if has_slices(volume):
            return _("The volume has several slices; make them a cine first")
        try:
            check_frame(volume)
            check_view(volume, self.parameters.segmentView.value)
        except EchoSynthError as error:
            return str(error)
        return ""

    def told_about(self) -> tuple[Any, ...]:
        """See `Panel.told_about`."""
        return self.parameters.inputVolume, self.parameters.labelMap

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
        told = _("{view} view ({sure:.0%} sure), mean confidence {confidence:.2f}").format(
            view=record["view"], sure=seen, confidence=record["mean_confidence"]
        )
        self.tell(self.ui.segmentResultLabel, told)
        self.parameters.labelMap = result.segmentation
        show_frame(image_of(self.parameters))
