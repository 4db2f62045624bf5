"""The Save data set panel: pairs of image and label map in a training layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import ctk
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.data_set import Pair, Place, save_pairs, save_variations
from EchoSynthJobs.job import Job
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.panel import Panel
from EchoSynthPanels.parameters import DataSource
from EchoSynthPanels.wishes import wish_of


class DataSetPanel(Panel):
    """What is saved, where, and in which layout."""

    ui_name = "DataSet"
    apply_name = "saveButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self.ui.folderPathLineEdit.filters = ctk.ctkPathLineEdit.Dirs
        self.ui.folderPathLineEdit.settingKey = "EchoSynth/DataSetFolder"

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        super().refresh()
        if self.parameters is None:
            return
        new = self.parameters.dataSource == DataSource.VARIATIONS
        self.ui.dataVariationsSpinBox.enabled = self.ui.dataImagesSpinBox.enabled = new
        if not self.runner.busy:
            count = self._count()
            self.ui.pairsLabel.text = _("{count} pairs").format(count=count)

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        folder = self.parameters.dataFolder
        if not str(folder).strip() or folder == Path("."):
            return _("Choose a folder")
        if not self.parameters.dataName.strip():
            return _("Give the data set a name")
        if self.parameters.dataSource == DataSource.VARIATIONS and self.parameters.labelMap is None:
            return _("Choose a label map, or segment an image first")
        if self.parameters.dataSource == DataSource.SCENE and not pairs_in(slicer.mrmlScene):
            return _("The scene holds no image with a label map on its grid")
        return ""

    def job(self) -> Job[dict[str, Any]]:
        """See `Panel.job`."""
        parameters = self.parameters
        place = Place(Path(parameters.dataFolder), parameters.dataLayout.value, parameters.dataName)
        if parameters.dataSource == DataSource.SCENE:
            return save_pairs(self.engine.client, pairs_in(slicer.mrmlScene), place)
        return save_variations(
            self.engine.client,
            parameters.labelMap,
            replace(wish_of(parameters), count=parameters.dataImages),
            place,
            variations=parameters.dataVariations,
            strength=parameters.strength,
            reference=parameters.reference,
        )

    def show(self, result: dict[str, Any]) -> None:
        """See `Panel.show`."""
        self.ui.dataResultLabel.text = _("{count} pairs in {folder}").format(
            count=result["pairs"], folder=self.parameters.dataFolder
        )

    def _count(self) -> int:
        if self.parameters.dataSource == DataSource.SCENE:
            return len(pairs_in(slicer.mrmlScene))
        return (1 + self.parameters.dataVariations) * self.parameters.dataImages


def pairs_in(scene: Any) -> list[Pair]:
    """Each echo frame of the scene with the segmentation that was drawn on it, or that it was drawn from."""
    segmentations = list(scene.GetNodesByClass("vtkMRMLSegmentationNode"))
    found = []
    for volume in scene.GetNodesByClass("vtkMRMLScalarVolumeNode"):
        owner = next((one for one in segmentations if _belong_together(volume, one)), None)
        if owner is not None:
            found.append(Pair(volume, owner))
    return found


def _belong_together(volume: Any, segmentation: Any) -> bool:
    if volume.IsA("vtkMRMLLabelMapVolumeNode") or volume.GetName().endswith(" confidence"):
        return False
    try:
        check_frame(volume)
        if volume.GetAttribute("EchoSynth.source_label_map"):
            return bool(volume.GetAttribute("EchoSynth.source_label_map") == segmentation.GetName())
        owner = segmentation.GetNodeReference(segmentation.GetReferenceImageGeometryReferenceRole())
        return owner is volume and same_place(Grid.of_volume(volume), Grid.of_segmentation(segmentation))
    except EchoSynthError:
        return False
