"""What a user drags to tell where pictures of a heart lie: their long axes, and the angle between two planes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import slicer
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.patient import HEART_TO_RAS
from EchoSynthMRML.heart_models import RECONSTRUCTED, parts_of
from EchoSynthMRML.volumes import add_to_scene

ANGLE = "angle between planes"
"""What the point shows that turns a plane (`heart_models.RECONSTRUCTED`)."""
_COLOR = (1.0, 0.93, 0.3)
_AXIS_GLYPH, _ANGLE_GLYPH, _TEXT = 2.2, 3.5, 2.4
"""Per cent of the view."""
_REACH_MM, _HEIGHT = 58.0, 0.75
"""From the long axis to the point that turns a plane, and how high it lies, over the axis' length."""
_ANGLES, _STEP_DEG = (0.0, 180.0), 0.25
_MM_A_DEGREE = 0.02

Plane = Sequence[Sequence[float]]
"""(4, 4): (row, column, behind in mm, 1) to (x, y, z, 1) in mm, see `reconstruction.results.Reconstruction.planes`."""
Pixels = Sequence[Sequence[float]]
"""(2, 2) row and column of the apex and of the middle of the mitral plane."""


def axis_of(view: str) -> str:
    """What the line of a view's long axis shows, told by the view."""
    return f"{view} long axis"


def show_axis(scene: Any, view: str, plane: Plane, ends: Pixels, views: Iterable[Any]) -> Any:
    """Lets a line lie on the long axis of a picture; one that is missing is made.

    Args:
        scene: of the heart.
        view: '4CH' ...
        plane: of the picture.
        ends: in the picture.
        views: nodes of the views that show it.
    """
    node = parts_of(scene, RECONSTRUCTED).get(axis_of(view))
    if node is None:
        node = _add(scene, slicer.vtkMRMLMarkupsLineNode(), axis_of(view), _AXIS_GLYPH)
        for name in ("apex", "mitral plane"):
            node.AddControlPoint([0.0, 0.0, 0.0], name)
    pixels = np.column_stack([np.asarray(ends, np.float64), np.zeros(2), np.ones(2)])
    _place(node, (pixels @ _to_ras(plane).T)[:, :3])
    node.GetDisplayNode().SetViewNodeIDs([shown.GetID() for shown in views])
    return node


def ends_in_picture(line: Any, plane: Plane) -> list[list[float]]:
    """(2, 2) row and column in pixels of a picture where the ends of a line lie, laid upon it square to it."""
    places = np.column_stack([slicer.util.arrayFromMarkupsControlPoints(line, world=True), np.ones(2)])
    return [[float(row), float(column)] for row, column in (places @ np.linalg.inv(_to_ras(plane)).T)[:, :2]]


def show_angle(scene: Any, four: Plane, ends: Pixels, now: float, views: Iterable[Any]) -> Any:
    """Lets a point lie beside the heart in the two-chamber plane, which turns about the long axis as it is dragged.

    Args:
        scene: of the heart.
        four: plane of the four-chamber view.
        ends: of its long axis.
        now: degrees between both planes.
        views: nodes of the views that show it.
    """
    node = parts_of(scene, RECONSTRUCTED).get(ANGLE)
    if node is None:
        node = _add(scene, slicer.vtkMRMLMarkupsFiducialNode(), ANGLE, _ANGLE_GLYPH)
        node.AddControlPoint([0.0, 0.0, 0.0], "2CH plane")
    place = np.append(_circle(four, ends, np.array([now])), 1.0)
    _place(node, (HEART_TO_RAS @ place)[None, :3])
    node.GetDisplayNode().SetViewNodeIDs([shown.GetID() for shown in views])
    return node


def angle_of(point: Any, four: Plane, ends: Pixels, seen_from: Sequence[float], now: float) -> float:
    """Degrees between the four-chamber plane and one through the place to which a point was dragged.

    A point is dragged in the plane of the screen, and turns on a circle around the long axis: what counts is where on
    the circle it is seen.

    Args:
        point: the node that `show_angle` gave.
        four: plane of the four-chamber view.
        ends: of its long axis.
        seen_from: (3,) RAS of the camera.
        now: degrees before; of two places on the circle that are seen alike, the nearer one counts.
    """
    back = np.linalg.inv(HEART_TO_RAS)
    place, camera = (
        (back @ [*ras, 1.0])[:3]
        for ras in (slicer.util.arrayFromMarkupsControlPoints(point, world=True)[0], np.asarray(seen_from))
    )
    angles = np.arange(*_ANGLES, _STEP_DEG)
    circle = _circle(four, ends, angles) - camera
    sight = (place - camera) / np.linalg.norm(place - camera)
    missed = np.linalg.norm(circle - (circle @ sight)[:, None] * sight, axis=1)
    return float(angles[np.argmin(missed + _MM_A_DEGREE * np.abs(angles - now))])


def _circle(four: Plane, ends: Pixels, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) mm in the axes of the heart: where the point is that turns a plane, at angles (n,) in degrees."""
    matrix = np.array(four)
    apex, base = ((matrix @ [*end, 0.0, 1.0])[:3] for end in ends)
    behind = matrix[:3, 2]
    right = np.cross((base - apex) / np.linalg.norm(base - apex), behind)
    turned = np.radians(angles)[:, None]
    return np.asarray(apex + _HEIGHT * (base - apex) + _REACH_MM * (np.cos(turned) * right + np.sin(turned) * behind))


def _to_ras(plane: Plane) -> NDArray[np.float64]:
    return np.asarray(HEART_TO_RAS @ np.array(plane), np.float64)


def _add(scene: Any, node: Any, shows: str, glyph: float) -> Any:
    node.SetName(f"reconstructed {shows}")
    node.SetAttribute(RECONSTRUCTED, shows)
    node.SetUndoEnabled(False)
    add_to_scene(scene, node)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    for paint in (display.SetColor, display.SetSelectedColor):
        paint(*_COLOR)
    display.SetGlyphScale(glyph)
    display.SetTextScale(_TEXT)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(True)
    # Ends lie in the heart, behind its surfaces.
    display.SetOccludedVisibility(True)
    display.SetOccludedOpacity(0.6)
    return node


def _place(node: Any, places: NDArray[np.float64]) -> None:
    now = slicer.util.arrayFromMarkupsControlPoints(node, world=True)
    if not np.allclose(now, places, atol=1e-4):
        slicer.util.updateMarkupsControlPointsFromArray(node, places)
