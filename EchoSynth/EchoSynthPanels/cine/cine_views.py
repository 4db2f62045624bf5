"""What the slice views show of hearts that beat: a preview, one cine, or several beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from EchoSynthJobs.animate import PREVIEW, Animated, MadeCine
from EchoSynthJobs.start_frame import DIASTOLE, SYSTOLE
from EchoSynthMRML.beating import beating_of
from EchoSynthMRML.previews import remove_previews, write_preview
from EchoSynthPanels.application.views import (
    LEFT,
    RIGHT,
    fill,
    is_shown,
    show_alone,
    show_frame,
    show_label_volume,
    show_player,
)

FIRST_LAYOUT = 6400
"""Its number, and those that follow it by the number of their views."""
VIEWS = {
    LEFT: ("R", "#F34A33"),
    RIGHT: ("Y", "#EDD54C"),
    "Green": ("G", "#6EB04B"),
    "EchoCine4": ("4", "#4A90D9"),
    "EchoCine5": ("5", "#B06EB0"),
    "EchoCine6": ("6", "#D98A4A"),
}
"""Slice views to label and color."""
_IN_ROW = {2: 2, 3: 3, 4: 2, 5: 3, 6: 3}
_SHOWN = "EchoSynth.layout"
"""Attribute of the browser of cines that stand beside each other; saved with the scene."""
_TEXT_SIZE = 16


@dataclass
class _Side:
    """What one view of a preview shows; without an overlay the chosen label map lies there."""

    caption: str
    image: Any
    overlay: Any = None


class CineViews:
    """Shows one thing at a time; see `the_cine_views`."""

    def __init__(self) -> None:
        self._previewed: Any = None
        self._laid_out: tuple[Any, ...] = ()
        self._limited: list[Any] = []
        self._captions: dict[str, Any] = {}
        self._arrangement = 0
        scene, layout = slicer.mrmlScene, _layout_node()
        scene.AddObserver(scene.StartCloseEvent, self._forget)
        scene.AddObserver(scene.EndImportEvent, self._show_again)
        layout.AddObserver("ModifiedEvent", self._on_layout)

    def show_preview(self, animated: Animated, label_map: Any, image: Any = None) -> None:
        """Shows end-diastole at the left, end-systole at the right.

        The chosen label map stays on the picture of its own phase, where it can be edited. Where it is of another phase
        its frame stands at the left.

        Args:
            animated: the preview.
            label_map: the chosen one.
            image: below it; None where there is none.
        """
        start, scene = animated.start, slicer.mrmlScene
        source = start.label_map if start.shown is None else start.shown
        previews = [
            write_preview(
                scene,
                phase,
                animated.cine[index],
                animated.label_maps[index],
                start.read.grid,
                animated.record,
                source,
            )
            for phase, index in zip((DIASTOLE, SYSTOLE), PREVIEW, strict=True)
        ]
        sides = [_Side(one.phase, one.image, one.label_map) for one in previews]
        if label_map is not None and label_map.IsA("vtkMRMLSegmentationNode"):
            phase = _phase_of(animated) if start.label_map is label_map else None
            if phase is None and image is not None:
                sides[0] = _Side(_("Shown frame"), image)
            elif phase is not None:
                sides[PREVIEW[phase == SYSTOLE]].overlay = None
        wanted = (label_map, *(each.caption for each in sides if each.overlay is None))
        shown = all(is_shown(each.image, view) for each, view in zip(sides, (LEFT, RIGHT), strict=True))
        if wanted != self._laid_out or not shown:
            self._lay_out_preview(sides, label_map)
            self._laid_out = wanted

    @property
    def previewing(self) -> bool:
        """Whether a preview is shown."""
        return self._previewed is not None

    def leave_preview(self, label_map: Any = None) -> None:
        """Takes the preview away, unless it is that of the label map given."""
        if self._previewed is None or (label_map is not None and label_map == self._previewed):
            return
        self._previewed, self._laid_out = None, ()
        remove_previews(slicer.mrmlScene)
        self._free()

    def show_cine(self, made: MadeCine) -> None:
        """Shows a cine alone, with its label maps."""
        self._clear()
        fill(made.segmentation, on_image=True)
        show_alone(made.image)
        show_player(made.image)

    def show_beside(self, images: Sequence[Any], segmentations: Sequence[Any]) -> None:
        """Shows cines beside each other, each with its own label maps."""
        self._clear()
        _set_layout(len(images))
        views = list(VIEWS)[: len(images)]
        for image, segmentation, view in zip(images, segmentations, views, strict=True):
            show_frame(image, view)
            if segmentation is not None:
                _limit(segmentation, view)
                segmentation.GetDisplayNode().SetVisibility(True)
                fill(segmentation, on_image=True)
            self._caption(view, _title_of(image))
        show_player(images[0])
        made = beating_of(images[0])
        if made is not None:
            made.cine.browser.SetAttribute(_SHOWN, str(self._arrangement))

    def _lay_out_preview(self, sides: Sequence[_Side], label_map: Any) -> None:
        self._clear(previews=False)
        slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutSideBySideView)
        for side, view in zip(sides, (LEFT, RIGHT), strict=True):
            show_frame(side.image, view)
            show_label_volume(side.overlay, view)
            self._caption(view, side.caption)
        if label_map is not None and label_map.IsA("vtkMRMLSegmentationNode"):
            _limit(label_map, *(view for side, view in zip(sides, (LEFT, RIGHT), strict=True) if side.overlay is None))
            fill(label_map, on_image=True)
            self._limited.append(label_map)
        self._previewed = label_map

    def _clear(self, previews: bool = True) -> None:
        """Takes away what was shown before."""
        self._previewed, self._laid_out = None, ()
        if previews:
            remove_previews(slicer.mrmlScene)
        self._free()
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
            display = node.GetDisplayNode()
            image = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
            if display is not None and display.GetNumberOfViewNodeIDs() and beating_of(image) is not None:
                display.RemoveAllViewNodeIDs()
                display.SetVisibility(False)
        _forget_shown()

    def _free(self) -> None:
        for node in self._limited:
            if node.GetScene() is not None and node.GetDisplayNode() is not None:
                node.GetDisplayNode().RemoveAllViewNodeIDs()
        self._limited.clear()
        self._take_captions()

    def _take_captions(self) -> None:
        for view, actor in self._captions.items():
            widget = slicer.app.layoutManager().sliceWidget(view)
            if widget is not None:
                _renderer(widget).RemoveViewProp(actor)
                widget.sliceView().scheduleRender()
        self._captions.clear()

    def _caption(self, view: str, text: str) -> None:
        """Writes a title over a view."""
        widget = slicer.app.layoutManager().sliceWidget(view)
        if widget is None:
            return
        actor = vtk.vtkTextActor()
        actor.SetInput(text)
        look = actor.GetTextProperty()
        look.SetFontSize(_TEXT_SIZE)
        look.SetBold(True)
        look.SetColor(1, 1, 1)
        look.SetShadow(True)
        look.SetVerticalJustificationToTop()
        look.SetJustificationToCentered()
        actor.GetPositionCoordinate().SetCoordinateSystemToNormalizedViewport()
        actor.SetPosition(0.5, 0.97)
        _renderer(widget).AddViewProp(actor)
        self._captions[view] = actor
        self._arrangement = _layout_node().GetViewArrangement()
        widget.sliceView().scheduleRender()

    def _on_layout(self, caller: Any = None, event: Any = None) -> None:
        """In another layout titles would lie over other pictures; nor is one that was left to be saved."""
        if slicer.mrmlScene.IsBatchProcessing() or _layout_node().GetViewArrangement() == self._arrangement:
            return
        self._take_captions()
        _forget_shown()

    def _show_again(self, caller: Any = None, event: Any = None) -> None:
        """Shows the cines that a saved scene had beside each other."""
        for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"):
            if browser.GetAttribute(_SHOWN):
                made = [one for one in map(beating_of, _proxies(browser)) if one is not None]
                if 1 < len(made) <= len(VIEWS):
                    self.show_beside([one.image for one in made], [one.label_map for one in made])
                return

    def _forget(self, caller: Any = None, event: Any = None) -> None:
        self._previewed, self._laid_out = None, ()
        self._free()


@cache
def the_cine_views() -> CineViews:
    """The application's own."""
    return CineViews()


