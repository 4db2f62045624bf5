"""An examination in the scene: its clips are known without being there, one by one they come, the study is measured."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
import vtk
from drawn_nodes import GRIDS

from EchoSynthJobs.examine import bring_into_scene, correct, examine_folder, examine_scene
from EchoSynthJobs.examined_study import apical_clips, best_of_view, measure_examination, segment_apical
from EchoSynthJobs.job import finish
from EchoSynthJobs.segment import check_view
from EchoSynthLib import zoo
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.write import write_image
from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.examinations import (
    ExaminedClip,
    add_examination,
    clips_of,
    is_examination,
    keep_view,
    keep_volume,
    volume_of,
)
from EchoSynthMRML.study_folder import facts_of, patient_of
from EchoSynthMRML.volumes import new_frame

SAMPLE = Path(__file__).parents[2] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
with_models = pytest.mark.skipif(
    not (zoo.has("segmenter") and zoo.has("views")), reason="the models are not in Resources/Models"
)
ROW = {"file": "a.png", "name": "a", "frames": 1, "view": "4CH", "view_probabilities": {"2CH": 0.1, "4CH": 0.9}}


def done(job: Any) -> Any:
    return finish(job, lambda report: time.sleep(0.002))


def drawn(seed: int = 0) -> np.ndarray:
    heart = parametric_heart("4CH", 0.0, shape=(112, 136))
    speckle = np.random.default_rng(seed).rayleigh(0.8, heart.label_map.shape)
    gray = np.choose(np.minimum(heart.label_map, 3), (90, 25, 150, 30)) * speckle
    return np.where(heart.sector.mask(gray.shape), gray.clip(1, 255), 0).astype(np.uint8)


def clip(number: int = 0, **row: Any) -> ExaminedClip:
    return ExaminedClip(number, ROW | row, {})


@pytest.fixture(autouse=True)
def items_in_the_tree(scene: Any) -> None:
    """Each volume that is added gets its item in the tree, as Slicer gives it one."""
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def give(caller: Any, event: Any, node: Any) -> None:
        if node.IsA("vtkMRMLVolumeNode") or node.IsA("vtkMRMLSegmentationNode"):
            tree.CreateItem(tree.GetSceneItemID(), node)

    scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, give)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A patient's frame, a clip whose name tells nothing, and a damaged file."""
    inside = tmp_path / "exam"
    inside.mkdir()
    write_image(inside / "Doe_4CH_ED.png", drawn())
    write_image(inside / "IM_0001.nii.gz", np.stack([drawn(seed) for seed in range(12)]), spacing=(0.4, 0.4))
    (inside / "broken.png").write_bytes(b"\x89PNG")
    return inside


@pytest.fixture
def examination(scene: Any, client: Any, folder: Path) -> Any:
    return done(examine_folder(scene, client, folder))


