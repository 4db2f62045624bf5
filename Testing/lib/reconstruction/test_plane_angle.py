"""The angle between the planes of two views, where it is known."""

from __future__ import annotations

import pytest

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.errors import InputError

COHORT = Cohort(5, rows=120, skill=0.0)


@pytest.fixture(scope="module")
def views():
    """Label maps and pixel sizes of a drawn heart."""
    cuts = {view: COHORT.cuts(1, view)[0] for view in ("4CH", "2CH")}
    return {view: cut.label_map for view, cut in cuts.items()}, {view: cut.spacing for view, cut in cuts.items()}


def test_planes_stand_as_standard_views_do_or_as_is_told(views):
    _labels, usual = es.reconstruct(*views)
    assert usual["plane_angle_deg"] == pytest.approx(60.6, abs=3)
    for asked in (45, 90.0):
        _labels, record = es.reconstruct(*views, plane_angle=asked)
        assert record["plane_angle_deg"] == pytest.approx(asked, abs=3)
        # Two outlines on other planes are those of about as large a ventricle.
        volume = record["volumes_ml"]["left ventricle"]
        assert volume == pytest.approx(usual["volumes_ml"]["left ventricle"], rel=0.15)


def test_an_angle_that_planes_cannot_have_or_a_model_that_cannot_be_told_is_refused_in_words(views):
    for nothing in (10, 200, "sixty", True, float("nan")):
        with pytest.raises(InputError, match="plane_angle is a number of degrees"):
            es.reconstruct(*views, plane_angle=nothing)
    with pytest.raises(InputError, match="can be told no other"):
        es.reconstruct(*views, model="heart3d-voxels", plane_angle=70)
