"""The frames and cines of a scene, each with its label map, as what may be one of a patient's views."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.label_maps.marks import label_ending
from EchoSynthLib.measurement.study_places import MODEL, Clip
from EchoSynthMRML.cines import Cine, cine_of, frame_time_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import linked_volume, read_label_map
from EchoSynthMRML.provenance import FRAME, LABEL_MAP_ROLE, stamps_of
from EchoSynthMRML.structures import code_of
from EchoSynthMRML.study_folder import VIEW_FROM, facts_of, patient_of
from EchoSynthMRML.volumes import trusted_spacing

IMAGES = ("vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode")
LABEL_MAPS = ("vtkMRMLSegmentationNode", "vtkMRMLLabelMapVolumeNode")

_MADE = ("synthesize", "variations", "confidence", "saliency", "reconstruct")
"""Tasks whose results are no pictures of a patient."""


@dataclass(frozen=True, eq=False)
class SceneClip:
    """A frame or a cine of the scene.

    Attributes:
        image: node of the image; None where there is a label map alone. Of a cine the node that follows its frames.
        label_map: node of the label map of all its frames; None where there is none.
    """

    image: Any
    label_map: Any = None

    @property
    def node(self) -> Any:
        """What is measured: the label map where there is one, else the image."""
        return self.image if self.label_map is None else self.label_map

    @property
    def named(self) -> Any:
        """The node whose name and place in the tree count: the image, where there is one."""
        return self.label_map if self.image is None else self.image

    def holds(self, node: Any) -> bool:
        """Whether a node is its image or its label map."""
        return node is not None and any(node is own for own in (self.image, self.label_map))

    def told(self, areas: bool | None = None) -> Clip:
        """It, as the places of a study are filled with it.

        Args:
            areas: whether the ventricle's area is read from its label maps; None reads the one of a frame alone, for
                those of a cine take a second.
        """
        cine = cine_of(self.node)
        frames = 1 if cine is None else len(cine)
        read = areas if areas is not None else frames == 1
        known = facts_of(self.named)
        stamps = {} if self.label_map is None else stamps_of(self.label_map)
        view = stamps.get("view", "")
        by_user = stamps.get("view_source") == "user"
        clip = Clip(
            self.named.GetName().removesuffix(label_ending(self.named.GetName())),
            folder=patient_of(self.named),
            view=known.get("view", "") if known.get(VIEW_FROM) == "set" else view if by_user else "",
            phase=known.get("phase", "") if known.get("phase_from") == "set" else "",
            seen="" if by_user else view or (known.get("view", "") if known.get(VIEW_FROM) == MODEL else ""),
            frames=frames,
        )
        if self.label_map is None or not read:
            return clip
        with suppress(InputError):
            sizes, scale = _areas(self.label_map, self.image, cine)
            return replace(clip, areas=sizes, scale=scale, frame_time=None if cine is None else frame_time_of(cine))
        return clip


def clips_in(scene: Any) -> list[SceneClip]:
    """The images of a scene with the label maps that were drawn on them, and the label maps that have no image.

    What was synthesized or varied takes no part, nor do volumes of several slices.
    """
    images = [node for node in _nodes(scene, IMAGES) if _is_frame(node)]
    maps = [node for node in _nodes(scene, LABEL_MAPS) if stamps_of(node).get("task") not in _MADE]
    drawn_on: dict[Any, list[Any]] = {image: [] for image in images}
    alone: list[Any] = []
    for node in maps:
        image = _image_of(node, images)
        (alone if image is None else drawn_on[image]).append(node)
    with_images = [SceneClip(image, _whole(image, drawn)) for image, drawn in drawn_on.items()]
    return [*with_images, *(SceneClip(None, node) for node in alone if _is_label_map(node))]


def _nodes(scene: Any, classes: tuple[str, ...]) -> Iterator[Any]:
    for name in classes:
        for index in range(scene.GetNumberOfNodesByClass(name)):
            node = scene.GetNthNodeByClass(index, name)
            # A class brings its subclasses; each node comes once.
            if node.GetClassName() == name and not node.GetHideFromEditors():
                yield node


def _is_frame(node: Any) -> bool:
    made = node.GetNodeReference(LABEL_MAP_ROLE) is not None or stamps_of(node).get("task") in _MADE
    if made or node.GetImageData() is None:
        return False
    with suppress(InputError):
        Grid.of_volume(node)
        return True
    return False


def _is_label_map(node: Any) -> bool:
    """Whether a node may be one; its pixels are not looked at, for panels ask at each change."""
    if not node.IsA("vtkMRMLSegmentationNode"):
        return node.GetImageData() is not None
    segmentation = node.GetSegmentation()
    return any(code_of(segmentation.GetSegment(each)) is not None for each in segmentation.GetSegmentIDs())


def _image_of(label_map: Any, images: list[Any]) -> Any:
    """The image that a label map was drawn on: the one it is linked to, else the one of the same name and size."""
    linked = linked_volume(label_map) if label_map.IsA("vtkMRMLSegmentationNode") else None
    if linked is not None:
        return linked if linked in images else None
    name = label_map.GetName()
    stem = name.removesuffix(label_ending(name))
    with suppress(InputError):
        shape = Grid.of_label_map(label_map).shape
        return next(
            (image for image in images if image.GetName() == stem and Grid.of_volume(image).shape == shape), None
        )
    return None


def _whole(image: Any, drawn: list[Any]) -> Any:
    """Of the label maps drawn on an image the last one that has all of its frames; None where there is none."""
    cine = cine_of(image)
    frames = 1 if cine is None else len(cine)
    for node in reversed(drawn):
        own = cine_of(node)
        whole = (1 if own is None else len(own)) == frames
        if whole and (frames == 1 or node.GetAttribute(FRAME) is None) and _is_label_map(node):
            return node
    return None


def _areas(label_map: Any, image: Any, cine: Cine | None) -> tuple[list[float], Any]:
    """The area of the left ventricle in each frame, and what makes areas comparable."""
    frames = [label_map] if cine is None else [cine.node(index) for index in range(len(cine))]
    read = [read_label_map(frame) for frame in frames]
    measured = image if image is not None else label_map if label_map.IsA("vtkMRMLVolumeNode") else None
    own = read[0].grid.spacing
    spacing = (None if own == (1.0, 1.0) else own) if measured is None else trusted_spacing(measured)
    pixel, scale = (1.0, read[0].grid.shape) if spacing is None else (float(np.prod(spacing)), "mm2")
    return [pixel * float(np.count_nonzero(one.codes == CamusCode.LV_CAVITY)) for one in read], scale
