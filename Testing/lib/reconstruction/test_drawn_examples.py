"""Hearts of a cohort as examples: voxels, pictures and planes of one moment."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.evaluation.voxel_metrics import volume_ml
from EchoSynthLib.reconstruction.pix2vox.data import Hearts
from EchoSynthLib.reconstruction.pix2vox.drawn import cube_around, examples
from EchoSynthLib.reconstruction.volume import CODES, VolumeGrid

VIEWS = ("4CH", "2CH", "PSAX-PM")
COHORT = Cohort(5, rows=128, skill=0.0)


def test_each_heart_gives_an_example_at_end_diastole_and_at_end_systole() -> None:
    heart = COHORT.heart(3)
    found = list(examples(COHORT, [3], VIEWS, 48))
    assert len(found) == 2
    for example, phase in zip(found, (0.0, heart.end_systole), strict=True):
        volume = volume_ml(example.volume, (CODES["left ventricle"],), example.grid.voxel_mm)
        assert volume == pytest.approx(heart.volumes(phase)["LV"], rel=0.06)
        assert set(example.label_maps) == set(example.spacing) == set(VIEWS)
        assert all({1, 2} <= set(np.unique(label_map)) for label_map in example.label_maps.values())
        assert example.azimuth_deg["4CH"] == pytest.approx(0, abs=6)  # planes are set at end-diastole
        assert -85 < example.azimuth_deg["2CH"] < -45
        assert "PSAX-PM" not in example.azimuth_deg
    hearts = Hearts.of(found, VIEWS, 64)
    assert hearts.pictures.shape == (2, 3, 3, 64, 64)
    assert set(hearts.azimuth_deg) == {"4CH", "2CH"}


def test_tissue_fills_the_hearts_own_cube() -> None:
    (example, _) = examples(COHORT, [1], VIEWS[:2], 32, "tissue")
    assert set(np.unique(example.volume)) == {0, 1}
    places = np.argwhere(example.volume)
    assert np.ptp(places, axis=0).max() >= 29  # one side of the cube is touched on both ends, or nearly so
    assert example.grid.voxel_mm < VolumeGrid.of(32).voxel_mm


def test_the_cube_around_a_box_has_its_middle_and_its_longest_side() -> None:
    grid = VolumeGrid(20, 2.0, (-10.0, -20.0, 0.0))
    mask = np.zeros(grid.shape, bool)
    mask[4:14, 6:10, 2:8] = True
    cube = cube_around(mask, grid)
    assert cube.side * cube.voxel_mm == pytest.approx(20)  # ten voxels along z
    middle = np.array(cube.corner_mm) + 10
    np.testing.assert_allclose(middle, [-10 + 2 * 5, -20 + 2 * 8, 2 * 9])


def test_a_view_whose_hand_missed_the_cavity_is_not_given() -> None:
    found = list(examples(Cohort(16, rows=100), [687], ("4CH", "2CH", "3CH"), 16))
    assert [set(example.label_maps) for example in found] == [{"4CH", "2CH", "3CH"}, {"4CH", "2CH"}]
