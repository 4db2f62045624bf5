"""Measuring nodes with the models' evidence: the light is the library's, through edits and drags, and of its frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_nodes import FLAT

import EchoSynthLib as es
from EchoSynthJobs.job import finish
from EchoSynthJobs.measure import CANNOT_BE_LOOKED_AT, NOT_LOOKED_AT, measure, measured_of
from EchoSynthJobs.measured_frames import place_of
from EchoSynthLib import zoo
from EchoSynthLib.api.measure import study_of
from EchoSynthLib.images.read import read_image
from EchoSynthLib.measurement import with_endocardium, with_points
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation, read_label_map, write_segments
from EchoSynthMRML.volumes import add_to_scene, new_frame

pytestmark = pytest.mark.skipif(not zoo.has("segmenter"), reason="the model segmenter is not in Resources/Models")

SAMPLES = Path(__file__).parents[2] / "Resources" / "SampleData"
FRAME = read_image(SAMPLES / "synthetic_4CH_ED.nii.gz")
CINE = read_image(SAMPLES / "synthetic_4CH_cine.nii.gz")


def grid_of(image: Any) -> Grid:
    matrix = np.diag([*(FLAT.diagonal() * (image.spacing[1], image.spacing[0], 1)), 1.0])
    return Grid(image.pixels.shape[-2:], tuple(matrix.ravel().tolist()))


@pytest.fixture
def echo(scene: Any) -> Any:
    """The sample frame as a volume."""
    return add_to_scene(scene, new_frame(FRAME.pixels, grid_of(FRAME), "echo"))


@pytest.fixture
def label_map() -> np.ndarray:
    return es.segment(FRAME.pixels)[0]


@pytest.fixture
def drawn(scene: Any, echo: Any, label_map: np.ndarray) -> Any:
    node = add_to_scene(scene, new_segmentation(label_map, grid_of(FRAME), "echo segmentation"))
    link_to_volume(node, echo)
    return node


def measured(job: Any) -> Any:
    return finish(job, lambda report: None)


def by_library(codes: np.ndarray) -> Any:
    return study_of(codes, FRAME.spacing, image=FRAME.pixels)


def same(one: Any, other: Any) -> bool:
    values = [{(entry.name, entry.where): entry.value for entry in study.table} for study in (one, other)]
    assert values[0].keys() == values[1].keys()
    assert values[0] == pytest.approx(values[1])
    return one.lights == other.lights and one.structure_lights == other.structure_lights


def test_the_light_is_the_librarys(client, echo, drawn, label_map):
    assert same(measured(measure(drawn, image=echo, judge_by=client)).study, by_library(label_map))


def test_without_the_engine_the_light_rests_on_the_shape(echo, drawn):
    assert "judged by its shape" in measured(measure(drawn, image=echo)).study.light.reasons[0]


def test_after_an_edit_the_light_is_that_of_the_edited_map(client, echo, drawn, label_map):
    found = measured(measure(drawn, image=echo, judge_by=client))
    moved = np.roll(label_map, 40, axis=1)
    write_segments(drawn, moved, grid_of(FRAME))
    assert found.read_again("")
    assert same(found.study, by_library(read_label_map(drawn).codes))
    assert found.study.light.color == "red"


def test_a_dragged_contour_is_judged_as_the_map_that_it_makes(client, echo, drawn, label_map):
    found = measured(measure(drawn, image=echo, judge_by=client))
    contour = found.frames[""].endocardium
    points = contour.points.copy()
    points[4] += (0, 60)
    wide = with_points(contour, points)
    alike = found.study.value("segmenter agreement")
    found.draw("", wide)
    assert found.study.value("segmenter agreement") < alike
    a_little = contour.points.copy()
    a_little[4] += (0, 6)
    found.draw("", with_points(contour, a_little))
    assert found.study.light.color != "green" or "changed by hand" in found.study.light.reasons[0]
    found.draw("", wide)
    expected = by_library(with_endocardium(label_map, wide)).value("segmenter agreement")
    assert found.study.value("segmenter agreement") == pytest.approx(expected)


def cine_nodes(scene: Any, blank: bool = False) -> tuple[Any, Any, np.ndarray]:
    """The sample cine as nodes, image and segmentations; the last frame may be black, under a heart all the same."""
    pixels = [*CINE.pixels[:12]]
    maps = [es.segment(frame)[0] for frame in pixels]
    if blank:
        pixels.append(np.zeros_like(pixels[0]))
        maps.append(np.roll(maps[0], 2, axis=0))
    images, labels = CineBuilder("cine"), CineBuilder("cine segmentation")
    for frame, codes in zip(pixels, maps, strict=True):
        images.append(new_frame(frame, grid_of(CINE), "cine"))
        labels.append(new_segmentation(codes, grid_of(CINE), "cine segmentation"))
    image = images.finish(scene)
    node = labels.finish(scene, cine_of(image).browser, save_changes=True)
    link_to_volume(node, image)
    return image, node, np.stack(maps)


@pytest.mark.slow
def test_a_cine_has_the_librarys_light_and_its_black_frames_take_no_part(client, scene):
    image, node, maps = cine_nodes(scene, blank=True)
    found = measured(measure(node, all_frames=True, image=image, judge_by=client)).study
    pixels = np.concatenate([CINE.pixels[:12], np.zeros_like(CINE.pixels[:1])])
    assert same(found, study_of(maps, CINE.spacing, image=pixels))
    assert "frame 12" in found.warnings[0]
    assert found.value("EF, discs", "cine") == study_of(maps[:12], CINE.spacing).value("EF, discs", "cine")


@pytest.mark.slow
def test_an_end_that_no_model_looked_at_is_not_green_until_it_is_measured_again(client, scene):
    image, node, maps = cine_nodes(scene)
    found = measured(measure(node, all_frames=True, image=image, judge_by=client))
    systole = found.study.cycle.systole.frame
    browser = cine_of(node).browser
    browser.SetSelectedItemNumber(systole)
    wide = np.where(maps[0] == 1, 1, maps[systole]).astype(np.uint8)
    write_segments(node, wide, grid_of(CINE))
    assert found.read_again(f"frame {systole}")
    assert found.study.cycle.systole.frame != systole
    moved = f"frame {found.study.cycle.systole.frame}"
    assert NOT_LOOKED_AT in found.study.frames[moved].light.reasons
    lights = {row["light"] for row in found.rows() if row["where"] in (moved, "cine")}
    assert "green" not in {found.study.light.color, *lights}
    assert found.study.to_record()["light"]["color"] != "green"
    again = measured(measure(node, all_frames=True, image=image, judge_by=client))
    assert not any(NOT_LOOKED_AT in light.reasons for light in again.study.lights.values())


def test_a_view_without_its_image_is_not_green_beside_one_that_the_models_saw(client, scene, echo, drawn, label_map):
    alone = add_to_scene(scene, new_segmentation(label_map, grid_of(FRAME), "alone"))
    places = {"4CH ED": place_of(drawn, drawn, None, echo), "4CH ES": place_of(alone, alone, None, None)}
    found = measured(measured_of(drawn, places, None, client)).study
    assert found.lights["4CH ES"].color == "yellow"
    assert CANNOT_BE_LOOKED_AT in found.lights["4CH ES"].reasons


@pytest.mark.slow
def test_the_segmentation_of_one_frame_is_measured_as_that_frame_whichever_is_shown(client, scene):
    image, _, maps = cine_nodes(scene)
    alone = add_to_scene(scene, new_segmentation(maps[3], grid_of(CINE), "frame 3 segmentation"))
    alone.SetAttribute("EchoSynth.frame", "3")
    link_to_volume(alone, image)
    cine_of(image).browser.SetSelectedItemNumber(8)
    found = measured(measure(alone, image=image, judge_by=client))
    assert found.frames[""].number == 3
    assert found.study.to_record()["frame_numbers"] == {"": 3}
    assert same(found.study, study_of(maps[3], CINE.spacing, image=CINE.pixels[3]))


def test_a_view_that_was_segmented_as_the_other_is_not_green(scene, drawn):
    drawn.SetAttribute("EchoSynth.view", "4CH")
    light = measured(measured_of(drawn, {"2CH ED": place_of(drawn, drawn, None, None)}, None, None)).study.light
    assert light.color != "green"
    assert "given as 2CH, but the model sees 4CH" in light.reasons[0]


@pytest.mark.slow
def test_the_picture_of_a_measured_frame_stays_when_another_is_shown(client, scene):
    image, node, _ = cine_nodes(scene)
    browser = cine_of(node).browser
    browser.SetSelectedItemNumber(4)
    found = measured(measure(node, image=image, judge_by=client))
    browser.SetSelectedItemNumber(9)
    assert np.array_equal(found.places[""].picture(), CINE.pixels[4])
    assert found.frames[""].number == 4
