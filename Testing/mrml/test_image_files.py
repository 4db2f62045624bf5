"""Files for the tasks: what is written is read back by the core pixel for pixel, in its place."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK
from drawn_nodes import GRIDS, new_volume

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images import read_image, read_label_map
from EchoSynthLib.images.gray import to_gray8
from EchoSynthMRML.files import write_frame, write_label_map
from EchoSynthMRML.volumes import frame_array


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd"])
@pytest.mark.parametrize("name", GRIDS)
def test_a_frame_is_read_back_with_pixels_and_spacing(tmp_path, name, ending):
    volume = new_volume(GRIDS[name])
    write_frame(volume, tmp_path / f"image{ending}")
    found = read_image(tmp_path / f"image{ending}")
    assert np.array_equal(found.pixels, frame_array(volume))
    if found.spacing_trusted:
        assert found.spacing == pytest.approx(GRIDS[name].spacing, abs=1e-5)
    assert found.spacing_trusted == (name != "picture")


@pytest.mark.parametrize("name", GRIDS)
def test_a_file_lies_where_the_volume_lies(tmp_path, name):
    write_frame(new_volume(GRIDS[name]), tmp_path / "image.nii.gz")
    image = SimpleITK.ReadImage(str(tmp_path / "image.nii.gz"))
    left_posterior = np.array(image.TransformIndexToPhysicalPoint((7, 5, 0)))
    right_anterior = (np.reshape(GRIDS[name].ijk_to_ras, (4, 4)) @ (7, 5, 0, 1))[:3]
    assert np.allclose(left_posterior * (-1, -1, 1), right_anterior, atol=1e-4)


@pytest.mark.parametrize("ending", [".nii", ".nrrd"])
def test_a_color_frame_is_read_back_as_the_gray_that_the_core_makes_of_it(tmp_path, ending):
    volume = new_volume(GRIDS["calibrated"], components=3)
    write_frame(volume, tmp_path / f"image{ending}")
    assert np.array_equal(read_image(tmp_path / f"image{ending}").pixels, to_gray8(frame_array(volume)))


def test_a_label_map_is_read_back_code_for_code(tmp_path, codes):
    write_label_map(codes, GRIDS["oblique"], tmp_path / "map.nii.gz")
    found, source = read_label_map(tmp_path / "map.nii.gz")
    assert np.array_equal(found, codes)
    assert source.spacing == pytest.approx(GRIDS["oblique"].spacing, abs=1e-5)


def test_writing_a_file_changes_neither_scene_nor_node(tmp_path, scene, frame_volume):
    nodes, storage = scene.GetNumberOfNodes(), frame_volume.GetStorageNode()
    write_frame(frame_volume, tmp_path / "image.nii.gz")
    assert scene.GetNumberOfNodes() == nodes
    assert frame_volume.GetStorageNode() is storage


def test_a_place_where_nothing_can_be_written_is_an_error_for_the_user(tmp_path, frame_volume):
    with pytest.raises(OutputError, match=r"cannot be written .No such file or directory.. Choose another folder"):
        write_frame(frame_volume, tmp_path / "missing" / "image.nii.gz")
    with pytest.raises(OutputError, match=r"image.xyz has an ending that is not written; known are .nii, .nii.gz"):
        write_frame(frame_volume, tmp_path / "image.xyz")


def test_a_full_disk_is_an_error_for_the_user(tmp_path, frame_volume, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=100))
    with pytest.raises(OutputError, match=r"There is no room for .*0 MB are free"):
        write_frame(frame_volume, tmp_path / "image.nii.gz")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_frame_is_not_written(tmp_path, segmentation):
    with pytest.raises(InputError, match="'heart' is no image"):
        write_frame(segmentation, tmp_path / "image.nii.gz")
