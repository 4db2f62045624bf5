"""Results lie where their image lies, whatever the format of either."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from EchoSynthLib.images import read_image, write_label_map
from EchoSynthLib.images.readers.itk import load_itk

TURNED = np.reshape(SimpleITK.Euler3DTransform((0, 0, 0), 0.3, 0.2, 0.5).GetMatrix(), (3, 3))
DIRECTIONS = {
    "straight": np.eye(3),
    "both axes backwards": np.diag([-1.0, -1.0, 1.0]),
    "bottom up": np.diag([1.0, -1.0, 1.0]),
    "oblique": TURNED,
    "oblique and left-handed": TURNED @ np.diag([1.0, -1.0, 1.0]),
    "standing": np.eye(3)[[0, 2, 1]],
}


def written(path, shape, direction, spacing=(0.3, 0.2, 1.5, 0.04)):
    """An image of so many (slices, rows, columns), or with frames before them."""
    echo = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    image = SimpleITK.GetImageFromArray(echo, isVector=False)
    size = image.GetDimension()
    matrix = np.eye(size)
    matrix[: min(size, 3), : min(size, 3)] = direction[: min(size, 3), : min(size, 3)]
    image.SetSpacing(spacing[:size])
    image.SetOrigin((10, -20, 30, 0)[:size])
    image.SetDirection(matrix.ravel().tolist())
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("result", [".nii", ".nii.gz", ".mha", ".nrrd"])
@pytest.mark.parametrize("source", [".nii.gz", ".mha", ".nrrd"])
@pytest.mark.parametrize("shape", [(1, 20, 30), (3, 20, 30), (3, 1, 20, 30)])
@pytest.mark.parametrize("way", DIRECTIONS)
def test_a_result_has_the_spacing_origin_and_direction_of_its_image(tmp_path, way, shape, source, result):
    path = written(tmp_path / f"image{source}", shape, DIRECTIONS[way])
    image = read_image(path)
    out = write_label_map(tmp_path / f"result{result}", np.ones_like(image.pixels), like=image)
    found, told = SimpleITK.ReadImage(str(out)), SimpleITK.ReadImage(str(path))
    assert found.GetSize() == told.GetSize()
    assert found.GetSpacing() == pytest.approx(told.GetSpacing())
    assert found.GetOrigin() == pytest.approx(told.GetOrigin(), abs=1e-4)
    assert found.GetDirection() == pytest.approx(told.GetDirection(), abs=1e-5)
    again = load_itk(out).geometry
    assert again.spacing == pytest.approx(image.geometry.spacing)
    assert again.direction == pytest.approx(image.geometry.direction, abs=1e-5)


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
@pytest.mark.parametrize("way", ["straight", "both axes backwards", "bottom up"])
def test_a_flat_image_has_flat_results(tmp_path, way, suffix):
    path = written(tmp_path / f"image{suffix}", (20, 30), DIRECTIONS[way])
    image = read_image(path)
    out = write_label_map(tmp_path / f"result{suffix}", np.ones_like(image.pixels), like=image)
    found, told = SimpleITK.ReadImage(str(out)), SimpleITK.ReadImage(str(path))
    assert found.GetDimension() == told.GetDimension() == 2
    assert found.GetOrigin() == pytest.approx(told.GetOrigin())
    assert found.GetDirection() == pytest.approx(told.GetDirection())


def test_the_header_of_a_nifti_result_tells_its_place_twice_and_alike(tmp_path):
    path = written(tmp_path / "image.nii.gz", (1, 20, 30), TURNED)
    image = read_image(path)
    told = SimpleITK.ReadImage(str(write_label_map(tmp_path / "a.nii", np.ones_like(image.pixels), like=image)))
    assert int(told.GetMetaData("qform_code")) > 0
    assert int(told.GetMetaData("sform_code")) > 0