def _phase_of(animated: Animated) -> Any:
    """Which of both pictures is of the start frame; None where neither is."""
    index = animated.record.get("frame_at_the_given_phase")
    return None if index is None else (DIASTOLE, SYSTOLE)[index]


def _title_of(image: Any) -> str:
    made = beating_of(image)
    if made is None:
        return str(image.GetName())
    return _("EF {percent:.0f} %").format(percent=made.told["ejection_fraction"]["labels"])


def _proxies(browser: Any) -> list[Any]:
    """The nodes that follow a browser's frames, in the order in which they were added."""
    nodes = vtk.vtkCollection()
    browser.GetAllProxyNodes(nodes)
    return [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]


def _forget_shown() -> None:
    for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"):
        browser.RemoveAttribute(_SHOWN)


def _limit(segmentation: Any, *views: str) -> None:
    """Lets a segmentation be seen in these views alone; in none where there are none."""
    display = segmentation.GetDisplayNode()
    if display is None:
        return
    nodes = [slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode() for view in views]
    blocked = display.StartModify()
    display.RemoveAllViewNodeIDs()
    # A view that is in no layout: without any, it would be seen in all.
    for identifier in [node.GetID() for node in nodes] or ["vtkMRMLSliceNodeNone"]:
        display.AddViewNodeID(identifier)
    display.EndModify(blocked)


def _renderer(widget: Any) -> Any:
    return widget.sliceView().renderWindow().GetRenderers().GetFirstRenderer()


def _layout_node() -> Any:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()


def _set_layout(count: int) -> None:
    layout, number = _layout_node(), FIRST_LAYOUT + count
    if not layout.IsLayoutDescription(number):
        layout.AddLayoutDescription(number, _description(count))
    layout.SetViewArrangement(number)


def _description(count: int) -> str:
    """Views in rows."""
    items = [
        f'<item><view class="vtkMRMLSliceNode" singletontag="{tag}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{color}</property></view></item>'
        for tag, (label, color) in list(VIEWS.items())[:count]
    ]
    in_row = _IN_ROW.get(count, count)
    rows = ["".join(items[start : start + in_row]) for start in range(0, count, in_row)]
    lines = [f'<item><layout type="horizontal">{row}</layout></item>' for row in rows]
    return f'<layout type="vertical">{"".join(lines)}</layout>'
