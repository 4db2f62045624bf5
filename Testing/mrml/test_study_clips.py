"""Which nodes of a scene are a patient's frames and cines, and what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_nodes import GRIDS, new_volume

from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.provenance import link_to_label_map, stamp, stamp_frame
from EchoSynthMRML.study_clips import clips_in
from EchoSynthMRML.study_folder import tell
from EchoSynthMRML.volumes import add_to_scene

GRID = GRIDS["calibrated"]


def ventricle(rows):
    codes = np.zeros(GRID.shape, np.uint8)
    codes[:rows, :10] = 1
    return codes


@pytest.fixture
def image(scene):
    volume = new_volume(GRID)
    volume.SetName("p1_4CH_ED")
    return add_to_scene(scene, volume)


@pytest.fixture
def drawn(scene, image):
    node = add_to_scene(scene, new_segmentation(ventricle(5), GRID, "p1_4CH_ED segmentation"))
    link_to_volume(node, image)
    return node


@pytest.fixture
def cine(scene):
    builder = CineBuilder("p1_2CH")
    for _ in range(3):
        builder.append(new_volume(GRID))
    return builder.finish(scene)


def test_an_image_and_its_label_map_are_one_clip(scene, image, drawn):
    stamp(drawn, {"view": "4CH", "view_source": "model"})
    (clip,) = clips_in(scene)
    assert (clip.image, clip.label_map, clip.node) == (image, drawn, drawn)
    told = clip.told()
    assert (told.name, told.patient, told.seen, told.view) == ("p1_4CH_ED", "p1", "4CH", "")
    assert told.areas == pytest.approx([50 * 0.31**2])
    assert told.scale == "mm2"


def test_the_last_label_map_of_an_image_counts(scene, image, drawn):
    newer = add_to_scene(scene, new_segmentation(ventricle(8), GRID, "redrawn"))
    link_to_volume(newer, image)
    assert [clip.label_map for clip in clips_in(scene)] == [newer]


def test_a_label_map_alone_tells_by_its_own_name(scene):
    node = add_to_scene(scene, new_segmentation(ventricle(5), GRID, "p2_2CH_ES_gt"))
    (clip,) = clips_in(scene)
    assert clip.node is node
    assert clip.told().view_from == ("2CH", "name")
    assert clip.told().phase_from == ("ES", "name")


def test_a_label_map_named_after_its_image_belongs_to_it_though_nothing_links_them(scene, image):
    node = add_to_scene(scene, new_segmentation(ventricle(5), GRID, "p1_4CH_ED_gt"))
    (clip,) = clips_in(scene)
    assert (clip.image, clip.label_map) == (image, node)


def test_what_was_synthesized_takes_no_part(scene, image, drawn):
    made = add_to_scene(scene, new_volume(GRID))
    link_to_label_map(made, drawn)
    varied = add_to_scene(scene, new_segmentation(ventricle(5), GRID, "varied"))
    stamp(varied, {"task": "variations"})
    assert [clip.image for clip in clips_in(scene)] == [image]


def test_what_was_set_on_an_item_is_told_as_set(scene, image):
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    tree.CreateItem(tree.GetSceneItemID(), image)
    tell(image, view="2CH", view_from="set", phase="ES", phase_from="set")
    told = clips_in(scene)[0].told()
    assert told.view_from == ("2CH", "set")
    assert told.phase_from == ("ES", "set")


@pytest.mark.slow
def test_of_a_cine_a_label_map_of_one_frame_is_not_its_own(scene, cine):
    single = add_to_scene(scene, new_segmentation(ventricle(5), GRID, "p1_2CH frame 1 segmentation"))
    link_to_volume(single, cine)
    stamp_frame(single, 1)
    (clip,) = clips_in(scene)
    assert (clip.image, clip.label_map) == (cine, None)
    assert clip.told().frames == 3
    whole = CineBuilder("p1_2CH segmentation", cine_of(cine))
    for rows in (8, 6, 4):
        whole.append(new_segmentation(ventricle(rows), GRID, "frame"))
    node = whole.finish(scene, cine_of(cine).browser)
    link_to_volume(node, cine)
    (clip,) = clips_in(scene)
    assert clip.label_map is node
    assert clip.told().areas == ()
    assert clip.told(areas=True).areas == pytest.approx([10 * rows * 0.31**2 for rows in (8, 6, 4)])
