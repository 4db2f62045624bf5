"""Cines: sequences of frames or segmentations, their browsers, and the nodes that show one frame of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthMRML.volumes import add_display, free_name, set_spacing

_SECONDS = {"s": 1.0, "ms": 0.001}


@dataclass
class Cine:
    """A sequence that a browser plays.

    Attributes:
        browser: vtkMRMLSequenceBrowserNode, or None where nothing plays the sequence.
        sequence: vtkMRMLSequenceNode.
    """

    browser: Any
    sequence: Any

    def __len__(self) -> int:
        return self.sequence.GetNumberOfDataNodes()

    def __iter__(self) -> Iterator[Any]:
        return map(self.node, range(len(self)))

    def node(self, index: int) -> Any:
        """The node of a frame, as the sequence keeps it; it is in no scene of the application."""
        return self.sequence.GetNthDataNode(index)

    def value(self, index: int) -> str:
        """The index value of a frame, such as its time."""
        return self.sequence.GetNthIndexValue(index)

    @property
    def shown(self) -> int | None:
        """The number of the frame that is shown; None where nothing plays the sequence."""
        return self.browser.GetSelectedItemNumber() if self.browser else None

    @property
    def proxy(self) -> Any:
        """The node that shows the selected frame; None where there is none."""
        return self.browser.GetProxyNode(self.sequence) if self.browser else None


def cine_of(node: Any) -> Cine | None:
    """The cine that a node shows (its proxy node) or is (its sequence); None for a single frame."""
    scene = node.GetScene() if node else None
    if scene is None:
        return None
    for browser in _all(scene, "vtkMRMLSequenceBrowserNode"):
        plays = node.IsA("vtkMRMLSequenceNode") and browser.IsSynchronizedSequenceNode(node, True)
        sequence = node if plays else browser.GetSequenceNode(node)
        if sequence is not None and sequence.GetNumberOfDataNodes() > 0:
            return Cine(browser, sequence)
    return Cine(None, node) if node.IsA("vtkMRMLSequenceNode") and node.GetNumberOfDataNodes() > 0 else None


def times_of(cine: Cine) -> NDArray[np.float64] | None:
    """The time of each frame in seconds from the first; None where the cine does not tell it."""
    factor = _SECONDS.get(cine.sequence.GetIndexUnit())
    if cine.sequence.GetIndexName() != "time" or factor is None:
        return None
    try:
        times = factor * np.array([float(cine.value(index)) for index in range(len(cine))])
    except ValueError:
        return None
    return times - times[0] if len(times) > 1 and (np.diff(times) > 0).all() else None


def frame_time_of(cine: Cine) -> float | None:
    """Milliseconds from frame to frame; None where the cine does not tell it."""
    times = times_of(cine)
    return None if times is None else 1000 * float(np.median(np.diff(times)))


def calibrate(volume: Any, row_mm: float, column_mm: float) -> None:
    """Sets the spacing of a frame volume, and of every frame of the cine that it shows; see `volumes.set_spacing`."""
    cine = cine_of(volume)
    for frame in cine or ():
        set_spacing(frame, row_mm, column_mm)
    set_spacing(volume, row_mm, column_mm)


class CineBuilder:
    """Collects frames outside the scene, so that a task that is cancelled leaves nothing half-made in it.

    Args:
        name: of the cine.
        like: cine whose index (such as time in s) and playback rate are taken; else frames are numbered from 0.
        frame_time_ms: where it is known and no other cine is taken, the index is the time, and it plays as fast.
        first: number of the frame of the other cine that the first of these belongs to.
    """

    def __init__(self, name: str, like: Cine | None = None, frame_time_ms: float | None = None, first: int = 0) -> None:
        self._name = name
        self._like = like
        self._first = first
        self._seconds = frame_time_ms / 1000 if frame_time_ms and not like else None
        self._sequence = slicer.vtkMRMLSequenceNode()
        self._sequence.SetName(name)
        self._sequence.SetIndexName(like.sequence.GetIndexName() if like else "time" if self._seconds else "frame")
        self._sequence.SetIndexUnit(like.sequence.GetIndexUnit() if like else "s" if self._seconds else "")
        if like:
            self._sequence.SetIndexType(like.sequence.GetIndexType())

    def append(self, node: Any) -> None:
        """Takes a copy of a node as the next frame.

        Raises:
            InputError: the cine whose index is taken has no more frames.
        """
        index = self._first + self._sequence.GetNumberOfDataNodes()
        if self._like and index >= len(self._like):
            raise InputError(f"'{self._name}' has more frames than '{self._like.sequence.GetName()}' ({index}).")
        value = f"{index * self._seconds:.4f}" if self._seconds else str(index)
        self._sequence.SetDataNodeAtValue(node, self._like.value(index) if self._like else value)

    def finish(self, scene: Any, browser: Any = None, save_changes: bool = False) -> Any:
        """Adds the cine to a scene.

        Args:
            scene: where it goes.
            browser: what plays it, beside what it plays already; None for a browser of its own.
            save_changes: whether an edit of a frame is kept when another is shown; segmentations need it.

        Returns:
            The node that shows the selected frame, with its display.

        Raises:
            InputError: there are no frames.
        """
        if self._sequence.GetNumberOfDataNodes() == 0:
            raise InputError(f"The cine '{self._name}' has no frames.")
        self._sequence.SetName(free_name(scene, self._name))
        scene.AddNode(self._sequence)
        browser = browser or self._new_browser(scene)
        # Slicer makes a proxy node by itself as soon as it hears of the sequence.
        blocked = browser.StartModify()
        browser.AddSynchronizedSequenceNode(self._sequence)
        proxy = self._add_proxy(scene, browser)
        browser.SetOverwriteProxyName(self._sequence, False)
        browser.SetSaveChanges(self._sequence, save_changes)
        browser.EndModify(blocked)
        slicer.vtkSlicerSequencesLogic().UpdateProxyNodesFromSequences(browser)
        return proxy

    def _new_browser(self, scene: Any) -> Any:
        browser = slicer.vtkMRMLSequenceBrowserNode()
        browser.SetName(f"{self._sequence.GetName()} browser")
        if self._like and self._like.browser:
            browser.SetPlaybackRateFps(self._like.browser.GetPlaybackRateFps())
        elif self._seconds:
            browser.SetPlaybackRateFps(1 / self._seconds)
        return scene.AddNode(browser)

    def _add_proxy(self, scene: Any, browser: Any) -> Any:
        first = self._sequence.GetNthDataNode(0)
        proxy = scene.AddNewNodeByClass(first.GetClassName())
        proxy.SetName(self._sequence.GetName())
        proxy.CopyContent(first)
        add_display(proxy)
        browser.AddProxyNode(proxy, self._sequence, False)
        return proxy


def _all(scene: Any, class_name: str) -> list[Any]:
    return [scene.GetNthNodeByClass(index, class_name) for index in range(scene.GetNumberOfNodesByClass(class_name))]
