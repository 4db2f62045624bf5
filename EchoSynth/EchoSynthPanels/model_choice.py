"""The choice of a model folder in a combo box, kept in the parameter node by name."""

from __future__ import annotations

from typing import Any

from EchoSynthLib import zoo
from EchoSynthPanels.panel import connect


class ModelChoice:
    """Fills a combo box with the models of a kind; the wrapper cannot, since the list changes.

    Args:
        combo: the QComboBox.
        kind: 'segmentation' or 'synthesis', the first part of a model's `system`.
        parameter: the parameter node's name for it.
    """

    def __init__(self, combo: Any, kind: str, parameter: str) -> None:
        self._combo, self._kind, self._parameter = combo, kind, parameter
        self._parameters: Any = None
        connect(combo, "currentTextChanged(QString)", self._choose)

    def set_parameters(self, parameters: Any) -> None:
        """Follows another parameter node."""
        self._parameters = parameters
        self.refresh()

    def refresh(self) -> None:
        """Lists the models that are there now; a scene's model that is not there stays chosen, and its use says so."""
        if self._parameters is None:
            return
        chosen = getattr(self._parameters, self._parameter)
        names = [model.name for model in zoo.list_models() if kind_of(model) == self._kind]
        names += [chosen] if chosen and chosen not in names else []
        if names == [self._combo.itemText(index) for index in range(self._combo.count)]:
            self._combo.currentText = chosen
            return
        was_blocked = self._combo.blockSignals(True)
        self._combo.clear()
        self._combo.addItems(names)
        self._combo.currentText = chosen
        self._combo.blockSignals(was_blocked)

    def _choose(self, name: str) -> None:
        if self._parameters is not None and name:
            setattr(self._parameters, self._parameter, name)


def kind_of(model: zoo.ModelFolder) -> str:
    """'segmentation', 'synthesis' or whatever else a model's system says."""
    return str(model.config.get("system", "")).split(".")[0]
