"""Areas of segments on echo frames, for the Segment Statistics module.

Its own volumes are areas times the thickness of a slice, which an echo frame does not have.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from SegmentStatisticsPlugins import SegmentStatisticsPluginBase
from slicer.i18n import tr as _
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import linked_volume
from EchoSynthMRML.volumes import trusted_spacing

AREA_PIXELS, AREA_MM2 = "area_px", "area_mm2"


class EchoSynthSegmentStatisticsPlugin(SegmentStatisticsPluginBase):
    """Area in pixels, and in mm2 where the pixel size is to be trusted, of segments of one slice."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "EchoSynth"
        self.title = _("Echo frame")
        self.keys = [AREA_PIXELS, AREA_MM2]
        self.defaultKeys = self.keys

    def computeStatistics(self, segmentID: str) -> dict[str, Any]:
        """The requested areas of a segment; none for segments of several slices."""
        requested = self.getRequestedKeys()
        node = slicer.mrmlScene.GetNodeByID(self.getParameterNode().GetParameter("Segmentation"))
        try:
            spacing = _spacing(node)
        except InputError:
            return {}
        pixels = _pixels(node, segmentID)
        if not requested or pixels is None:
            return {}
        found: dict[str, Any] = {AREA_PIXELS: pixels}
        if spacing is not None:
            found[AREA_MM2] = pixels * spacing[0] * spacing[1]
        return {key: value for key, value in found.items() if key in requested}

    def getMeasurementInfo(self, key: str) -> dict[str, Any] | None:
        """What Segment Statistics writes above the column."""
        if key == AREA_PIXELS:
            title, description, units = _("Area [pixels]"), _("Area in pixels"), _("pixels")
            return self.createMeasurementInfo(AREA_PIXELS, title, description, units)
        if key == AREA_MM2:
            return self.createMeasurementInfo(
                AREA_MM2,
                _("Area [mm2]"),
                _("Area in mm2, where the pixel size is calibrated"),
                "mm2",
                quantityDicomCode=self.createCodedEntry("42798000", "SCT", "Area", True),
                unitsDicomCode=self.createCodedEntry("mm2", "UCUM", "square millimeter", True),
            )
        return None


def _pixels(node: Any, segment_id: str) -> int | None:
    image = slicer.vtkOrientedImageData()
    name = slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()
    if not node.GetSegmentation().ContainsRepresentation(name):
        return None
    node.GetBinaryLabelmapRepresentation(segment_id, image)
    if image.IsEmpty():
        return 0
    if image.GetDimensions()[2] > 1:
        return None
    return int(np.count_nonzero(vtk_to_numpy(image.GetPointData().GetScalars())))


def _spacing(node: Any) -> Spacing | None:
    own = Grid.of_segmentation(node).spacing
    volume = linked_volume(node)
    if volume is not None:
        spacing: Spacing | None = trusted_spacing(volume)
        return spacing
    return None if own == (1.0, 1.0) else own
