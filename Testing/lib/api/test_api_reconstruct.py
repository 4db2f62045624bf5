"""A heart in 3D as Python users ask for it: label maps, pictures, cycles, and what is told of it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.hearts import voxels_of
from EchoSynthLib.reconstruction.volume import VolumeGrid

VIEWS = ("4CH", "2CH")
COHORT = Cohort(5, rows=160, skill=0.0)
HEART = 1


@cache
def looked_at() -> tuple[dict[str, np.ndarray], dict[str, tuple[float, float]]]:
    """Label maps (2, H, W) at end-diastole and end-systole, by view, and their spacing."""
    cuts = {view: COHORT.cuts(HEART, view) for view in VIEWS}
    return {v: np.stack([cut.label_map for cut in c]) for v, c in cuts.items()}, {
        v: c[0].spacing for v, c in cuts.items()
    }


@cache
def reconstructed() -> tuple[np.ndarray, dict[str, Any]]:
    return es.reconstruct(*looked_at())


def test_a_heart_comes_back_with_its_volumes_and_its_ejection_fraction() -> None:
    labels, record = reconstructed()
    heart = COHORT.heart(HEART)
    assert labels.shape == (2, 64, 64, 64)
    for moment, phase in enumerate((0.0, heart.end_systole)):
        told, truth = record["volumes_ml"][moment], heart.volumes(phase)
        assert told["left ventricle"] == pytest.approx(truth["LV"], rel=0.07)
        assert told["left atrium"] == pytest.approx(truth["LA"], rel=0.25)
        low, high = record["intervals_ml"][moment]["left ventricle"]
        assert low < truth["LV"] < high
        assert low < record["expected_ml"][moment]["left ventricle"] < high
        truly = voxels_of(heart, VolumeGrid.of(64), phase)
        shared = np.logical_and(labels[moment] == 1, truly == 1).sum()
        assert 2 * shared / ((labels[moment] == 1).sum() + (truly == 1).sum()) > 0.85
    full, empty = heart.volumes(0.0)["LV"], heart.volumes(heart.end_systole)["LV"]
    assert record["EF_percent"] == pytest.approx(100 * (1 - empty / full), abs=5)
    assert (record["end_diastole"], record["end_systole"], record["moments"]) == (0, 1, 2)
    assert record["light"]["color"] == "green"
    assert record["trust"] > 0.85


def test_what_no_picture_shows_is_told_to_be_prior_only() -> None:
    _, record = reconstructed()
    assert record["prior_only"] == ["right ventricle", "right atrium", "aorta"]
    assert any("no picture shows them" in reason for reason in record["light"]["reasons"])


def test_the_right_ventricle_lies_to_the_right_of_and_before_the_left_in_the_patient() -> None:
    labels, record = reconstructed()
    middle = {
        code: np.array(record["affine_ras_mm"]) @ [*np.argwhere(labels[0] == code).mean(axis=0), 1]
        for code in (1, 3, 4)
    }
    assert middle[4][0] > middle[1][0] + 5  # the right of the patient is +R
    assert middle[4][1] > middle[1][1] + 5  # and its front +A
    assert middle[3][1] < middle[1][1] - 10  # the left atrium is behind


def test_one_moment_is_no_list() -> None:
    maps, spacing = looked_at()
    labels, record = es.reconstruct({view: of_view[0] for view, of_view in maps.items()}, spacing)
    np.testing.assert_array_equal(labels, reconstructed()[0][0])
    assert record["volumes_ml"] == reconstructed()[1]["volumes_ml"][0]
    assert "EF_percent" not in record


def test_pictures_are_segmented_first() -> None:
    from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart

    hearts = {view: parametric_heart(view, 0.0, shape=(300, 360)) for view in VIEWS}
    pictures = {
        view: es.synthesize(heart.label_map, spacing=heart.spacing, view=view, seed=1)[0][0]
        for view, heart in hearts.items()
    }
    spacing = {view: heart.spacing for view, heart in hearts.items()}
    _, seen = es.reconstruct(pictures, spacing)
    _, drawn = es.reconstruct({view: heart.label_map for view, heart in hearts.items()}, spacing)
    assert seen["segmented"] == list(VIEWS)
    assert "segmented" not in drawn
    assert seen["volumes_ml"]["left ventricle"] == pytest.approx(drawn["volumes_ml"]["left ventricle"], rel=0.15)


def test_views_that_do_not_belong_together_are_red_or_yellow() -> None:
    maps, spacing = looked_at()
    small = {"4CH": spacing["4CH"], "2CH": tuple(0.75 * step for step in spacing["2CH"])}
    _, record = es.reconstruct({view: of_view[0] for view, of_view in maps.items()}, small)
    assert record["light"]["color"] != "green"
    assert any("2CH may be foreshortened" in reason for reason in record["light"]["reasons"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda maps: {"4CH": maps["4CH"]}, "at least; given were 4CH"),
        (lambda maps: maps | {"2CH": maps["2CH"][0]}, "4CH has 2, 2CH has one"),
        (lambda maps: maps | {"2CH": np.zeros_like(maps["2CH"])}, "2CH, frame 0: The label map is empty"),
        (lambda maps: maps | {"2CH": maps["2CH"][None]}, "shape"),
        (lambda maps: maps | {"2CH": np.where(maps["2CH"] == 1, 5, maps["2CH"])}, "2CH, frame 0: .*5"),
        (lambda maps: maps["4CH"], "by their names"),
        (lambda maps: maps | {"3CH": np.where(maps["4CH"] == 1, 0, maps["4CH"])}, "3CH has no left ventricular cavity"),
    ],
)
def test_what_makes_no_heart_is_refused_in_words(change: Any, told: str) -> None:
    maps, spacing = looked_at()
    with pytest.raises(InputError, match=told):
        es.reconstruct(change(maps), spacing | {"3CH": (1.0, 1.0)})


def test_a_heart_without_a_size_is_refused() -> None:
    maps, spacing = looked_at()
    with pytest.raises(InputError, match="that of 2CH is missing"):
        es.reconstruct(maps, {"4CH": spacing["4CH"]})
    with pytest.raises(InputError, match="needed"):
        es.reconstruct(maps, None)  # type: ignore[arg-type]
