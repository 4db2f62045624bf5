"""EchoHeart3D, Reconstruct: a third view, and handles that tell where pictures lie, dragged with the mouse."""

from __future__ import annotations

import numpy as np
import slicer

from EchoSynthMRML.heart_pictures import plane_of
from EchoSynthMRML.plane_handles import ANGLE, axis_of
from EchoSynthPanels.new_heart.heart_views import ECHO_VIEW, THIRD_VIEW, slice_node
from EchoSynthPanels.parameters import PLANES_AS_USUAL
from events import choose, click, click_at, drag, drag_in_slice, move_to, picture, spin, type_text, wait_until
from looks import window_of
from reconstructing import TRUTH, Reconstructing


class WithMoreViews(Reconstructing):
    """Three cines of one heart."""

    def test_a_third_view_fills_its_place_is_fitted_and_shown_and_can_be_taken_away(self):
        for view in ("4CH", "2CH", "3CH"):
            self.module.logic.saveHeart(**TRUTH, view=view, frames=8)
        spin(0.5)
        assert self.parameters.longAxisED is not None
        assert self.parameters.longAxisES is self.parameters.longAxisED
        assert self.ui.moreViewsBox.title == "More views: 3CH ED, 3CH ES"
        assert not self.ui.longAxisEDSelector.visible
        self.make()
        assert list(self.heart.found.records["ED"]["planes"]) == ["4CH", "2CH", "3CH"]
        assert self.shown_in(THIRD_VIEW) is self.parts["3CH ED"]
        assert self.parts["3CH ES"].GetParentTransformNode() is self.parts[plane_of("3CH ES")]
        with window_of("laptop"):
            spin(0.5)
            picture("reconstruct-three-views-1280x800")
        with window_of("desk"):
            spin(0.5)
            picture("reconstruct-three-views")
        click(self.ui.reconstructedESButton)
        self.settle()
        assert self.shown_in(THIRD_VIEW) is self.parts["3CH ES"]
        click(self.ui.placesButton)
        self.ui.moreViewsBox.collapsed = False
        spin(0.2)
        choose(self.ui.longAxisESSelector, "None")
        spin(0.4)
        assert self.ui.moreViewsBox.title == "More views: 3CH ED"
        assert self.ui.fillButton.enabled
        self.make()
        assert list(self.heart.found.records["ES"]["planes"]) == ["4CH", "2CH"]
        picture("reconstruct-third-view-at-ED-alone")
        click(self.ui.reconstructedESButton)
        self.settle()
        assert self.shown_in(THIRD_VIEW) is None
        assert not slice_node(THIRD_VIEW).GetSliceVisible()
        click(self.ui.placesButton)
        click(self.ui.fillButton)
        spin(0.4)
        assert self.parameters.longAxisES is self.parameters.longAxisED


class WithHandles(Reconstructing):
    """Handles dragged with the mouse."""

    def test_an_end_of_the_long_axis_is_dragged_in_its_picture_and_the_heart_fitted_anew(self):
        self.load_label_maps()
        self.make()
        before = self.heart.found.records["ED"]
        segmentations = len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode"))
        line = self.parts[axis_of("4CH")]
        with window_of("laptop"):
            spin(0.5)
            picture("reconstruct-handles-1280x800")
        apex, base = slicer.util.arrayFromMarkupsControlPoints(line, world=True)
        beyond = apex + 9 * (apex - base) / np.linalg.norm(apex - base)
        drag_in_slice(ECHO_VIEW, [apex, (apex + beyond) / 2, beyond])
        picture("reconstruct-apex-dragged")
        wait_until(lambda: self.heart.found.records["ED"]["long_axes_told"] == ["4CH"], 240, "the other long axis")
        self.settle()
        picture("reconstruct-apex-refitted")
        after = self.heart.found.records["ED"]
        assert after["lengths_mm"]["4CH"] > before["lengths_mm"]["4CH"] + 5
        assert after["volumes_ml"]["left ventricle"] > before["volumes_ml"]["left ventricle"]
        assert self.heart.found.records["ES"]["long_axes_told"] == []
        assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == segmentations
        # It lies where it was let go, and goes on being told as the angle changes.
        told = slicer.util.arrayFromMarkupsControlPoints(self.parts[axis_of("4CH")], world=True)
        assert abs(np.linalg.norm(told[1] - told[0]) - after["lengths_mm"]["4CH"]) < 0.5
        type_text(self.ui.planeAngleSpinBox, "80")
        wait_until(lambda: self.heart.found.records["ED"]["plane_angle_deg"] > 72, 240, "the other angle")
        self.settle()
        assert self.heart.found.records["ED"]["long_axes_told"] == ["4CH"]
        self.parameters.planeAngle = PLANES_AS_USUAL
        click(self.ui.planeHandlesCheckBox)
        spin(0.2)
        assert not self.parts[axis_of("2CH")].GetDisplayVisibility()
        picture("reconstruct-no-handles")
        wait_until(lambda: not self.panel.runner.busy, 240, "the usual angle")
        self.make()
        assert self.heart.found.records["ED"]["long_axes_told"] == []

    def test_the_point_in_3d_turns_the_plane_of_the_two_chamber_view(self):
        self.load_label_maps("4CH_ED", "2CH_ED")
        self.make()
        usual = self.heart.found.records["ED"]["plane_angle_deg"]
        point = self.parts[ANGLE]
        place = slicer.util.arrayFromMarkupsControlPoints(point, world=True)[0]
        picture("reconstruct-angle-handle")
        apex, base = slicer.util.arrayFromMarkupsControlPoints(self.parts[axis_of("4CH")], world=True)
        around = np.cross(base - apex, place - apex)
        around *= 45 / np.linalg.norm(around)
        view = slicer.app.layoutManager().threeDWidget(0).threeDView()
        x, y = _seen_at(view, place)
        offset = slice_node(ECHO_VIEW).GetSliceOffset()
        move_to(view.VTKWidget(), x, y)
        spin(0.3)
        click_at(view.VTKWidget(), x, y)
        spin(0.8)
        # A click is no drag, and leaves the pictures where they are.
        assert self.parameters.planeAngle == PLANES_AS_USUAL
        assert abs(slice_node(ECHO_VIEW).GetSliceOffset() - offset) < 0.5
        drag(view.VTKWidget(), [_seen_at(view, place + share * around) for share in (0, 0.3, 0.6, 1)])
        wait_until(lambda: self.parameters.planeAngle != PLANES_AS_USUAL, 10, "the angle that was dragged")
        wait_until(
            lambda: abs(self.heart.found.records["ED"]["plane_angle_deg"] - usual) > 5, 240, "a heart with that angle"
        )
        self.settle()
        picture("reconstruct-angle-dragged")
        assert abs(self.heart.found.records["ED"]["plane_angle_deg"] - self.parameters.planeAngle) < 6


def _seen_at(view, place) -> tuple[float, float]:
    """The pixel (x, y), from the top left, of a 3D view that shows a place."""
    renderer = view.renderWindow().GetRenderers().GetFirstRenderer()
    renderer.SetWorldPoint(*place, 1.0)
    renderer.WorldToDisplay()
    x, from_bottom, _depth = renderer.GetDisplayPoint()
    ratio = view.VTKWidget().devicePixelRatioF()
    return x / ratio, view.VTKWidget().height - 1 - from_bottom / ratio
