"""What was tracked in a cine: a sequence of grid transforms, which tells all that is to be known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.provenance import LABEL_MAP_ROLE, PREFIX
from EchoSynthMRML.transforms import displacement_of

IMAGE_ROLE = "EchoSynth.trackedImage"
_REFERENCE, _FIRST, _LONGEST = PREFIX + "reference", PREFIX + "first", PREFIX + "longestWay"


@dataclass(frozen=True)
class Tracked:
    """The motion from one frame of a cine to others.

    Attributes:
        node: vtkMRMLGridTransformNode that follows the frames.
        transforms: its sequence.
        reference: number of the frame whose points were followed.
        first: number of the first frame that was tracked.
        longest: way of any point that was looked at, in millimeters, or in pixels where their size is not known.
    """

    node: Any
    transforms: Cine
    reference: int
    first: int
    longest: float

    @property
    def last(self) -> int:
        """Number of the last frame that was tracked."""
        return self.first + len(self.transforms) - 1

    @property
    def image(self) -> Any:
        """The node of the cine; None where it was removed."""
        return self.transforms.sequence.GetNodeReference(IMAGE_ROLE)

    @property
    def image_cine(self) -> Cine | None:
        """The frames that were tracked among."""
        return None if self.image is None else cine_of(self.image)

    @property
    def label_map(self) -> Any:
        """The node whose label map of the reference frame was followed; None where there is none any longer."""
        return self.transforms.sequence.GetNodeReference(LABEL_MAP_ROLE)

    def displacement(self, frame: int) -> tuple[NDArray[np.float32], Grid] | None:
        """The displacement (2, H, W) from the reference frame to a frame, in pixels; None where it was not tracked."""
        if not self.first <= frame <= self.last:
            return None
        return displacement_of(self.transforms.node(frame - self.first))

    def codes(self) -> NDArray[np.uint8] | None:
        """The label map (H, W) of the reference frame as it is now; None where there is none."""
        node = self.label_map
        cine = None if node is None else cine_of(node)
        if node is None or (cine is not None and self.reference >= len(cine)):
            return None
        shown = node if cine is None or cine.shown == self.reference else cine.node(self.reference)
        return read_label_map(shown).codes


def mark_as_tracked(node: Any, image: Any, label_map: Any, reference: int, first: int, longest: float) -> None:
    """Keeps what the motion that a node of the scene shows belongs to; saved with the scene."""
    cine = cine_of(node)
    assert cine is not None
    # Kept by the sequence: the node that shows its frames becomes another one with each.
    sequence = cine.sequence
    sequence.SetNodeReferenceID(IMAGE_ROLE, image.GetID())
    sequence.SetNodeReferenceID(LABEL_MAP_ROLE, label_map.GetID() if label_map is not None else None)
    sequence.SetAttribute(_REFERENCE, str(reference))
    sequence.SetAttribute(_FIRST, str(first))
    sequence.SetAttribute(_LONGEST, f"{longest:.4g}")
    if cine.browser is not None:
        # Beyond what was tracked nothing is known; nor may a frame be made up there as the cine is played.
        cine.browser.SetMissingItemMode(sequence, cine.browser.MissingItemSetToDefault)


def tracked_in(image: Any) -> Tracked | None:
    """What was tracked last in the cine that a node shows; None where nothing was."""
    if image is None or image.GetScene() is None:
        return None
    for node in reversed(_transforms(image.GetScene())):
        cine = cine_of(node)
        if cine is not None and cine.sequence.GetNodeReference(IMAGE_ROLE) is image:
            reference, first = (int(cine.sequence.GetAttribute(name) or 0) for name in (_REFERENCE, _FIRST))
            return Tracked(node, cine, reference, first, float(cine.sequence.GetAttribute(_LONGEST) or 1))
    return None


def _transforms(scene: Any) -> list[Any]:
    name = slicer.vtkMRMLGridTransformNode().GetClassName()
    return [scene.GetNthNodeByClass(index, name) for index in range(scene.GetNumberOfNodesByClass(name))]
