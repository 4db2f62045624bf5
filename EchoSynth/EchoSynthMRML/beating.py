"""What a made cine keeps of itself: the phase of each frame, the frame it was made of, and its label maps as made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.provenance import LABEL_MAP_ROLE, PREFIX, sha256_of

SOURCE_ROLE = PREFIX + "beatingFrom"
_TOLD, _PHASES, _FRAME, _HASHES = (PREFIX + name for name in ("beating", "beatPhases", "beatingFrame", "labelMaps"))
_DIGITS = 16
"""Of a fingerprint: enough to tell an edited label map from the one that was made."""


@dataclass(frozen=True)
class Beating:
    """A cine that was made of one frame.

    Attributes:
        image: node that follows its frames.
        cine: its frames.
        phases: of the beat, for each frame, 0 (end-diastole) to below 1.
        told: what of the record is kept.
    """

    image: Any
    cine: Cine
    phases: tuple[float, ...]
    told: Mapping[str, Any]

    @property
    def label_map(self) -> Any:
        """The node that follows its label maps; None where it was removed."""
        return self.cine.sequence.GetNodeReference(LABEL_MAP_ROLE)

    @property
    def source(self) -> tuple[Any, Any, int | None]:
        """Image, label map and number of the frame that it was made of; None for what is not there any longer."""
        frame = self.cine.sequence.GetAttribute(_FRAME)
        image = self.cine.sequence.GetNodeReference(SOURCE_ROLE)
        label_map = self.cine.sequence.GetNodeReference(SOURCE_ROLE + "Labels")
        return image, label_map, int(frame) if frame else None

    @property
    def shown_phase(self) -> float:
        """The phase of the frame that is shown."""
        shown = self.cine.shown or 0
        return self.phases[shown] if shown < len(self.phases) else 0.0

    def is_edited(self) -> bool:
        """Whether the label map of the shown frame is another one than was made; it may have been emptied."""
        node = self.label_map
        maps = None if node is None else cine_of(node)
        if node is None or maps is None:
            return False
        hashes = (maps.sequence.GetAttribute(_HASHES) or "").split()
        shown = maps.shown or 0
        if shown >= len(hashes):
            return False
        try:
            return _fingerprint(read_label_map(node).codes) != hashes[shown]
        except InputError:
            return True


def mark_as_beating(
    image: Any,
    label_map: Any,
    label_maps: NDArray[np.uint8],
    phases: Sequence[float],
    source: tuple[Any, Any, int | None],
    told: Mapping[str, Any],
) -> None:
    """Keeps what a made cine is; saved with the scene.

    Args:
        image: node that follows its frames.
        label_map: node that follows its label maps.
        label_maps: (T, H, W) as they were made.
        phases: (T,) of the beat, of each frame.
        source: image, label map and number of the frame that it was made of; None where there is none.
        told: of the record, JSON-able.
    """
    cine, maps = cine_of(image), cine_of(label_map)
    assert cine is not None
    assert maps is not None
    sequence = cine.sequence
    from_image, from_labels, frame = source
    sequence.SetAttribute(_TOLD, json.dumps(told))
    sequence.SetAttribute(_PHASES, " ".join(f"{phase:.5f}" for phase in phases))
    sequence.SetAttribute(_FRAME, None if frame is None else str(frame))
    for role, node in ((SOURCE_ROLE, from_image), (SOURCE_ROLE + "Labels", from_labels), (LABEL_MAP_ROLE, label_map)):
        sequence.SetNodeReferenceID(role, None if node is None else node.GetID())
    maps.sequence.SetAttribute(_HASHES, " ".join(map(_fingerprint, label_maps)))


def beating_of(node: Any) -> Beating | None:
    """The made cine that an image shows; None for any other."""
    cine = None if node is None else cine_of(node)
    if cine is None or cine.browser is None:
        return None
    told, phases = (cine.sequence.GetAttribute(name) for name in (_TOLD, _PHASES))
    if not told or not phases:
        return None
    return Beating(node, cine, tuple(map(float, phases.split())), json.loads(told))


def _fingerprint(label_map: NDArray[np.uint8]) -> str:
    return sha256_of(np.ascontiguousarray(label_map))[:_DIGITS]
