"""Surfaces of real hearts in the axes of `Heart`: a mesh, two label volumes and a beating mesh, if they are there.

Sources: Rodero et al. (PLoS Comput Biol 17:e1008851, 2021; CC BY 4.0), the test cases of HeartDeformNets and of biv-me
(both Apache-2.0).

Axes are set by anatomy in all: origin at the apex of the left ventricle's cavity, z to the middle of the mitral
annulus, the middle of the right ventricle at 180 degrees.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Points = NDArray[np.float64]
FOLDER = Path(os.environ.get("ECHOSYNTH_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "heart3d"

_WALL, _LA, _LV, _RA, _RV, _AORTA, _TRUNK = range(1, 8)


@dataclass(frozen=True, eq=False)
class RealHeart:
    """A heart at one phase.

    Attributes:
        name: of the file.
        surfaces: points (N, 3) of "LV", "LV outside", "LA", "RV", "RA", "aorta": of cavities the endocardium, without
            the openings of valves.
    """

    name: str
    surfaces: dict[str, Points]


def real_hearts() -> list[RealHeart]:
    """All that are there: end-diastole or, of the label volumes, the phase that was scanned."""
    makers: tuple[Callable[[], RealHeart], ...] = (
        rodero,
        lambda: label_volume("mmwhs"),
        lambda: label_volume("wh"),
        lambda: beating()[0],
    )
    return [make() for make in makers]


def label_volume(name: str) -> RealHeart:
    """A label volume of HeartDeformNets."""
    image = sitk.ReadImage(str(FOLDER / f"heartdeformnet_{name}_seg.nii.gz"))
    labels = sitk.GetArrayFromImage(image)[::2, ::2, ::2]
    spacing = np.array(image.GetSpacing()) * 2
    direction = np.array(image.GetDirection()).reshape(3, 3)

    def points(mask: NDArray[np.bool_]) -> Points:
        return (np.argwhere(mask)[:, ::-1] * spacing) @ direction.T

    near_atrium = ndimage.binary_dilation(labels == _LA, iterations=2)
    base = points((labels == _LV) & near_atrium).mean(0)
    to_heart = _axes(_farthest(points(labels == _LV), base), base, points(labels == _RV).mean(0))

    def surface(codes: tuple[int, ...], openings: tuple[int, ...]) -> Points:
        mask = np.isin(labels, codes)
        shell = mask & ~ndimage.binary_erosion(mask)
        return to_heart(points(shell & ~ndimage.binary_dilation(np.isin(labels, openings), iterations=3)))

    return RealHeart(
        f"heartdeformnet_{name}",
        {
            "LV": surface((_LV,), (_LA, _AORTA)),
            "LV outside": surface((_LV, _WALL), (_LA, _AORTA, _RA, _TRUNK)),
            "LA": surface((_LA,), (_LV,)),
            "RV": surface((_RV,), (_RA, _TRUNK)),
            "RA": surface((_RA,), (_RV,)),
            "aorta": surface((_AORTA,), (_LV,)),
        },
    )


def rodero() -> RealHeart:
    """The mesh of walls: its faces, told apart by what they look at."""
    data = np.load(FOLDER / "rodero_01_tetrahedra.npz")
    nodes, cells, region = data["points_mm"].astype(float), data["tetrahedra"].astype(int), data["volume_id"]
    faces, part, normals = _boundary(nodes, cells, region)
    centers = nodes[faces].mean(1)
    depth = data["transmural"].astype(float)[faces].mean(1)
    ventricle = np.isin(part, (1, 7))
    mitral = np.intersect1d(cells[np.isin(region, (1, 7))], cells[region == 3])
    base = nodes[mitral].mean(0)
    to_heart = _axes(
        _farthest(centers[ventricle & (depth < 0.05)], base), base, nodes[np.unique(cells[region == 2])].mean(0)
    )

    def inner(parts: tuple[int, ...], beside: NDArray[np.bool_] | None = None) -> Points:
        mine = np.isin(part, parts)
        everything = mine if beside is None else mine | beside
        chosen = np.flatnonzero(mine)[_look_at(centers[mine], normals[mine], centers[everything])]
        return to_heart(centers[chosen])

    septum = ventricle & (part == 7) & (depth > 0.95)
    return RealHeart(
        "rodero_01",
        {
            "LV": to_heart(centers[ventricle & (depth < 0.05)]),
            "LV outside": to_heart(centers[ventricle & (depth > 0.95)]),
            "LA": inner((3,)),
            "RV": np.concatenate([inner((2,), septum), to_heart(centers[septum])]),
            "RA": inner((4,)),
            "aorta": inner((5,)),
        },
    )


def beating() -> list[RealHeart]:
    """The 25 phases of the beating mesh, all in the axes of the first."""
    data = np.load(FOLDER / "bivme_patient1_25frames.npz")
    names = {"LV": "LV_ENDOCARDIAL", "RV": "RV_ENDOCARDIAL"}
    faces = {key: data[f"{name}__F"] for key, name in names.items()}
    first = data["LV_ENDOCARDIAL"][0].astype(float)
    mitral = max(_openings(faces["LV"]), key=len)
    base = first[mitral].mean(0)
    to_heart = _axes(_farthest(first, base, 12), base, data["RV_ENDOCARDIAL"][0].astype(float).mean(0))
    hearts = []
    for k in range(len(data["LV_ENDOCARDIAL"])):
        surfaces = {key: to_heart(_spread(data[name][k].astype(float), faces[key])) for key, name in names.items()}
        outside = _spread(data["EPICARDIAL"][k].astype(float), data["EPICARDIAL__F"])
        surfaces["epicardium"] = to_heart(outside)
        hearts.append(RealHeart(f"bivme_patient1 {k}", surfaces))
    return hearts


def _axes(apex: Points, base: Points, right_ventricle: Points) -> Callable[[Points], Points]:
    z = (base - apex) / np.linalg.norm(base - apex)
    septal = right_ventricle - apex
    septal = septal - (septal @ z) * z
    x = -septal / np.linalg.norm(septal)
    axes = np.stack([x, np.cross(z, x), z])
    return lambda points: (points - apex) @ axes.T


def _farthest(points: Points, base: Points, count: int = 50) -> Points:
    return points[np.argsort(np.linalg.norm(points - base, axis=1))[-count:]].mean(0)


def _boundary(nodes: Points, cells: NDArray[np.int_], region: NDArray[np.uint8]):  # type: ignore[no-untyped-def]
    """Faces that one tetrahedron has alone: corners, its region, and the normal out of the tissue."""
    corners = np.sort(cells[:, [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]].reshape(-1, 3), axis=1)
    opposite = cells[:, [3, 2, 1, 0]].reshape(-1)
    _, index, count = np.unique(corners, axis=0, return_index=True, return_counts=True)
    chosen = index[count == 1]
    faces = corners[chosen]
    a, b, c = (nodes[faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    outward = ((a + b + c) / 3 - nodes[opposite[chosen]]) * normals
    return faces, np.repeat(region, 4)[chosen], normals * np.sign(outward.sum(1, keepdims=True))


def _look_at(centers: Points, normals: Points, all_centers: Points) -> NDArray[np.bool_]:
    """Which faces look across a cavity at others of the same chamber."""
    tree = cKDTree(all_centers)
    seen = np.zeros(len(centers), dtype=bool)
    for far in range(8, 64, 4):
        seen |= tree.query(centers + far * normals, distance_upper_bound=2.5)[0] < 2.5
    return seen


def _openings(faces: NDArray[np.integer]) -> list[NDArray[np.int_]]:
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    rim = unique[count == 1]
    size = int(faces.max()) + 1
    graph = coo_matrix((np.ones(len(rim)), (rim[:, 0], rim[:, 1])), shape=(size, size))
    part = connected_components(graph, directed=False)[1]
    nodes = np.unique(rim)
    return [nodes[part[nodes] == k] for k in np.unique(part[nodes])]


def _spread(points: Points, faces: NDArray[np.integer]) -> Points:
    """Points over the surface, about evenly: the middle of each face and of its thirds."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.concatenate([(a + b + c) / 3, (4 * a + b + c) / 6, (a + 4 * b + c) / 6, (a + b + 4 * c) / 6])
