"""A heart in millimeters: its volumes, and what lies where."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.tissue import TISSUES, Tissue
from EchoSynthLib.errors import InputError

STEP = 2.5
BOX = ((-100, 60), (-75, 75), (-15, 170))
IN_LV = (Tissue.LV_CAVITY, Tissue.PAPILLARY_MUSCLE, Tissue.MITRAL_LEAFLET, Tissue.AORTIC_CUSP)


@pytest.fixture(scope="module")
def heart() -> Heart:
    return Heart.normal()


def grid(step: float = STEP) -> NDArray[np.float64]:
    axes = [np.arange(low + step / 2, high, step) for low, high in BOX]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def counted(heart: Heart, phase: float) -> dict[int, float]:
    """ml of each tissue, by counting."""
    codes, counts = np.unique(heart.labels(grid(), phase), return_counts=True)
    return {int(code): float(count) * STEP**3 / 1000 for code, count in zip(codes, counts, strict=True)}


@pytest.mark.parametrize("ejection_fraction", [0.2, 0.45, 0.62, 0.72])
@pytest.mark.parametrize("edv", [70.0, 180.0])
def test_the_ejection_fraction_asked_for_is_that_of_the_volumes(ejection_fraction: float, edv: float) -> None:
    heart = Heart.normal(ejection_fraction=ejection_fraction, lv_edv_ml=edv)
    full, empty = heart.volumes(0.0)["LV"], heart.volumes(heart.end_systole)["LV"]
    assert full == pytest.approx(edv, rel=1e-9)
    assert 1 - empty / full == pytest.approx(ejection_fraction, rel=1e-9)


@pytest.mark.parametrize("systole", [False, True])
def test_the_volumes_told_are_those_of_the_labels(heart: Heart, systole: bool) -> None:
    phase = heart.end_systole if systole else 0.0
    told, found = heart.volumes(phase), counted(heart, phase)
    # Leaflets and cusps lie partly in the atrium and the aorta, so they may count or not.
    in_lv = found[Tissue.LV_CAVITY] + found[Tissue.PAPILLARY_MUSCLE]
    leaflets = found.get(Tissue.MITRAL_LEAFLET, 0) + found.get(Tissue.AORTIC_CUSP, 0)
    assert in_lv * 0.985 <= told["LV"] <= (in_lv + leaflets) * 1.015
    assert found[Tissue.LV_WALL] == pytest.approx(told["LV wall"], rel=0.03)
    assert found[Tissue.RV_CAVITY] == pytest.approx(told["RV"], rel=0.06)
    assert found[Tissue.LEFT_ATRIUM] == pytest.approx(told["LA"], rel=0.06)
    assert found[Tissue.RIGHT_ATRIUM] == pytest.approx(told["RA"], rel=0.06)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_wall_keeps_its_volume_through_the_beat(condition: str) -> None:
    heart = Heart.drawn(4, condition)
    length = heart.parameters.lv_length_mm
    axes = [np.arange(low, high, 2.0) for low, high in ((-65.0, 65.0), (-65.0, 65.0), (-20.0, 1.2 * length))]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    volumes = [(heart.labels(points, at) == Tissue.LV_WALL).sum() for at in (0.0, heart.end_systole, 0.6)]
    assert max(volumes) / min(volumes) < 1.02, "by counting; the layers themselves keep it exactly"


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_makes_hearts_whose_layers_hold_their_volumes(condition: str) -> None:
    for seed in range(3):
        heart = Heart.drawn(seed, condition)
        rest, told = heart.motion.rest, heart.volumes()
        assert rest["LV"] == pytest.approx(told["LV"], rel=1e-6)
        assert rest["RV"] == pytest.approx(told["RV"], rel=0.02)
        assert rest["LA"] == pytest.approx(told["LA"], rel=0.02)
        assert rest["RA low"] + rest["RA high"] == pytest.approx(told["RA"], rel=0.1)


def test_the_same_seed_draws_the_same_heart_and_another_one_another() -> None:
    assert Heart.drawn(7, "dilated") == Heart.drawn(7, "dilated")
    assert Heart.drawn(7, "dilated") != Heart.drawn(8, "dilated")


def test_diseases_differ_as_they_do_in_patients() -> None:
    drawn = {name: [Heart.drawn(seed, name).parameters for seed in range(40)] for name in CONDITIONS}

    def mean(condition: str, field: str) -> float:
        return float(np.mean([getattr(p, field) for p in drawn[condition]]))

    assert mean("dilated", "lv_edv_ml") > 1.6 * mean("normal", "lv_edv_ml")
    assert mean("dilated", "ejection_fraction") < 0.4 < 0.57 < mean("normal", "ejection_fraction")
    assert mean("hypertrophic", "wall_mm") > 12 > 10 > mean("normal", "wall_mm") > 7
    assert all(p.scar > 0.5 for p in drawn["ischemic"])
    assert mean("large atria", "la_max_ml") > 1.7 * mean("normal", "la_max_ml")
    assert mean("rv overload", "rv_edv_ml") > 1.4 * mean("normal", "rv_edv_ml")


@pytest.mark.parametrize("phase", [0.0, 0.35])
def test_neighbors_are_the_right_ones(heart: Heart, phase: float) -> None:
    places = heart.landmarks(phase)

    def at(*points: NDArray[np.float64]) -> list[str]:
        return [TISSUES[int(code)] for code in heart.labels(np.array(points), phase)]

    middle = 0.45 * (places.apex + places.mitral)
    assert at(middle, places.left_atrium, places.right_ventricle, places.right_atrium) == [
        "lv cavity",
        "left atrium",
        "rv cavity",
        "right atrium",
    ]
    assert at(places.aortic + 12 * places.aortic_axis) == ["aorta"]
    across = [
        name
        for name, before in _along(heart, middle, places.right_ventricle, phase)
        if name != before and name != "papillary muscle"
    ]
    assert across == ["lv cavity", "lv wall", "rv cavity"] or across == ["lv cavity", "lv wall", "rv wall", "rv cavity"]
    up = [name for name, before in _along(heart, middle, places.left_atrium, phase) if name != before]
    assert up[0] == "lv cavity"
    assert up[-1] == "left atrium"
    assert "lv wall" not in up
    assert (places.left_atrium - places.mitral) @ places.long_axis > 5
    assert (places.tricuspid - places.mitral) @ places.long_axis < -3, "the tricuspid valve lies nearer the apex"
    assert (places.aortic - places.mitral) @ places.septal > 10, "the aorta lies between mitral valve and septum"
    assert (places.aortic - places.mitral) @ places.anterior > 3
    assert (places.pulmonary - places.aortic) @ places.anterior > 10, "the pulmonary valve lies in front of the aortic"


def _along(heart: Heart, start: NDArray[np.float64], end: NDArray[np.float64], phase: float) -> list[tuple[str, str]]:
    line = start + np.linspace(0, 1, 400)[:, None] * (end - start)
    names = [TISSUES[int(code)] for code in heart.labels(line, phase)]
    return list(zip(names, ["", *names[:-1]], strict=True))


def test_the_mitral_valve_is_closed_in_systole_and_open_in_diastole(heart: Heart) -> None:
    def crossings(phase: float) -> float:
        """Share of the straight ways from atrium to ventricle, inside the ring, that meet a leaflet."""
        places = heart.landmarks(phase)
        ring = places.mitral + 0.8 * (places.mitral_annulus - places.mitral)
        ring = np.concatenate([ring, places.mitral + 0.3 * (places.mitral_annulus - places.mitral)])
        ways = ring[:, None] + np.linspace(-16, 6, 90)[:, None] * places.long_axis
        return float((heart.labels(ways, phase) == Tissue.MITRAL_LEAFLET).any(1).mean())

    early = 0.5 * (heart.beat.mitral_opening + heart.beat.early_end)
    assert crossings(0.6 * heart.end_systole) > 0.95
    assert crossings(early) < 0.7


def test_the_aortic_valve_is_open_in_systole_alone(heart: Heart) -> None:
    def middle(phase: float) -> bool:
        places = heart.landmarks(phase)
        line = places.aortic + np.linspace(-2, 12, 60)[:, None] * places.aortic_axis
        return bool((heart.labels(line, phase) == Tissue.AORTIC_CUSP).any())

    assert middle(0.0)
    assert middle(0.8)
    assert not middle(0.5 * (heart.beat.aortic_opening + heart.beat.aortic_closing))


def test_papillary_muscles_keep_their_volume(heart: Heart) -> None:
    axes = [np.arange(*span, 0.8) for span in ((-40, 40), (-40, 40), (10, 70))]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = [heart.papillary.inside(points, phase).sum() for phase in (0.0, heart.end_systole)]
    assert inside[1] == pytest.approx(inside[0], rel=0.15)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ejection_fraction": 0.9}, "ejection_fraction"),
        ({"lv_form": (0.1,)}, "lv_form"),
        ({"lv_edv_ml": -1.0}, "lv_edv_ml"),
    ],
)
def test_a_number_out_of_range_is_named(changes: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Heart.normal(**changes)


def test_an_ejection_fraction_that_a_scar_forbids_is_refused() -> None:
    heart = Heart.normal(ejection_fraction=0.75, scar=1.0, scar_width_deg=120.0, scar_extent=0.8)
    with pytest.raises(InputError, match="scar"):
        heart.labels(np.zeros((1, 3)), heart.end_systole)


def test_an_unknown_condition_is_told_with_those_that_are_known() -> None:
    with pytest.raises(InputError, match="ischemic"):
        Heart.drawn(0, "broken")


def test_points_need_three_numbers(heart: Heart) -> None:
    with pytest.raises(InputError, match="3"):
        heart.labels(np.zeros((4, 2)))
