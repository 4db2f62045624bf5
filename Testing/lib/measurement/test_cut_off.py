"""Chambers at the edge of the sector: an atrium that is cut off has no volume, and the ventricle stands."""

from __future__ import annotations

import numpy as np
import pytest

from EchoSynthLib.anatomy import parametric_heart, random_heart
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.measurement import Evidence, measure_frame, rows_of, study_of_frame, study_of_views

HEART = parametric_heart("4CH")
SURE = np.full(HEART.label_map.shape, 0.999, np.float32)


def evidence(sector: Sector | None, view: str = "4CH") -> Evidence:
    other = {"4CH": "2CH", "2CH": "4CH"}[view]
    return Evidence(HEART.label_map, SURE, 0.99, {view: 0.9, other: 0.1}, sector=sector)


def cropped(rows: int) -> tuple[np.ndarray, Sector]:
    """The heart in a sector that ends so many rows above the atrium's roof, and nothing labeled beyond."""
    roof = int(np.flatnonzero((HEART.label_map == 3).any(axis=1))[-1])
    sector = HEART.sector
    short = Sector(*[*sector.to_dict().values()][:5], roof - rows - sector.apex_row, sector.aspect)
    return np.where(short.mask(HEART.label_map.shape), HEART.label_map, 0).astype(np.uint8), short


def test_an_atrium_cut_off_by_the_sector_has_an_area_and_no_volume():
    labels, sector = cropped(12)
    frame = measure_frame(labels, HEART.spacing, evidence=evidence(sector))
    assert not [name for name in frame.values if name.startswith(("LA volume", "LA length"))]
    assert "LA area" in frame.values
    assert frame.lights["LA"].color == "red"
    assert "cut off by the edge" in frame.lights["LA"].reasons[0]
    assert frame.lights["LV"].color == "green"
    assert frame.light.color == "yellow"


@pytest.mark.parametrize("seed", range(6))
def test_a_whole_atrium_is_measured(seed):
    heart = random_heart(seed, "4CH")
    given = Evidence(heart.label_map, SURE, 0.99, {"4CH": 0.9, "2CH": 0.1}, sector=heart.sector)
    frame = measure_frame(heart.label_map, heart.spacing, evidence=given)
    assert "LA volume, area-length" in frame.values
    assert frame.lights["LA"].color == "green", frame.lights["LA"].reasons


def test_the_edge_of_the_picture_cuts_off_as_the_sectors_does():
    labels, _ = cropped(0)
    roof = int(np.flatnonzero((labels == 3).any(axis=1))[-1])
    frame = measure_frame(labels[: roof - 12], HEART.spacing)
    assert frame.lights["LA"].color == "red"
    assert frame.atrium is None


def test_a_ventricle_that_is_cut_off_is_red():
    apex = int(np.flatnonzero((HEART.label_map == 1).any(axis=1))[0])
    assert measure_frame(HEART.label_map[apex + 10 :], HEART.spacing).lights["LV"].color == "red"


def test_each_row_has_the_light_of_its_structure():
    labels, sector = cropped(12)
    study = study_of_frame(measure_frame(labels, HEART.spacing, evidence=evidence(sector)))
    light = {row["name"]: row["light"] for row in rows_of("heart", study)}
    assert light["LA area"] == "red"
    assert light["LV area"] == light["wall thickness, mean"] == "green"
    assert study.to_record()["structure_lights"]["LA"]["color"] == "red"


def test_of_two_views_one_cut_atrium_leaves_no_biplane_volume_of_it():
    labels, sector = cropped(12)
    cut = measure_frame(labels, HEART.spacing, evidence=evidence(sector))
    other = parametric_heart("2CH")
    study = study_of_views({"4CH": {"ED": cut}, "2CH": {"ED": measure_frame(other.label_map, other.spacing)}})
    names = {entry.name for entry in study.table if entry.where == "2CH + 4CH ED"}
    assert "LV volume, biplane discs" in names
    assert not any(name.startswith("LA") for name in names)


@pytest.mark.parametrize("seen", ["2CH", "4CH"])
def test_a_view_that_the_model_takes_for_the_other_is_not_green(seen):
    frame = measure_frame(HEART.label_map, HEART.spacing, evidence=evidence(None, seen))
    light = study_of_views({"4CH": {"ED": frame}}).light
    assert (light.color == "green") == (seen == "4CH")
    if seen == "2CH":
        assert "given as 4CH, but the model sees 2CH" in light.reasons[0]


def test_a_view_told_with_the_label_map_is_compared_too():
    frame = measure_frame(HEART.label_map, HEART.spacing, view="2CH")
    assert study_of_views({"4CH": {"ED": frame}}).light.color == "yellow"


def test_evidence_comes_back_from_its_arrays_as_it_was():
    found = evidence(HEART.sector)
    again = Evidence.from_arrays(found.to_arrays())
    assert again.sector == found.sector
    assert again.view_probabilities == found.view_probabilities
    assert again.second_contour is None
    one, other = (measure_frame(HEART.label_map, HEART.spacing, evidence=it) for it in (found, again))
    assert one.values == other.values
