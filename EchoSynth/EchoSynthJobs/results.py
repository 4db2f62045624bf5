"""Result nodes on their way into the scene: one frame, or all frames of a cine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from EchoSynthJobs.job import Job, Report
from EchoSynthLib.errors import InputError
from EchoSynthMRML.cines import Cine, CineBuilder, cine_of
from EchoSynthMRML.provenance import forget_stamps
from EchoSynthMRML.volumes import add_to_scene


def add_all(
    scene: Any,
    results: Sequence[Result],
    source: Any,
    dress: Callable[[Any, int], None],
    save_changes: bool = False,
    output: Any = None,
) -> Job[list[Any]]:
    """Adds results to the scene in small steps; cut short, it takes those back that it has added.

    Args:
        scene: where they go.
        results: what goes there.
        source: node that they were made from.
        dress: is called with each node and its index once it is there, to stamp and place it.
        save_changes: see `CineBuilder.finish`.
        output: node of the scene that becomes the first result, in the last step; None for a new one.

    Raises:
        InputError: the source is no longer in the scene, or the output is of another kind.
    """
    added: list[Any] = []
    try:
        for index, result in enumerate(results):
            if source.GetScene() is not scene:
                raise InputError(f"'{source.GetName()}' was removed from the scene meanwhile, so nothing was added.")
            added.append(result.into(scene, save_changes))
            report = Report(index + 1, len(results), f"{added[-1].GetName()} to the scene")
            yield report
            dress(added[-1], index)
            yield report
        if output is not None and added:
            _check_kind(output, added[0])
    except BaseException:
        for node in added:
            remove(node)
        raise
    if output is not None and added:
        _become(output, added[0])
        dress(output, 0)
        added[0] = output
    return added


def _check_kind(output: Any, result: Any) -> None:
    if output.GetClassName() != result.GetClassName():
        raise InputError(
            f"'{output.GetName()}' is a {output.GetNodeTagName()} and the result a {result.GetNodeTagName()}; choose "
            "another output, or a new one."
        )


def _become(output: Any, result: Any) -> None:
    """Makes a node show what another one shows, of a cine its frames, and removes that one."""
    before, now = cine_of(output), cine_of(result)
    if before is not None:
        before.browser.RemoveSynchronizedSequenceNode(before.sequence.GetID())
        output.GetScene().RemoveNode(before.sequence)
    forget_stamps(output)
    output.CopyContent(result)
    if now is None:
        remove(result)
        return
    now.sequence.SetName(output.GetName())
    now.browser.AddProxyNode(output, now.sequence, False)
    for node in (*(result.GetNthDisplayNode(index) for index in range(result.GetNumberOfDisplayNodes())), result):
        node.GetScene().RemoveNode(node)


def remove(node: Any) -> None:
    """Takes a result out of its scene again, of a cine its sequence, too."""
    scene, cine = node.GetScene(), cine_of(node)
    if cine is not None:
        # First of all, else the browser makes a new node to show its frames.
        cine.browser.RemoveSynchronizedSequenceNode(cine.sequence.GetID())
        scene.RemoveNode(cine.sequence)
    displays = [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    for each in (*displays, node.GetStorageNode(), node):
        if each is not None:
            scene.RemoveNode(each)


class Result:
    """Collects a result outside the scene, so that a job cut short leaves nothing half-made in it.

    Args:
        name: of the node.
        cine: the cine whose frames the result has; None for a single frame.
        first: number of the frame of the cine that the result begins with.
    """

    def __init__(self, name: str, cine: Cine | None, first: int = 0) -> None:
        self._cine = cine
        self._builder = None if cine is None else CineBuilder(name, cine, first=first)
        self._node: Any = None

    def append(self, node: Any) -> None:
        """Takes the next frame."""
        if self._builder is None:
            self._node = node
        else:
            self._builder.append(node)

    def into(self, scene: Any, save_changes: bool = False) -> Any:
        """Adds the result to the scene; gives its node, of a cine the one that follows the frames."""
        if self._builder is None or self._cine is None:
            return add_to_scene(scene, self._node)
        return self._builder.finish(scene, self._cine.browser, save_changes=save_changes)
