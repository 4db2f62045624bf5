"""The surfaces of a reconstructed heart, and hearts between the ends of its beat."""

from __future__ import annotations

import json

import numpy as np
import pytest

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.ejection import ejection_interval
from EchoSynthLib.reconstruction.fit.pipeline import chamber_volumes
from EchoSynthLib.reconstruction.shapes import between, emptied_at, end_systole_at, heart_of, surfaces

COHORT = Cohort(5, rows=120, skill=0.0)
SHARES = (0.0, 0.3, 0.8, 1.0)


@pytest.fixture(scope="module")
def ends():
    """Labels and record of a drawn heart at end-diastole and end-systole."""
    cuts = {view: COHORT.cuts(1, view) for view in ("4CH", "2CH")}
    return [
        es.reconstruct(
            {view: frames[moment].label_map for view, frames in cuts.items()},
            {view: frames[moment].spacing for view, frames in cuts.items()},
        )
        for moment in (0, 1)
    ]


@pytest.mark.parametrize("name", ["left ventricle", "left atrium"])
def test_surfaces_lie_where_the_voxels_of_their_structure_end(ends, name):
    labels, record = ends[0]
    code = {"left ventricle": 1, "left atrium": 3}[name]
    mesh = surfaces(heart_of(json.loads(json.dumps(record["heart"]))))[name]
    middle = mesh.points.mean(axis=0)
    to_index = np.linalg.inv(np.array(record["affine_mm"]))

    def share(scale):
        """Of the points that belong to the structure when the surface is drawn smaller or larger."""
        places = middle + scale * (mesh.points - middle)
        index = np.rint(np.c_[places, np.ones(len(places))] @ to_index.T).astype(int)[:, :3]
        return np.mean(labels[tuple(index.T)] == code)

    assert share(0.8) > 0.95
    assert share(1.3) < 0.03


def test_the_volume_between_the_ends_of_a_beat_is_as_emptied_as_was_asked_for(ends):
    diastole, systole = (heart_of(record["heart"]) for _labels, record in ends)
    full, empty = (record["volumes_ml"]["left ventricle"] for _labels, record in ends)
    assert full > 1.5 * empty
    for share in SHARES:
        volume = chamber_volumes(Heart(between(diastole, systole, share)))["left ventricle"]
        assert volume == pytest.approx((1 - share) * full + share * empty, rel=0.005)
    assert between(diastole, systole, 0.0) == diastole
    assert between(diastole, systole, 1.0) == systole


def test_of_two_sure_volumes_the_ejection_fraction_is_sure_and_it_is_less_so_the_less_they_are():
    assert ejection_interval((100, 100), (40, 40)) == pytest.approx((60, 60))
    low, high = ejection_interval((90, 110), (40, 40))
    assert low < 60 < high
    wider = ejection_interval((90, 110), (36, 44))
    assert wider[0] < low < high < wider[1]
    # Both do not err to opposite sides.
    assert 100 * (1 - 44 / 90) < wider[0] < wider[1] < 100 * (1 - 36 / 110)


@pytest.mark.slow
def test_ejection_fractions_of_drawn_hearts_lie_within_their_intervals_which_are_of_use():
    within, widths = [], []
    for index in range(10):
        cohort = Cohort(31, rows=120, frames=2, skill=(0.0, 0.5, 1.0)[index % 3])
        heart, cuts = cohort.heart(index), {view: cohort.cuts(index, view) for view in ("4CH", "2CH")}
        records = [
            es.reconstruct(
                {view: frames[moment].label_map for view, frames in cuts.items()},
                {view: frames[moment].spacing for view, frames in cuts.items()},
            )[1]
            for moment in (0, 1)
        ]
        low, high = ejection_interval(*(record["intervals_ml"]["left ventricle"] for record in records))
        full, empty = (heart.volumes(phase)["LV"] for phase in cohort.phases(heart))
        within.append(low <= 100 * (1 - empty / full) <= high)
        widths.append(high - low)
    assert np.mean(within) >= 0.8
    assert np.mean(widths) < 13


def test_a_beat_begins_full_and_is_empty_at_end_systole_which_a_fast_heart_reaches_later_in_it():
    assert emptied_at(0.0) == 0.0
    assert emptied_at(end_systole_at()) == pytest.approx(1.0)
    assert emptied_at(0.999) < 0.02
    assert end_systole_at(120) > end_systole_at(60)


def test_what_is_no_heart_is_refused_in_words():
    for nothing in ({"length": 3}, {"lv_edv_ml": 5}, {"lv_edv_ml": "much"}, [1, 2]):
        with pytest.raises(InputError):
            heart_of(nothing)
