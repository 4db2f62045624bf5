"""Result nodes on their way into the scene: one frame, or all frames of a cine."""

from __future__ import annotations

from typing import Any

from EchoSynthMRML.cines import Cine, CineBuilder
from EchoSynthMRML.volumes import add_to_scene


class Result:
    """Collects a result outside the scene, so that a job cut short leaves nothing half-made in it.

    Args:
        name: of the node.
        cine: the cine whose frames the result has; None for a single frame.
    """

    def __init__(self, name: str, cine: Cine | None) -> None:
        self._cine = cine
        self._builder = None if cine is None else CineBuilder(name, cine)
        self._node: Any = None

    def append(self, node: Any) -> None:
        """Takes the next frame."""
        if self._builder is None:
            self._node = node
        else:
            self._builder.append(node)

    def into(self, scene: Any, save_changes: bool = False) -> Any:
        """Adds the result to the scene; gives its node, of a cine the one that follows the frames."""
        if self._builder is None or self._cine is None:
            return add_to_scene(scene, self._node)
        return self._builder.finish(scene, self._cine.browser, save_changes=save_changes)
