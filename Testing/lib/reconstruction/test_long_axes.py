"""A long axis that somebody tells, where the label map does not show it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.write import write_label_map
from EchoSynthLib.reconstruction.picture import OwnAxes
from EchoSynthLib.tasks import find_task
from EchoSynthLib.tasks.task import Context

COHORT = Cohort(5, rows=120, skill=0.0)
LV = "left ventricle"
MISSED_MM = 14


@pytest.fixture(scope="module")
def views():
    """Label maps and pixel sizes of a drawn heart."""
    cuts = {view: COHORT.cuts(1, view)[0] for view in ("4CH", "2CH")}
    return {view: cut.label_map for view, cut in cuts.items()}, {view: cut.spacing for view, cut in cuts.items()}


def without_apex(label_map, spacing):
    """As a picture shows it whose sector ends before the apex."""
    apex = OwnAxes.of(label_map, spacing, "4CH").origin[0]
    rows = np.arange(len(label_map))[:, None]
    return np.where(rows < apex + MISSED_MM / spacing[0], 0, label_map).astype(np.uint8)


def test_an_apex_that_no_picture_shows_can_be_told_and_the_ventricle_is_as_large_as_it_is(views):
    maps, spacing = views
    truth = COHORT.heart(1).volumes()["LV"]
    cut_off = {view: without_apex(label_map, spacing[view]) for view, label_map in maps.items()}
    axes = {view: OwnAxes.of(maps[view], spacing[view], view).ends for view in maps}
    _labels, short = es.reconstruct(cut_off, spacing)
    _labels, told = es.reconstruct(cut_off, spacing, long_axes=axes)
    assert short["volumes_ml"][LV] < 0.93 * truth
    assert abs(told["volumes_ml"][LV] / truth - 1) < 0.06
    assert told["long_axes_told"] == ["4CH", "2CH"]
    np.testing.assert_allclose(told["long_axes"]["4CH"], axes["4CH"], atol=0.01)
    assert told["lengths_mm"]["4CH"] > short["lengths_mm"]["4CH"] + 0.8 * MISSED_MM


def test_the_axis_of_the_label_map_is_told_and_changes_little_where_it_is_given_again(views):
    maps, spacing = views
    _labels, usual = es.reconstruct(maps, spacing)
    assert usual["long_axes_told"] == []
    _labels, again = es.reconstruct(maps, spacing, long_axes=usual["long_axes"])
    assert again["volumes_ml"][LV] == pytest.approx(usual["volumes_ml"][LV], rel=0.02)
    apex, base = np.array(usual["long_axes"]["4CH"])
    assert maps["4CH"][tuple(np.rint(apex + 0.1 * (base - apex)).astype(int))] == 1
    assert np.linalg.norm((base - apex) * spacing["4CH"]) == pytest.approx(usual["lengths_mm"]["4CH"], abs=0.05)


def test_a_network_takes_it_too(views):
    maps, spacing = views
    axes = {"4CH": OwnAxes.of(maps["4CH"], spacing["4CH"], "4CH").ends + np.array([6.0, 0.0])}
    usual, _ = es.reconstruct(maps, spacing, model="heart3d-voxels")
    moved, _ = es.reconstruct(maps, spacing, model="heart3d-voxels", long_axes=axes)
    assert (usual != moved).any()


def test_what_is_no_long_axis_is_refused_in_words(views):
    maps, spacing = views
    for nothing in ([[1, 2]], [[1, 2], [3, np.nan]], "4CH", [["a", "b"], ["c", "d"]]):
        with pytest.raises(InputError, match=r"The long axis of 4CH|A long axis is told by"):
            es.reconstruct(maps, spacing, long_axes={"4CH": nothing})
    with pytest.raises(InputError, match="mm long, and no heart's is"):
        es.reconstruct(maps, spacing, long_axes={"4CH": [[30, 40], [31, 40]]})
    with pytest.raises(InputError, match="one of the views that are given: 4CH, 2CH"):
        es.reconstruct(maps, spacing, long_axes={"3CH": [[10, 40], [90, 40]]})
    with pytest.raises(InputError, match="told by view"):
        es.reconstruct(maps, spacing, long_axes=[[10, 40], [90, 40]])
    cycle = {view: np.stack([label_map, label_map]) for view, label_map in maps.items()}
    with pytest.raises(InputError, match="of one moment"):
        es.reconstruct(cycle, spacing, long_axes={"4CH": [[10, 40], [90, 40]]})


def test_the_task_takes_it_as_json(views, tmp_path):
    maps, spacing = views
    for view, label_map in maps.items():
        write_label_map(tmp_path / f"p1_{view}_ED.nii.gz", label_map, spacing=spacing[view])
    axes = {"4CH": [[10.0, 62.0], [70.0, 60.0]]}
    asked = {"image": tmp_path / "p1_4CH_ED.nii.gz", "two_chamber": tmp_path / "p1_2CH_ED.nii.gz"}
    reconstruct = find_task("reconstruct")
    record = reconstruct.build(asked | {"output": tmp_path / "out", "long_axes": json.dumps(axes)}).run(Context())
    assert record["long_axes_told"] == ["4CH"]
    np.testing.assert_allclose(record["long_axes"]["4CH"], axes["4CH"], atol=0.01)
    for broken in ("{", "[1, 2]"):
        with pytest.raises(InputError, match="long_axes"):
            reconstruct.build(asked | {"output": tmp_path / "no", "long_axes": broken}).run(Context())
