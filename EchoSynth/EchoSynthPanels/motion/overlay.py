"""Motion over the shown frame: arrows or color, which follow the cine."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthMRML.motion_shapes import add_model, arrows, sheet, show_shape
from EchoSynthMRML.tracked import Tracked
from EchoSynthMRML.volumes import frame_array, trusted_spacing
from EchoSynthPanels.parameters import MotionDisplay

_LEGEND_FONT = 11
_SHAPES = {MotionDisplay.ARROWS: arrows, MotionDisplay.COLOR: sheet}


class MotionOverlay:
    """A model over the frame, which is there as long as it has something to show."""

    def __init__(self) -> None:
        self._model: Any = None
        self._tracked: Tracked | None = None
        self._mask: NDArray[np.bool_] | None = None
        self._shown: tuple[Any, ...] = ()

    def follow(self, tracked: Tracked | None, display: MotionDisplay) -> None:
        """Shows the motion to the frame that is shown now; nothing where it was not tracked."""
        if tracked is None or display is MotionDisplay.NONE or tracked.image is None:
            self.clear()
            return
        if self._tracked is None or self._tracked.transforms.sequence is not tracked.transforms.sequence:
            self.clear()
            self._tracked, self._mask = tracked, _moving_part(tracked)
        frame = tracked.transforms.shown
        # A browser tells of more than its frame.
        if (frame, display) == self._shown or frame is None or self._mask is None:
            return
        self._shown = frame, display
        found = tracked.displacement(frame)
        model = self._model_for(tracked)
        if found is None:
            show_shape(model, None)
            return
        unit = None if trusted_spacing(tracked.image) is not None else 1.0
        show_shape(model, _SHAPES[display](*found, self._mask, unit))
        model.SetAndObserveTransformNodeID(tracked.image.GetTransformNodeID())

    def clear(self) -> None:
        """Takes everything off the frame."""
        model, self._model = self._model, None
        self._tracked, self._mask, self._shown = None, None, ()
        if model is not None and model.GetScene() is not None:
            legend = _legend_of(model.GetDisplayNode())
            for node in (legend, model.GetDisplayNode(), model):
                if node is not None:
                    slicer.mrmlScene.RemoveNode(node)

    def _model_for(self, tracked: Tracked) -> Any:
        if self._model is None or self._model.GetScene() is None:
            self._model = add_model(slicer.mrmlScene, tracked.node.GetName(), tracked.longest)
            _add_legend(self._model.GetDisplayNode(), "mm" if trusted_spacing(tracked.image) is not None else "px")
        return self._model


def _moving_part(tracked: Tracked) -> NDArray[np.bool_]:
    """(H, W) of the reference frame: the wall where a label map tells it, else all that the frame shows."""
    codes = tracked.codes()
    wall = None if codes is None else codes == CamusCode.MYOCARDIUM
    if wall is not None and wall.any():
        return wall
    cine = tracked.image_cine
    pixels = frame_array(tracked.image if cine is None else cine.node(tracked.reference))
    return np.asarray(pixels if pixels.ndim == 2 else pixels.max(axis=-1)) > 0


def _add_legend(display: Any, unit: str) -> None:
    legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(display)
    legend.SetSaveWithScene(False)
    legend.SetTitleText(unit)
    legend.SetLabelFormat("%.0f")
    legend.SetNumberOfLabels(3)
    legend.SetSize(0.06, 0.35)
    for text in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        text.SetFontSize(_LEGEND_FONT)


def _legend_of(display: Any) -> Any:
    return None if display is None else slicer.modules.colors.logic().GetColorLegendDisplayNode(display)
