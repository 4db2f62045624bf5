"""The Save data set panel: pairs of image and label map in a training layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctk
import slicer
from slicer.i18n import tr as _

from EchoSynthJobs.data_set import DataSetTarget, Pair, pairs_in, save_pairs, save_variations
from EchoSynthJobs.job import Job
from EchoSynthLib.capabilities import capabilities
from EchoSynthPanels.input.label_map import reason_not_to_draw
from EchoSynthPanels.model_choice import ModelChoice
from EchoSynthPanels.panel import Panel
from EchoSynthPanels.parameters import DataSource
from EchoSynthPanels.synthesis.requests import request_of


class DataSetPanel(Panel):
    """What is saved, where, and in which layout."""

    ui_name = "DataSet"
    apply_name = "saveButton"

    def set_up(self) -> None:
        """See `Panel.set_up`."""
        self._pairs: list[Pair] = []
        self._model = ModelChoice(self.ui.dataGeneratorComboBox, "synthesis", "generator")
        self.ui.folderPathLineEdit.filters = ctk.ctkPathLineEdit.Dirs
        self.ui.folderPathLineEdit.settingKey = "EchoSynth/DataSetFolder"

    def set_parameters(self, parameters: Any) -> None:
        """See `Panel.set_parameters`."""
        self._model.set_parameters(parameters)
        super().set_parameters(parameters)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        if self.parameters is None:
            return
        self._model.refresh()
        new = self.parameters.dataSource == DataSource.VARIATIONS
        for row in (self.ui.dataVariationsSpinBox, self.ui.dataImagesSpinBox):
            row.visible = getattr(self.ui, f"{row.name}Label").visible = new
        self.ui.dataSetAdvanced.visible = new
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
            self.engine.check_model(capabilities(self.parameters.generator))
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
        self.tell(self.ui.dataResultLabel, " ".join([said, *result["notes"]]))

    @property
    def _folder(self) -> Path:
        # So that a saved scene does not carry one user's home to another.
        return Path.home() / self.parameters.dataFolder


def _data_set_of(record: Mapping[str, Any], folder: Path) -> Path:
    """The folder of the data set: nnU-Net's layout makes one of its own inside the chosen one."""
    made = record["outputs"].get("record")
    return Path(made).parent if made else folder
