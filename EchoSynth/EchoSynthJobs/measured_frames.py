"""What is measured: the label map of a frame, the contour model's endocardium in its image, or both."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.contour import ModelContour
from EchoSynthLib.anatomy.heart2d.endocardium import Endocardium
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.measurement import Cavity, Evidence, FrameMeasures, measure_frame, with_endocardium
from EchoSynthLib.types import Spacing
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import LabelMap, linked_volume, read_label_map
from EchoSynthMRML.provenance import stamps_of
from EchoSynthMRML.volumes import frame_array, tissue_of, trusted_spacing


@dataclass(repr=False)
class MeasuredFrame:
    """One frame that is measured.

    Attributes:
        node: of the scene that shows its label map, or its image where it has none; of a cine the one that follows
            the frames.
        frame: number of the cine's frame that the node shows then, None where it shows the same always.
        label_map: as it was read; one without any structure where there is none.
        spacing: (row, column) mm where they are to be trusted, else None.
        image: volume below it, or None.
        contour: the contour model's endocardium, which is measured instead of the label map's; None without one.
        evidence: what the models see in the image; None where they were not asked.
        number: of the frame in its cine, where it is another one than the node shows.
    """

    node: Any
    frame: int | None
    label_map: LabelMap
    spacing: Spacing | None
    image: Any = None
    contour: ModelContour | None = None
    evidence: Evidence | None = None
    number: int | None = None
    _blank: bool | None = None

    @property
    def blank(self) -> bool:
        """Whether it is a frame of a cine whose image shows nothing: it takes no part."""
        if self._blank is None:
            picture = self.picture() if self.frame is not None else None
            self._blank = picture is not None and not has_contrast(picture[tissue_of(self.image)])
        return self._blank

    @property
    def can_be_judged(self) -> bool:
        """Whether there is an image on the label map's pixels that the models can look at."""
        if self.image is None or not same_place(Grid.of_volume(self.image), self.label_map.grid):
            return False
        picture = self.picture()
        return picture is not None and has_contrast(picture[tissue_of(self.image)])

    @property
    def bare(self) -> bool:
        """Whether there is no label map, so that the endocardium alone is measured."""
        return not self.label_map.codes.any()

    @property
    def cavity(self) -> Cavity | None:
        """The left ventricle's cavity, as it is measured, in mm or pixels; None where nothing is."""
        codes = self.label_map.codes
        if self.blank or (self.contour is None and not codes.any()):
            return None
        if self.contour is None:
            return Cavity.of_labels(codes, self.spacing)
        endocardium = self.contour.endocardium
        return Cavity.of_labels(with_endocardium(codes, endocardium), self.spacing, endocardium)

    def measure(self, drawn: Endocardium | None = None) -> FrameMeasures:
        """Measures it, with an endocardium that is drawn by hand where one is given.

        Raises:
            InputError: the endocardium encloses nothing.
        """
        if self.blank:
            return measure_frame(np.zeros_like(self.label_map.codes), self.spacing, number=self.frame)
        return measure_frame(
            self.label_map.codes,
            self.spacing,
            contour=drawn or (None if self.contour is None else self.contour.endocardium),
            second_contour=self.contour,
            evidence=self.evidence,
            view=stamps_of(self.node).get("view"),
            number=self.frame if self.number is None else self.number,
        )

    def read_again(self) -> bool:
        """Reads the label map that its node shows now; whether it is another one.

        Raises:
            InputError: it is no label map any longer, or its pixels have another size or place.
        """
        now = place_of(self.node, self.node, self.frame, self.image)
        if not same_place(now.label_map.grid, self.label_map.grid) or now.spacing != self.spacing:
            raise InputError(f"The pixels of '{self.node.GetName()}' have another size or place now. Measure again.")
        if np.array_equal(now.label_map.codes, self.label_map.codes):
            return False
        self.label_map = now.label_map
        return True

    def picture(self) -> NDArray[np.uint8] | None:
        """(H, W) uint8 of the image; None where there is none on the label map's pixels."""
        with suppress(InputError):
            if self.image is not None and Grid.of_volume(self.image).shape == self.label_map.grid.shape:
                return to_gray8(frame_array(self.image))
        return None


def place_of(node: Any, shown: Any, frame: int | None, image: Any) -> MeasuredFrame:
    """The place of a label map, or of an image.

    Args:
        node: of the scene.
        shown: of the frame: the node itself, or the frame in the sequence that it follows.
        frame: number of the cine's frame, None for a single one.
        image: volume below the label map, or None.

    Raises:
        InputError: it is neither a label map nor an image.
    """
    if is_image(node):
        grid = Grid.of_volume(shown)
        return MeasuredFrame(node, frame, LabelMap(np.zeros(grid.shape, np.uint8), grid), trusted_spacing(shown), shown)
    label_map = read_label_map(shown)
    return MeasuredFrame(node, frame, label_map, spacing_of(node, label_map.grid), image)


def is_image(node: Any) -> bool:
    """Whether a node is an image rather than a label map."""
    return bool(node.IsA("vtkMRMLScalarVolumeNode") and not node.IsA("vtkMRMLLabelMapVolumeNode"))


def frame_shown(node: Any) -> int | None:
    """The number of the frame of its cine that a node shows; None where it belongs to no cine."""
    cine = cine_of(node)
    return None if cine is None else cine.shown


def reference_of(node: Any) -> Any:
    """The image that a segmentation was drawn on, an image itself, or None."""
    if is_image(node):
        return node
    if not node.IsA("vtkMRMLSegmentationNode"):
        return None
    return linked_volume(node)


def spacing_of(node: Any, grid: Grid) -> Spacing | None:
    """(row, column) mm of a label map's pixels where they are to be trusted: as its image's are, else as its own."""
    image = reference_of(node) or (node if node.IsA("vtkMRMLVolumeNode") else None)
    trusted = grid.spacing != (1.0, 1.0) if image is None else trusted_spacing(image) is not None
    return grid.spacing if trusted else None


def node_to_write(place: MeasuredFrame) -> Any:
    """The node whose segments are a place's: the shown one, else the frame in the sequence.

    Raises:
        InputError: it is no segmentation, or was removed.
    """
    name = place.node.GetName()
    if place.node.GetScene() is None:
        raise InputError(f"'{name}' was removed from the scene; its endocardium cannot be written.")
    if not place.node.IsA("vtkMRMLSegmentationNode"):
        raise InputError(f"'{name}' is no segmentation. Make it one in EchoSynth (Edit label map), and measure again.")
    cine = cine_of(place.node)
    if cine is None or place.frame is None or place.frame == frame_shown(place.node):
        return place.node
    return cine.node(place.frame)
