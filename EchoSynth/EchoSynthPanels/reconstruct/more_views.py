"""The places of a third view: they fill themselves by name, and can be changed by hand."""

from __future__ import annotations

from typing import Any

import slicer

from EchoSynthJobs.long_axis import LONG_AXIS_PLACES, long_axis_of

PLACES = dict(zip(LONG_AXIS_PLACES, ("longAxisED", "longAxisES"), strict=True))
"""A place to the parameter that names what stands there."""


class MoreViews:
    """The places of the long-axis view, which a reconstruction takes where they are filled.

    Args:
        box: the group box that holds them; its title tells whether there is something in it while it is folded.
    """

    def __init__(self, box: Any) -> None:
        self._box = box
        self._title = box.title
        self._parameters: Any = None
        self._node: Any = None
        self._filled: dict[str, Any] = {}
        self._patient: str | None = None

    @property
    def nodes(self) -> dict[str, Any]:
        """What stands in the places; None in an empty one."""
        return {where: getattr(self._parameters, name) for where, name in PLACES.items()} if self._parameters else {}

    @property
    def by_hand(self) -> dict[str, Any]:
        """What a user put into places, None where one was emptied; one whose node was removed fills itself again."""
        filled = {where: node for where, node in self._filled.items() if node is None or node.GetScene() is not None}
        return {where: node for where, node in self.nodes.items() if node is not filled.get(where)}

    def set_parameters(self, parameters: Any) -> None:
        """Those of another parameter node."""
        node = None if parameters is None else parameters.parameterNode
        if node is None or node is not self._node:
            self._filled, self._patient = {}, None
        self._parameters, self._node = parameters, node

    def fill(self, patient: str) -> None:
        """Fills the places that nobody changed with what the scene has of a patient."""
        if self._parameters is None or slicer.mrmlScene.IsBatchProcessing():
            return
        if self._patient is not None and self._patient != patient:
            # What was chosen for one patient is not meant for the next.
            self._filled = self.nodes
        self._patient = patient
        hand, found = self.by_hand, long_axis_of(slicer.mrmlScene, patient)
        for where, name in PLACES.items():
            node, chosen = found.get(where), getattr(self._parameters, name)
            if where not in hand or chosen is node:
                self._filled[where] = node
                if chosen is not node:
                    setattr(self._parameters, name, node)
        self.tell()

    def fill_again(self, patient: str) -> None:
        """Fills all of them anew, whatever was chosen."""
        self._filled = self.nodes
        self.fill(patient)

    def tell(self) -> None:
        """Tells in the title which of them are filled."""
        there = [where for where, node in self.nodes.items() if node is not None]
        self._box.title = f"{self._title}: {', '.join(there)}" if there else self._title
