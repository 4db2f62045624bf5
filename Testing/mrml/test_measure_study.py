"""A patient's study fills itself from the scene, is measured, and its folder knows what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from drawn_nodes import FLAT

from EchoSynthJobs.job import finish
from EchoSynthJobs.study import clips_of_patient, doubts_of, measure_study
from EchoSynthLib import zoo
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.read import read_image
from EchoSynthMRML.cines import CineBuilder
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import linked_volume, new_segmentation
from EchoSynthMRML.study_folder import PATIENT, facts_of, patient_of
from EchoSynthMRML.volumes import add_to_scene, new_frame

SHAPE = (112, 136)
PHASES = {"ED": 0.0, "ES": 1.0}
SAMPLES = Path(__file__).parents[2] / "Resources" / "SampleData"
with_models = pytest.mark.skipif(not zoo.has("segmenter"), reason="the model segmenter is not in Resources/Models")


def grid_of(shape: tuple[int, int], spacing: tuple[float, float] = (0.5, 0.5)) -> Grid:
    matrix = np.diag([*(FLAT.diagonal() * (spacing[1], spacing[0], 1)), 1.0])
    return Grid(shape, tuple(matrix.ravel().tolist()))


def heart(view: str, phase: float, name: str) -> Any:
    return new_segmentation(parametric_heart(view, phase, shape=SHAPE).label_map, grid_of(SHAPE), name)


def measured(job: Any) -> Any:
    return finish(job, lambda report: None)


@pytest.fixture
def add(scene: Any) -> Any:
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    def added(node: Any) -> Any:
        node = add_to_scene(scene, node)
        tree.CreateItem(tree.GetSceneItemID(), node)
        return node

    return added


@pytest.fixture
def label_maps(add: Any) -> dict[str, Any]:
    """The four label maps of a patient by place, as their names tell."""
    return {
        f"{view} {phase}": add(heart(view, at, f"p1_{view}_{phase}"))
        for view in ("2CH", "4CH")
        for phase, at in PHASES.items()
    }


def cine(scene: Any, view: str, name: str) -> Any:
    builder = CineBuilder(name)
    for phase in (0.0, 0.5, 1.0, 0.5):
        builder.append(heart(view, phase, name))
    return builder.finish(scene, save_changes=True)


def test_four_label_maps_of_a_patient_give_the_biplane_ejection_fraction(scene, label_maps):
    found = measured(measure_study(scene, None))
    assert list(found.places) == ["4CH ED", "4CH ES", "2CH ED", "2CH ES"]
    assert 40 < found.study.value("EF, biplane discs", "2CH + 4CH") < 75
    assert (found.name, found.record["warnings"]) == ("p1", [])


def test_the_patients_folder_knows_view_phase_pixel_size_and_light(scene, label_maps):
    found = measured(measure_study(scene, None))
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for where, node in label_maps.items():
        assert patient_of(node) == "p1"
        assert facts_of(node) == {
            "view": where[:3],
            "phase": where[4:],
            "view_from": "name",
            "phase_from": "name",
            "pixel_size": "trusted",
            "light": found.frames[where].light.color,
        }
    folder = tree.GetItemParent(tree.GetItemByDataNode(label_maps["4CH ED"]))
    assert tree.GetItemAttribute(folder, PATIENT) == "p1"
    assert tree.GetItemAttribute(folder, "EchoSynth.light") == found.study.light.color


@pytest.mark.slow
def test_two_cines_give_it_too_each_at_its_own_ends(scene):
    nodes = {view: cine(scene, view, view) for view in ("2CH", "4CH")}
    before = clips_of_patient(scene)
    assert before.has_both_views
    assert set(before.nodes.values()) == set(nodes.values())
    found = measured(measure_study(scene, None))
    assert {where: (place.node, place.frame) for where, place in found.places.items()} == {
        f"{view} {phase}": (nodes[view], frame) for view in nodes for phase, frame in (("ED", 0), ("ES", 2))
    }
    assert found.study.value("EF, biplane discs", "2CH + 4CH") > 40


def test_patients_are_kept_apart_and_the_chosen_one_is_measured(scene, add, label_maps):
    stranger = add(heart("4CH", 0.0, "p2_4CH_ED"))
    assert clips_of_patient(scene, label_maps["2CH ED"]).others == ("p2",)
    assert clips_of_patient(scene).patient == "p2"
    found = measured(measure_study(scene, None, chosen=label_maps["2CH ED"]))
    assert stranger not in [place.node for place in found.places.values()]
    mixed = measured(measure_study(scene, None, {"4CH ED": stranger}, chosen=label_maps["2CH ED"]))
    assert mixed.places["4CH ED"].node is stranger
    assert "frames of 2 patients" in mixed.record["warnings"][0]
    assert patient_of(stranger) == "p2"


def test_a_place_that_a_user_left_empty_stays_so(scene, label_maps):
    found = measured(measure_study(scene, None, {"2CH ES": None}))
    assert "2CH ES" not in found.places
    with pytest.raises(KeyError):
        found.study.value("EF, biplane discs", "2CH + 4CH")


def test_one_frame_in_two_places_is_refused(scene, label_maps):
    same = label_maps["2CH ED"]
    with pytest.raises(InputError, match="chosen for 2CH ED and for 2CH ES"):
        measured(measure_study(scene, None, {"2CH ES": same}))


def test_what_a_user_chose_is_set_from_then_on(scene, label_maps):
    exchanged = {"4CH ED": label_maps["4CH ES"], "4CH ES": label_maps["4CH ED"]}
    found = measured(measure_study(scene, None, exchanged))
    assert found.study.light.color == "red"
    assert [text for text in found.record["warnings"] if "is named" in text]
    assert facts_of(label_maps["4CH ES"])["phase_from"] == "set"
    assert clips_of_patient(scene).nodes["4CH ED"] is label_maps["4CH ES"]


def test_without_any_frame_the_error_says_what_to_do(scene):
    with pytest.raises(InputError, match="open one"):
        measured(measure_study(scene, None))


def test_an_image_without_label_map_needs_the_engine(scene, add, label_maps):
    scene.RemoveNode(label_maps["4CH ED"])
    add(new_frame(np.zeros(SHAPE, np.uint8), grid_of(SHAPE), "p1_4CH_ED"))
    with pytest.raises(InputError, match="no label map; install the engine"):
        measured(measure_study(scene, None))


@with_models
def test_an_image_without_label_map_is_segmented_in_the_same_go(scene, add, client, label_maps):
    scene.RemoveNode(label_maps["4CH ED"])
    read = read_image(SAMPLES / "synthetic_4CH_ED.nii.gz")
    image = add(new_frame(read.pixels, grid_of(read.pixels.shape, read.spacing), "p1_4CH_ED"))
    messages: list[str] = []
    found = finish(measure_study(scene, client), lambda report: messages.append(report.message))
    assert linked_volume(found.places["4CH ED"].node) is image
    assert "segmenting p1_4CH_ED (1 of 1)" in messages
    assert facts_of(image)["view"] == "4CH"


@with_models
def test_cancelled_it_takes_the_segmentations_away_again(scene, add, client, label_maps):
    scene.RemoveNode(label_maps["4CH ED"])
    read = read_image(SAMPLES / "synthetic_4CH_ED.nii.gz")
    add(new_frame(read.pixels, grid_of(read.pixels.shape, read.spacing), "p1_4CH_ED"))
    before = scene.GetNumberOfNodes()
    job = measure_study(scene, client)
    for report in job:
        if report.message.startswith("measuring"):
            break
    assert scene.GetNumberOfNodes() > before
    job.close()
    assert scene.GetNumberOfNodes() == before


@with_models
@pytest.mark.slow
def test_views_and_phases_that_no_name_tells_are_seen_and_measured(scene, add, client):
    read = read_image(SAMPLES / "synthetic_4CH_cine.nii.gz")
    full, empty = (
        add(new_frame(read.pixels[frame], grid_of(read.pixels.shape[1:], read.spacing), f"IM_{frame}"))
        for frame in (0, 9)
    )
    assert clips_of_patient(scene).nodes == {}
    found = measured(measure_study(scene, client))
    images = {where: linked_volume(place.node) for where, place in found.places.items()}
    assert images == {"4CH ED": full, "4CH ES": empty}
    assert facts_of(full)["view_from"], facts_of(full)["phase_from"] == ("classifier", "area")
    assert doubts_of(scene, clips_of_patient(scene), {}) == ()
