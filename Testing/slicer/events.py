"""All that a case needs to act like a user. A case is a unittest.TestCase in a file cases/case_*.py:

class ThePanel(unittest.TestCase):
    def test_segment_is_gray_until_an_image_is_chosen(self):
        slicer.util.selectModule("EchoSynth")
        button = slicer.util.findChild(slicer.util.mainWindow(), "segmentButton")
        assert not button.enabled
        volume = echo_volume(drawn_heart())
        choose(slicer.util.findChild(slicer.util.mainWindow(), "imageSelector"), volume.GetName())
        click(button)
        wait_until(lambda: slicer.util.getNodesByClass("vtkMRMLSegmentationNode"), 30, "a segmentation")
        picture("segmented")

Plain asserts will do: a failure is told with the local variables and a picture of the window. Before each test the
scene is empty; an exception in a slot, a timer, an observer or a thread fails the test during which it happened.
"""

from __future__ import annotations

from controls import (
    answering,
    choose,
    choose_in_menu,
    click_button,
    click_item,
    entries,
    move_slider,
    open_tab,
    right_click,
)
from keys import press, type_text
from mouse import RIGHT, click, click_at, double_click, drag, move_to, wheel
from pictures import picture
from slice_views import drag_in_slice, ras, show_alone, slice_point
from waiting import StallWatch, spin, wait_until

__all__ = [
    "RIGHT",
    "StallWatch",
    "answering",
    "choose",
    "choose_in_menu",
    "click",
    "click_at",
    "click_button",
    "click_item",
    "double_click",
    "drag",
    "drag_in_slice",
    "entries",
    "move_slider",
    "move_to",
    "open_tab",
    "picture",
    "press",
    "ras",
    "right_click",
    "show_alone",
    "slice_point",
    "spin",
    "type_text",
    "wait_until",
    "wheel",
]