def volumes_in(scene: Any) -> int:
    return int(scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode"))


@with_models
def test_a_folder_becomes_a_list_and_no_clip_enters_the_scene(scene, examination, folder):
    assert is_examination(examination)
    assert (examination.GetName(), volumes_in(scene)) == ("exam", 0)
    frame, cine, broken = clips_of(examination)
    assert [one.title for one in (frame, cine, broken)] == ["4CH_ED", "IM_0001", "broken"]
    assert (cine.is_cine, cine.row["frames"], cine.pixel_size) == (True, 12, pytest.approx(0.4))
    assert (frame.pixel_size, frame.frame_rate, frame.view_from) == (None, None, ("4CH", "name"))
    assert (cine.view_from[1], cine.share) == ("classifier", max(cine.shares.values()))
    assert frame.thumbnail().shape == (96, 128)
    assert frame.thumbnail().max() > 100
    assert broken.failure.startswith("broken cannot be read")
    assert str(folder) not in broken.failure


@with_models
def test_a_clip_comes_into_the_scene_once_to_its_patient_with_the_view_that_is_seen(scene, client, examination):
    cine = done(bring_into_scene(scene, client, examination, 1))
    assert done(bring_into_scene(scene, client, examination, 1)) is cine is volume_of(examination, 1)
    assert (len(cine_of(cine)), patient_of(cine)) == (12, "Doe")
    seen = clips_of(examination)[1].view_from[0]
    assert (facts_of(cine)["view"], facts_of(cine)["view_from"]) == (seen, "classifier")
    frame = done(bring_into_scene(scene, client, examination, 0))
    assert (patient_of(frame), facts_of(frame)["view_from"]) == ("Doe", "name")
    with pytest.raises(InputError, match="broken cannot be read"):
        done(bring_into_scene(scene, client, examination, 2))


@with_models
def test_a_corrected_view_is_kept_here_and_where_the_clip_is_and_can_be_taken_back(scene, client, examination):
    correct(examination, 1, "PLAX")
    cine = done(bring_into_scene(scene, client, examination, 1))
    assert clips_of(examination)[1].view_from == ("PLAX", "set")
    assert (facts_of(cine)["view"], facts_of(cine)["view_from"]) == ("PLAX", "set")
    with pytest.raises(InputError, match="Taken for segmentation are"):
        check_view(cine, "auto")
    correct(examination, 1, "2CH")
    assert facts_of(cine)["view"] == "2CH"
    check_view(cine, "auto")
    correct(examination, 1, "")
    assert facts_of(cine).get("view", "") == clips_of(examination)[1].view_from[0]
    assert facts_of(cine).get("view_from") != "set"


@with_models
def test_what_is_loaded_is_listed_with_what_its_nodes_know(scene, client):
    builder = CineBuilder("Doe_A4C", frame_time_ms=25.0)
    for seed in range(12):
        builder.append(new_frame(drawn(seed), replaced_shape(), "Doe_A4C"))
    volume = builder.finish(scene)
    examination = done(examine_scene(scene, client))
    (only,) = clips_of(examination)
    assert (only.title, only.row["frames"], only.frame_rate) == ("A4C", 12, pytest.approx(40))
    assert only.pixel_size == pytest.approx(0.31)
    assert volume_of(examination, 0) is volume
    scene.RemoveNode(volume)
    with pytest.raises(InputError, match="removed from the scene"):
        done(bring_into_scene(scene, client, examination, 0))


def replaced_shape() -> Any:
    from dataclasses import replace

    return replace(GRIDS["calibrated"], shape=(112, 136))


def test_an_empty_scene_is_refused(scene):
    with pytest.raises(InputError, match="no frame or cine in the scene"):
        done(examine_scene(scene, None))


def test_a_saved_scene_brings_the_list_back(application, scene, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (2, 96, 128), dtype=np.uint8)
    node = add_examination(scene, "exam", Path("somewhere"), [ROW, ROW | {"file": "b.png"}], pictures)
    keep_view(node, 1, "PLAX")
    from drawn_nodes import new_volume

    volume = scene.AddNode(new_volume(GRIDS["picture"]))
    volume.SetName("a clip")
    keep_volume(node, 1, volume)
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    loaded = application.load_scene(tmp_path / "scene.mrb", tmp_path / "cache").GetFirstNodeByName("exam")
    assert is_examination(loaded)
    first, second = clips_of(loaded)
    assert (dict(first.row), second.view_from) == (ROW, ("PLAX", "set"))
    assert np.array_equal(second.thumbnail(), pictures[1])
    assert volume_of(loaded, 0) is None
    assert volume_of(loaded, 1).GetName() == "a clip"


def test_the_light_tells_trust_with_reasons_and_says_nothing_where_nobody_judged():
    assert (clip().light, clip().reasons) == ("", [])
    assert clip(trust=0.9, trust_reasons=[]).light == "green"
    doubted = clip(trust=0.2, trust_reasons=["it looks like a spectrum"])
    assert (doubted.light, doubted.reasons) == ("red", ["it looks like a spectrum"])
    named = clip(file="x_A2C.png", trust=0.9, trust_reasons=[])
    assert (named.light, named.view_from) == ("yellow", ("2CH", "name"))
    assert named.reasons == ["its name tells 2CH, and 4CH is seen (90 %)"]


def test_apical_clips_are_those_of_known_views_that_are_trusted_or_set():
    clips = [
        clip(0),
        clip(1, file="x_PLAX.png"),
        clip(2, trust=0.1, trust_reasons=["no heart"]),
        clip(3, trust=0.1, trust_reasons=["no heart"], set_view="2CH"),
        clip(4, view="unknown"),
        ExaminedClip(5, {"file": "broken.png", "name": "broken", "failure": "damaged"}, {}),
    ]
    assert [one.number for one in apical_clips(clips)] == [0, 3]


def test_the_best_of_a_view_are_named_frames_of_both_phases_else_the_cine_that_is_seen_best():
    weak, strong = {"2CH": 0.4, "4CH": 0.6}, {"2CH": 0.01, "4CH": 0.99}
    cines = [clip(number, frames=30, view_probabilities=seen) for number, seen in enumerate((weak, strong))]
    assert best_of_view(cines, "4CH") == [cines[1]]
    set_by_hand = clip(2, frames=30, view_probabilities=weak, set_view="4CH")
    assert best_of_view([*cines, set_by_hand], "4CH") == [set_by_hand]
    frames = [clip(3, file="4CH_ED.png"), clip(4, file="4CH_ES.png")]
    assert best_of_view([*cines, *frames], "4CH") == frames
    assert best_of_view([*cines, frames[0]], "4CH") == [cines[1]]
    assert best_of_view(cines, "2CH") == []


@with_models
@pytest.mark.slow
def test_apical_clips_are_segmented_and_the_study_is_measured(scene, client, tmp_path):
    inside = tmp_path / "exam"
    inside.mkdir()
    for place in ("4CH_ED", "4CH_ES", "2CH_ED", "2CH_ES"):
        shutil.copy(SAMPLE, inside / f"Doe_{place}.nii.gz")
    shutil.copy(SAMPLE, inside / "Doe_PLAX.nii.gz")
    shutil.copy(SAMPLE, inside / "Roe_4CH_ED.nii.gz")
    examination = done(examine_folder(scene, client, inside))
    measured = done(measure_examination(scene, client, examination, judge=False))
    assert list(measured.places) == ["4CH ED", "4CH ES", "2CH ED", "2CH ES"]
    assert measured.name == "Doe"
    assert volumes_in(scene) == 4
    reports: list[Any] = []
    job = segment_apical(scene, client, examination)
    found = finish(job, lambda report: (reports.append(report), time.sleep(0.002)))
    assert [volume.GetName() for volume in found.volumes][-1] == "Roe_4CH_ED"
    assert len(found.segmentations) == volumes_in(scene) == 5
    assert {report.total for report in reports} == {5}
    assert reports[-1].kept == "the label maps of 4 of 5 clips stay"
    assert not found.record["warnings"]


def test_where_no_clip_shows_a_view_that_is_known_it_is_said(scene):
    node = add_examination(scene, "exam", None, [ROW | {"set_view": "PLAX"}], np.zeros((1, 96, 128), np.uint8))
    with pytest.raises(InputError, match="No clip shows a view that can be segmented"):
        done(segment_apical(scene, None, node))
    with pytest.raises(InputError, match="No clip shows two or four chambers"):
        done(measure_examination(scene, None, node))
