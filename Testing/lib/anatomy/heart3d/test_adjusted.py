"""A heart with the left ventricle that is asked for."""

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.adjusted import adjusted
from EchoSynthLib.anatomy.heart3d.distributions import CONDITIONS, draw
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters
from EchoSynthLib.errors import InputError


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(("ef", "volume", "wall"), [(0.1, 40, 5), (0.7, 350, 20)])
def test_every_heart_can_be_given_what_the_sliders_have(condition, ef, volume, wall):
    heart = Heart(adjusted(draw(1, condition), ef, volume, wall))
    full, empty = (heart.volumes(phase)["LV"] for phase in (0.0, heart.end_systole))
    assert full == pytest.approx(volume)
    assert 1 - empty / full == pytest.approx(ef)


def test_what_is_not_asked_for_stays():
    p = HeartParameters()
    assert adjusted(p) == p
    assert adjusted(p, wall_mm=14).lv_edv_ml == p.lv_edv_ml


def test_a_thicker_wall_weighs_more_around_the_same_cavity():
    thin, thick = (Heart(adjusted(HeartParameters(), wall_mm=wall)) for wall in (7, 14))
    assert thick.volumes()["LV wall"] > 1.8 * thin.volumes()["LV wall"]
    assert thick.volumes()["LV"] == pytest.approx(thin.volumes()["LV"])


def test_a_larger_ventricle_keeps_its_form():
    p = HeartParameters()
    assert adjusted(p, lv_edv_ml=8 * 40).lv_length_mm == pytest.approx(2 * adjusted(p, lv_edv_ml=40).lv_length_mm)


def test_a_ventricle_that_ejects_less_shortens_and_twists_less():
    weak, strong = (Heart(adjusted(HeartParameters(), ejection_fraction=ef)) for ef in (0.2, 0.6))
    lengths = [
        np.linalg.norm(heart.landmarks(heart.end_systole).mitral - heart.landmarks(0).mitral)
        for heart in (weak, strong)
    ]
    assert lengths[0] < 0.5 * lengths[1]
    assert weak.parameters.twist_deg < 0.5 * strong.parameters.twist_deg


@pytest.mark.parametrize("asked", [{"ejection_fraction": 0.95}, {"lv_edv_ml": 5}, {"wall_mm": 60}])
def test_numbers_that_no_heart_has_are_refused_by_name(asked):
    with pytest.raises(InputError, match=next(iter(asked))):
        adjusted(HeartParameters(), **asked)
