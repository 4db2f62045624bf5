"""The Save data set panel: pairs of image and label map in a training layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctk
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.data_set import DataSetTarget, Pair, save_pairs, save_variations
from EchoSynthJobs.generators import find_generator
from EchoSynthJobs.job import Job
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import linked_volume
from EchoSynthMRML.provenance import linked_label_map
from EchoSynthMRML.volumes import check_frame
from EchoSynthPanels.panel import Panel
from EchoSynthPanels.parameters import DataSource
from EchoSynthPanels.synthesis.label_map_panel import reason_not_to_draw
from EchoSynthPanels.synthesis.requests import request_of


class DataSetPanel(Panel):
    """What is saved, where, and in which layout."""

    ui_name = "DataSet"
    apply_name = "saveButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._pairs: list[Pair] = []
        self.ui.folderPathLineEdit.filters = ctk.ctkPathLineEdit.Dirs
        self.ui.folderPathLineEdit.settingKey = "EchoSynth/DataSetFolder"

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        if self.parameters is None:
            return
        new = self.parameters.dataSource == DataSource.VARIATIONS
        self.ui.dataVariationsSpinBox.enabled = self.ui.dataImagesSpinBox.enabled = new
        if not self.runner.busy:
            self._pairs = [] if new else pairs_in(slicer.mrmlScene)
            made = (1 + self.parameters.dataVariations) * self.parameters.dataImages
            self.ui.pairsLabel.text = _("{count} pairs").format(count=made if new else len(self._pairs))
        super().refresh()

    def reason_not_to_apply(self) -> str:
        """See `Panel.reason_not_to_apply`."""
        if self.parameters.dataFolder == Path():
            return _("Choose a folder")
        if not self.parameters.dataName.strip():
            return _("Give the data set a name")
        if self.parameters.dataSource == DataSource.VARIATIONS:
            self.engine.check_generator(find_generator(self.parameters.generator))
            return reason_not_to_draw(self.parameters.labelMap)
        if not self._pairs:
            return _("The scene holds no image with a label map on its grid")
        return ""

    def job(self) -> Job[dict[str, Any]]:
        """See `Panel.job`."""
        parameters = self.parameters
        target = DataSetTarget(self._folder, parameters.dataLayout.value, parameters.dataName)
        if parameters.dataSource == DataSource.SCENE:
            return save_pairs(self.engine.client, pairs_in(slicer.mrmlScene), target)
        return save_variations(
            self.engine.client,
            parameters.labelMap,
            replace(request_of(parameters), count=parameters.dataImages),
            target,
            variations=parameters.dataVariations,
            strength=parameters.strength,
            reference=parameters.reference,
        )

    def show(self, result: dict[str, Any]) -> None:
        """See `Panel.show`."""
        said = _("{count} pairs in {folder}.").format(count=result["pairs"], folder=_data_set_of(result, self._folder))
        self.ui.dataResultLabel.text = " ".join([said, *result["notes"]])

    @property
    def _folder(self) -> Path:
        # So that a saved scene does not carry one user's home to another.
        return Path.home() / self.parameters.dataFolder


def _data_set_of(record: Mapping[str, Any], folder: Path) -> Path:
    """The folder of the data set: nnU-Net's layout makes one of its own inside the chosen one."""
    made = record["outputs"].get("record")
    return Path(made).parent if made else folder


def pairs_in(scene: Any) -> list[Pair]:
    """Each echo frame of the scene with the segmentation that was drawn on it, or that it was drawn from."""
    drawn_on: dict[Any, Any] = {}
    for segmentation in scene.GetNodesByClass("vtkMRMLSegmentationNode"):
        volume = linked_volume(segmentation)
        if volume is not None:
            drawn_on.setdefault(volume, segmentation)
    found = []
    for volume in scene.GetNodesByClass("vtkMRMLScalarVolumeNode"):
        label_map = linked_label_map(volume) or drawn_on.get(volume)
        if label_map is not None and _fit(volume, label_map):
            found.append(Pair(volume, label_map))
    return found


def _fit(volume: Any, label_map: Any) -> bool:
    try:
        check_frame(volume)
        if label_map.IsA("vtkMRMLSegmentationNode"):
            # One that was drawn on the image's own pixels, or is read on them as it was for the image.
            return linked_label_map(volume) is label_map or same_place(
                Grid.of_volume(volume), Grid.of_segmentation(label_map)
            )
        return same_place(Grid.of_volume(volume), Grid.of_volume(label_map))
    except EchoSynthError:
        return False
