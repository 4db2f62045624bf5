"""What a heart tells of its motion agrees with itself, in health and disease: labels, displacement, strain, volumes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.template import BESIDE_LV, INNER, INNER_WALL
from EchoSynthLib.anatomy.heart3d.tissue import TISSUES, Tissue

SOLID = (Tissue.LV_WALL, Tissue.RV_WALL, Tissue.LEFT_ATRIUM, Tissue.RV_CAVITY, Tissue.RIGHT_ATRIUM)


@pytest.fixture(scope="module", params=CONDITIONS)
def heart(request: pytest.FixtureRequest) -> Heart:
    return Heart.drawn(11, request.param)


def points_of(heart: Heart, count: int = 12_000) -> NDArray[np.float64]:
    """Places all over the heart, many of them around valves, papillary muscles and the axis."""
    rng = np.random.default_rng(2)
    anywhere = rng.uniform((-85, -60, -10), (45, 60, 150), (count, 3))
    valves = [valve.center + rng.normal(0, 8, (300, 3)) for valve in heart.valves.at(0.0)]
    rods = heart.papillary.rods(0.0).reshape(-1, 1, 3) + rng.normal(0, 4, (4, 200, 3))
    axis = rng.normal(0, 0.2, (500, 3)) + np.linspace(0, 1, 500)[:, None] * heart.landmarks().left_atrium
    return np.concatenate([anywhere, *valves, rods.reshape(-1, 3), axis])


def test_a_beat_begins_and_ends_at_rest(heart: Heart) -> None:
    points = points_of(heart)
    for phase in (0.0, 1.0, 1 - 1e-6):
        assert np.abs(heart.displacement(points, phase)).max() < 1e-4
    assert np.abs(heart.material_points(points, 0.0) - points).max() < 1e-4
    np.testing.assert_array_equal(heart.labels(points, 1.0), heart.labels(points, 0.0))


@pytest.mark.parametrize("phase", [0.2, 0.45, 0.8])
def test_what_moves_stays_the_tissue_that_it_is(heart: Heart, phase: float) -> None:
    points = points_of(heart)
    before = heart.labels(points)
    after = heart.labels(points + heart.displacement(points, phase), phase)
    for code in SOLID:
        there = before == code
        # The valves, which stand in the blood, move on their own.
        kept = np.isin(after[there], (code, Tissue.TRICUSPID_LEAFLET, Tissue.MITRAL_LEAFLET)).mean()
        assert kept > (0.99 if code in (Tissue.LV_WALL, Tissue.RV_WALL) else 0.95), f"{TISSUES[code]}: {kept:.3f}"


def test_the_wall_keeps_its_volume_at_every_phase(heart: Heart) -> None:
    rays, rest = heart.template.rays, heart.volumes()["LV wall"]

    def ml(phase: float) -> float:
        """By sums over the layers as they lie at a phase, whose heights have changed above the apex alone."""
        pose = heart.motion.pose(phase)
        layers = pose.squares[BESIDE_LV].astype(np.float64)
        wall, bottom = layers[..., INNER_WALL] - layers[..., INNER], float(rays.heights[0])
        return (rays.volume(wall, bottom, 0.0) + pose.ventricle * rays.volume(wall, 0.0, rays.length)) / 1000

    for phase in np.linspace(0, 1, 11):
        assert ml(phase) == pytest.approx(rest, rel=0.01)


def test_strain_is_the_change_of_length_that_displacement_makes() -> None:
    heart = Heart.normal(base_tilt_x=0.0, base_tilt_y=0.0)
    motion, phase = heart.motion, heart.end_systole
    layers = np.sqrt(motion.pose(0.0).squares[BESIDE_LV].astype(np.float64))
    middle = motion.placed(0.5 * (layers[..., INNER] + layers[..., INNER_WALL]), motion.pose(0.0))
    heights = heart.template.rays.heights / heart.parameters.lv_length_mm
    # Along a level the middle of the wall lies at one depth, so its chords run around the ventricle.
    for row in np.flatnonzero((heights > 0.25) & (heights < 0.65))[::6]:
        ring = middle[row]
        chords = [np.roll(line, -1, axis=0) - line for line in (ring, ring + heart.displacement(ring, phase))]
        made = np.linalg.norm(chords[1], axis=1) / np.linalg.norm(chords[0], axis=1) - 1
        told = heart.strain(ring + 0.5 * chords[0], phase)["circumferential"]
        np.testing.assert_allclose(told, made, atol=0.03)
        assert told.mean() == pytest.approx(made.mean(), abs=0.003)


def test_a_cavity_loses_the_volume_that_its_ejection_fraction_says_by_counting() -> None:
    heart = Heart.normal(ejection_fraction=0.5)
    axes = [np.arange(*span, 1.7) for span in ((-40.0, 40.0), (-40.0, 40.0), (-5.0, 88.0))]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    inside = (Tissue.LV_CAVITY, Tissue.PAPILLARY_MUSCLE, Tissue.MITRAL_LEAFLET)
    counts = [np.isin(heart.labels(points, phase), inside).sum() for phase in (0.0, heart.end_systole)]
    assert 1 - counts[1] / counts[0] == pytest.approx(0.5, abs=0.015)
