"""The choice of a name in a combo box whose entries change, kept in the parameter node; so of a model folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from EchoSynthLib.systems import models_of
from EchoSynthPanels.panel import connect


class NameChoice:
    """Keeps a combo box and a parameter of the same mind; the wrapper cannot, since the entries change.

    Args:
        combo: the QComboBox.
        parameter: the parameter node's name for it.
        on_choice: is called when the user has chosen another entry.
    """

    def __init__(self, combo: Any, parameter: str, on_choice: Callable[[], None] | None = None) -> None:
        self._combo, self._parameter, self._on_choice = combo, parameter, on_choice
        self._parameters: Any = None
        connect(combo, "currentIndexChanged(int)", self._choose)

    def set_parameters(self, parameters: Any) -> None:
        """Follows another parameter node."""
        self._parameters = parameters

    def show(self, entries: Mapping[str, str]) -> None:
        """Shows these entries (names and their texts); a scene's name that is not among them is one more."""
        if self._parameters is None:
            return
        chosen = getattr(self._parameters, self._parameter)
        wanted = [(name, text) for name, text in entries.items()]
        wanted += [] if chosen in entries else [(chosen, chosen)]
        combo = self._combo
        was_blocked = combo.blockSignals(True)
        if wanted != [(combo.itemData(index), combo.itemText(index)) for index in range(combo.count)]:
            combo.clear()
            for name, text in wanted:
                combo.addItem(text, name)
        combo.setCurrentIndex([name for name, _ in wanted].index(chosen))
        combo.blockSignals(was_blocked)

    def _choose(self, index: int) -> None:
        if self._parameters is None or index < 0:
            return
        name = self._combo.itemData(index)
        if name == getattr(self._parameters, self._parameter):
            return
        setattr(self._parameters, self._parameter, name)
        if self._on_choice is not None:
            self._on_choice()


class ModelChoice(NameChoice):
    """The models of a kind; a scene's model that is not there stays chosen, and its use says so.

    Args:
        combo, parameter, on_choice: as of `NameChoice`.
        kind: 'synthesis', 'segmentation' or another of `systems.SYSTEMS`.
    """

    def __init__(self, combo: Any, kind: str, parameter: str, on_choice: Callable[[], None] | None = None) -> None:
        super().__init__(combo, parameter, on_choice)
        self._kind = kind

    def set_parameters(self, parameters: Any) -> None:
        """See `NameChoice.set_parameters`."""
        super().set_parameters(parameters)
        self.refresh()

    def refresh(self) -> None:
        """Lists the models that are there now."""
        self.show({model.name: model.name for model in models_of(self._kind)})
