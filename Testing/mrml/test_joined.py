"""Volumes that Slicer joined of several files: what their names tell of it."""

from __future__ import annotations

from typing import Any

import pytest

from EchoSynthMRML.joined import differing, doubt_about_joined, joined_files


def stored(scene: Any, volume: Any, *files: str) -> Any:
    """The volume with the storage node that Slicer gives one of these files."""
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(f"/folder/{files[0]}")
    for name in files if len(files) > 1 else ():
        storage.AddFileName(f"/folder/{name}")
    volume.SetAndObserveStorageNodeID(storage.GetID())
    return volume


def test_a_volume_of_one_file_or_of_none_is_not_joined(scene, frame_volume):
    assert joined_files(None) == joined_files(frame_volume) == []
    assert joined_files(stored(scene, frame_volume, "p1_4CH_ED.nii.gz")) == []
    assert doubt_about_joined(frame_volume) == ""


def test_joined_views_are_told_as_no_cine(scene, frame_volume):
    stored(scene, frame_volume, "p1_2CH_ED.nii.gz", "p1_4CH_ED.nii.gz")
    text = doubt_about_joined(frame_volume)
    assert "joined 2 files" in text
    assert "p1_2CH_ED.nii.gz, p1_4CH_ED.nii.gz" in text
    assert "differ in view (2CH, 4CH), so they are no cine" in text


def test_numbered_files_may_be_the_frames_of_a_cine(scene, frame_volume):
    stored(scene, frame_volume, *(f"p1_4CH_{number:03d}.png" for number in range(20)))
    text = doubt_about_joined(frame_volume)
    assert "joined 20 files" in text
    assert "p1_4CH_003" not in text
    assert "Unless they are the frames of one cine" in text


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["p1_4CH_ED.nii.gz", "p1_4CH_ES.nii.gz"], "phase (ED, ES)"),
        (["p1_2CH_ED.nii", "p1_4CH_ES.nii"], "view (2CH, 4CH) and phase (ED, ES)"),
        (["p1_4CH_ED.nii", "p2_4CH_ED.nii"], "patient (p1, p2)"),
        (["clip_4CH_001.png", "clip_4CH_002.png"], ""),
        (["one.png", "two_4CH.png"], ""),
    ],
)
def test_names_differ_in_what_is_one_in_a_cine(files, found):
    assert differing(files) == found
