"""The modules as a user meets them: opened, their sections folded out, their buttons pressed."""

from __future__ import annotations

import unittest
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from EchoSynthLib.images.datasets.camus import find_camus
from events import click, spin, wait_until

MODULES = ("EchoSynth", "EchoMeasure", "EchoDataSets", "EchoModels", "EchoHeart3D", "EchoCine", "EchoStudy")
INSTALLING_SECONDS = 180


class AllPanels(Mapping):
    """The panels of all modules by name, as `Segment`; each from the first module that has it."""

    def __getitem__(self, name: str) -> Any:
        for module in MODULES:
            panels = slicer.util.getModuleWidget(module).panels
            if name in panels:
                return panels[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for module in MODULES for name in slicer.util.getModuleWidget(module).panels))

    def __len__(self) -> int:
        return len(list(self))


def open_module(name: str = "EchoSynth") -> Any:
    """Opens a module with the engine installed, through the button that does it; gives the module's widget.

    Raises:
        unittest.SkipTest: the engine is not there and cannot be installed, as without a network.
    """
    engine = AllPanels()["Engine"]
    if not engine.engine.ready:
        bring_up(engine)
        click(engine.ui.installButton)
        wait_until(lambda: not engine.runner.busy, INSTALLING_SECONDS, "the installation")
        if not engine.engine.ready:
            raise unittest.SkipTest(f"the engine cannot be installed here: {engine.runner.message}")
    slicer.util.selectModule(name)
    spin(0.1)
    return slicer.util.getModuleWidget(name)


def bring_up(panel: Any) -> None:
    """Opens the module of a panel, unless the panel is before the user already."""
    if panel.widget.isVisible():
        return
    for module in MODULES:
        if panel in slicer.util.getModuleWidget(module).panels.values():
            slicer.util.selectModule(module)
            spin(0.1)


def unfold(panel: Any, section: str = "") -> None:
    """Opens a panel's section (or one inside it) by a click, if it is folded."""
    bring_up(panel)
    name = section or next(name for name in vars(panel.ui) if name.endswith("Section"))
    button = getattr(panel.ui, name)
    if button.collapsed:
        click(button)
        spin(0.05)


def press_apply(panel: Any, seconds: float = 60.0) -> None:
    """Presses a panel's button and waits for its task to end well."""
    unfold(panel)
    click(getattr(panel.ui, panel.apply_name))
    wait_until(lambda: not panel.runner.busy, seconds, panel.title)
    assert not panel.runner.failed, "\n".join(panel.runner.log[-2:])
    spin(0.1)


def camus_frame() -> Path:
    """A native four-chamber frame of CAMUS.

    Raises:
        unittest.SkipTest: CAMUS is not at hand.
    """
    folder = find_camus()
    if folder is None:
        raise unittest.SkipTest("CAMUS is not at hand; ECHOSYNTH_DATA names its folder")
    return next(path for path in sorted((folder / "native_4ch").glob("*_4CH_ED.nii.gz")))


def paint(node: Any, index: int, rows: slice, columns: slice) -> None:
    """Paints a rectangle of a segment into its layer, and tells of it as an effect of the Segment Editor does."""
    segment = node.GetSegmentation().GetNthSegment(index)
    layer = segment.GetRepresentation(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName())
    scalars, size = layer.GetPointData().GetScalars(), layer.GetDimensions()
    vtk_to_numpy(scalars).reshape(size[1], size[0])[rows, columns] = segment.GetLabelValue()
    scalars.Modified()
    layer.Modified()
    node.GetSegmentation().InvokeEvent(slicer.vtkSegmentation.SourceRepresentationModified)


def pixels(volume: Any) -> np.ndarray:
    """A copy of the pixels of a volume."""
    return slicer.util.arrayFromVolume(volume).copy()


def names_in_scene() -> list[str]:
    """The names of the nodes that a user sees as data."""
    kinds = ("vtkMRMLVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLSequenceNode", "vtkMRMLSequenceBrowserNode")
    return sorted(node.GetName() for kind in kinds for node in slicer.util.getNodesByClass(kind))
