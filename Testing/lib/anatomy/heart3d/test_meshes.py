"""The surfaces of a heart as meshes."""

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.meshes import meshes
from EchoSynthLib.anatomy.structures import STRUCTURES


@pytest.fixture(scope="module")
def heart():
    return Heart.normal()


@pytest.fixture(scope="module")
def still(heart):
    return meshes(heart)


def volume_ml(mesh):
    """By the divergence theorem, of a surface that is closed but for a flat lid, from a point of that lid."""
    a, b, c, d = (mesh.points[mesh.quads[:, k]] for k in range(4))
    return abs(sum(np.einsum("ij,ij->i", p, np.cross(q, r)).sum() for p, q, r in ((a, b, c), (a, c, d)))) / 6000


def test_every_structure_has_a_surface_of_its_own_name(still):
    assert set(still) == {one.name for one in STRUCTURES}
    assert all(mesh.quads.max() == len(mesh.points) - 1 for mesh in still.values())


def test_points_keep_their_numbers_through_the_beat(heart, still):
    for name, mesh in meshes(heart, 0.2).items():
        np.testing.assert_array_equal(mesh.quads, still[name].quads)
        assert mesh.points.shape == still[name].points.shape


@pytest.mark.parametrize("phase", [0.0, 0.35])
def test_the_ventricle_encloses_the_volume_that_the_heart_tells(heart, phase):
    mesh = meshes(heart, phase)["left ventricle"]
    # Its lid is the mitral plane: seen from the middle of it, the cone to the lid has no volume.
    lid = heart.landmarks(phase).mitral
    moved = type(mesh)(mesh.points - lid, mesh.quads)
    assert volume_ml(moved) == pytest.approx(heart.volumes(phase)["LV"], rel=0.03)


def test_the_surface_goes_where_the_tissue_goes(heart, still):
    phase = heart.end_systole
    for name in ("left ventricle", "myocardium", "left atrium"):
        moved = heart.motion.forward(still[name].points, phase)
        away = np.linalg.norm(moved - meshes(heart, phase)[name].points, axis=1)
        # On the mitral plane itself a point belongs to the ventricle or to the atrium.
        assert np.quantile(away, 0.95) < 0.3


def test_one_structure_lies_in_another(still):
    inside = np.linalg.norm(still["left ventricle"].points[:, :2], axis=1).max()
    outside = np.linalg.norm(still["myocardium"].points[:, :2], axis=1).max()
    assert inside + 4 < outside
