"""Where the heart goes: what is there keeps its label, muscle its volume, and what is told is what moves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.tissue import TISSUES, Tissue
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat

PHASES = (0.15, 0.38, 0.6, 0.9)
HEART = (
    Tissue.LV_CAVITY, Tissue.LV_WALL, Tissue.LEFT_ATRIUM, Tissue.RV_CAVITY, Tissue.RV_WALL, Tissue.RIGHT_ATRIUM,
    Tissue.PAPILLARY_MUSCLE, Tissue.MITRAL_LEAFLET,
)  # fmt: skip


@pytest.fixture(scope="module")
def heart() -> Heart:
    return Heart.normal()


@pytest.fixture(scope="module")
def points() -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    return rng.uniform((-85, -60, -10), (45, 60, 150), (60_000, 3))


@pytest.mark.parametrize("phase", PHASES)
def test_what_is_there_keeps_its_label(heart: Heart, points: NDArray[np.float64], phase: float) -> None:
    rods = heart.papillary.rods(0.0).reshape(-1, 3)
    ring = heart.landmarks().mitral_annulus[::4]
    points = np.concatenate([points, *(place + points[:300] / 30 for place in (*rods, *ring))])
    before = heart.labels(points)
    after = heart.labels(points + heart.displacement(points, phase), phase)
    for code in HEART:
        there = before == code
        kept = (after[there] == code).mean()
        # Blood makes way for leaflets and papillary muscles, which fill much of an empty ventricle.
        at_least = {Tissue.LV_WALL: 0.99, Tissue.RV_WALL: 0.99, Tissue.LV_CAVITY: 0.85}.get(code, 0.93)
        assert there.sum() > 20
        assert kept > at_least, f"{TISSUES[code]}: {kept:.3f}"


@pytest.mark.parametrize("phase", PHASES)
def test_material_points_are_the_inverse_of_the_displacement(
    heart: Heart, points: NDArray[np.float64], phase: float
) -> None:
    some = points[np.isin(heart.labels(points), (Tissue.LV_WALL, Tissue.RV_WALL))][:2000]
    moved = some + heart.displacement(some, phase)
    back = heart.material_points(moved, phase)
    off = np.linalg.norm(back - some, axis=1)
    assert np.quantile(off, 0.99) < 0.02


@pytest.mark.parametrize("phase", PHASES)
def test_muscle_is_incompressible_at_every_point(heart: Heart, points: NDArray[np.float64], phase: float) -> None:
    wall = points[heart.labels(points) == Tissue.LV_WALL][:1500]
    steps = 0.05 * np.eye(3)
    columns = [
        (heart.motion.forward(wall + step, phase) - heart.motion.forward(wall - step, phase)) / 0.1 for step in steps
    ]
    volume = np.linalg.det(np.stack(columns, axis=-1))
    assert np.median(np.abs(volume - 1)) < 0.005
    assert np.quantile(np.abs(volume - 1), 0.9) < 0.03


def test_the_ventricle_shortens_narrows_thickens_and_twists(heart: Heart) -> None:
    end = heart.end_systole
    rest, now = heart.landmarks(0.0), heart.landmarks(end)
    length = np.linalg.norm(rest.mitral - rest.apex)
    assert np.linalg.norm(now.mitral - now.apex) / length - 1 == pytest.approx(
        -heart.parameters.longitudinal_shortening, abs=0.01
    )
    strain = heart.global_strain(end)
    assert -0.3 < strain["endocardial longitudinal"] < -0.13
    assert -0.45 < strain["endocardial circumferential"] < -0.2
    assert 0.25 < strain["radial"] < 0.9
    # Seen from the apex, which x right and y down show, the apex turns counterclockwise, the base clockwise.
    ring = np.array([[12.0, 0, 0.15 * length], [24.0, 0, 0.9 * length]])
    moved = ring + heart.displacement(ring, end)
    assert moved[0, 1] < -0.5
    assert moved[1, 1] > 0.1


def test_strain_at_points_agrees_with_the_whole(heart: Heart, points: NDArray[np.float64]) -> None:
    wall = points[(heart.labels(points) == Tissue.LV_WALL) & (points[:, 2] > 15) & (points[:, 2] < 60)][:800]
    local = heart.strain(wall, heart.end_systole)
    whole = heart.global_strain(heart.end_systole)
    assert local["longitudinal"].mean() == pytest.approx(whole["midwall longitudinal"], abs=0.05)
    assert local["circumferential"].mean() == pytest.approx(whole["midwall circumferential"], abs=0.1)
    assert local["radial"].mean() > 0.2


def test_a_scar_moves_less_than_the_wall_across(heart: Heart) -> None:
    scarred = Heart.normal(ejection_fraction=0.45, scar=1.0, scar_deg=40.0, scar_width_deg=40.0, scar_height=0.5)

    def inward(degrees: float) -> float:
        angle = np.radians(degrees)
        pose, rest = (scarred.motion.pose(at) for at in (scarred.end_systole, 0.0))
        height = 0.5 * scarred.parameters.lv_length_mm
        radii = [np.hypot(*scarred.motion.endocardium(height, angle, at)[:2]) for at in (pose, rest)]
        return float(radii[0] / radii[1])

    assert inward(40.0) > 0.97
    assert inward(220.0) < 0.85


def test_atria_fill_in_systole_and_kick_at_the_end(heart: Heart) -> None:
    beat = heart.beat
    la = [heart.volumes(phase)["LA"] for phase in (0.0, beat.mitral_opening, beat.kick, 0.999)]
    lv = [heart.volumes(phase)["LV"] for phase in (beat.kick, 0.9999)]
    assert la[1] == pytest.approx(heart.parameters.la_max_ml, rel=1e-3)
    assert la[0] < la[2] < la[1]
    assert la[2] - la[3] > 0.15 * (la[1] - la[0])
    assert lv[1] > lv[0] + 5


@pytest.mark.parametrize("rate", [45.0, 70.0, 110.0, 160.0])
def test_the_volume_curve_falls_once_and_fills_again(rate: float) -> None:
    beat, phases = Beat.at(rate), np.linspace(0, 1, 500, endpoint=False)
    out = beat.emptied(phases)
    assert out[0] == pytest.approx(0, abs=1e-9)
    assert out.max() == pytest.approx(1, abs=1e-6)
    assert (np.diff(out[phases < beat.aortic_closing]) >= -1e-9).all()
    assert (np.diff(out[phases > beat.mitral_opening]) <= 1e-9).all()
    assert ((beat.filled(phases) >= -1e-9) & (beat.filled(phases) <= 1 + 1e-9)).all()
    assert 0 < beat.aortic_opening < beat.aortic_closing < beat.mitral_opening < beat.early_end < 1


def test_a_faster_heart_spends_less_of_its_beat_on_filling() -> None:
    slow, fast = Beat.at(50), Beat.at(120)
    assert fast.aortic_closing > slow.aortic_closing + 0.1
