"""Images, label maps and records are written whole or not at all, in their source's place, and say what they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import av
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images import (
    EchoCine,
    EchoFrame,
    Geometry,
    read_image,
    read_label_map,
    write_image,
    write_label_map,
    write_map,
    write_record,
)

LOSSLESS = [".nii", ".nii.gz", ".mha", ".nrrd", ".png", ".npy"]
SYNTHETIC = {"synthetic": True, "model": "beam-flow", "seed": 3}
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=20)


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (60, 80)).astype(np.uint8)


@pytest.fixture
def tilted():
    """The geometry of a slice that is turned by 90 degrees and lies away from the origin."""
    return Geometry((0.3, 0.2, 1.5), (10.0, -20.0, 30.0), (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))


@pytest.mark.parametrize("suffix", LOSSLESS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(image=hnp.arrays(np.uint8, SHAPES))
def test_an_image_comes_back_as_it_was_written(tmp_path, suffix, image):
    write_image(tmp_path / f"a{suffix}", image)
    assert np.array_equal(read_image(tmp_path / f"a{suffix}").pixels, image)


@pytest.mark.parametrize("suffix", LOSSLESS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=hnp.arrays(np.uint8, SHAPES, elements=st.integers(0, 3)))
def test_a_label_map_comes_back_as_it_was_written(tmp_path, suffix, labels):
    write_label_map(tmp_path / f"a{suffix}", labels)
    assert np.array_equal(read_label_map(tmp_path / f"a{suffix}")[0], labels)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha", ".nrrd"])
def test_a_result_lies_where_its_source_lies(tmp_path, noise, tilted, suffix):
    source = EchoFrame(noise, (0.2, 0.3), True, "source", tilted)
    write_label_map(tmp_path / f"a{suffix}", noise % 4, like=source)
    found = read_label_map(tmp_path / f"a{suffix}")[1].geometry
    assert found.spacing == pytest.approx(tilted.spacing)
    assert found.origin == pytest.approx(tilted.origin)
    assert found.direction == pytest.approx(tilted.direction)


@pytest.mark.parametrize("spacing", [(0.2, 0.3, 1.5), (0.3, 0.2, 1.0, 0.04)])
def test_a_cine_comes_back_with_its_frames_and_place(tmp_path, noise, spacing):
    size = len(spacing)
    geometry = Geometry(spacing, (1.0,) * size, tuple(np.eye(size).ravel().tolist()))
    cine = EchoCine(np.stack([noise, noise // 2]), geometry=geometry)
    write_image(tmp_path / "a.nii.gz", cine.pixels, like=cine)
    found = read_image(tmp_path / "a.nii.gz")
    assert np.array_equal(found.pixels, cine.pixels)
    assert found.geometry.spacing == pytest.approx(spacing)


def test_a_cine_of_results_from_one_frame_is_stacked_from_its_place(tmp_path, noise, tilted):
    write_image(tmp_path / "a.nrrd", np.stack([noise] * 3), like=EchoFrame(noise, geometry=tilted))
    assert read_image(tmp_path / "a.nrrd").geometry.origin == pytest.approx(tilted.origin)


def test_the_frame_of_a_cine_without_geometry_keeps_its_spacing(tmp_path, noise):
    cine = EchoCine(np.stack([noise, noise]), (0.2, 0.3), True)
    write_label_map(tmp_path / "a.nii.gz", noise % 4, like=cine)
    assert read_label_map(tmp_path / "a.nii.gz")[1].spacing == pytest.approx((0.2, 0.3))


def test_spacing_is_row_and_column(tmp_path, noise):
    write_image(tmp_path / "a.nii.gz", noise, spacing=(0.2, 0.3))
    assert SimpleITK.ReadImage(str(tmp_path / "a.nii.gz")).GetSpacing() == pytest.approx((0.3, 0.2))


def test_a_result_of_another_size_does_not_take_its_sources_place(tmp_path, noise, tilted):
    with pytest.raises(InputError, match=r"\(30, 40\).*\(60, 80\)"):
        write_image(tmp_path / "a.nii.gz", noise[::2, ::2], like=EchoFrame(noise, geometry=tilted))
    assert not list(tmp_path.iterdir())


def test_a_float_image_is_written_as_8_bit(tmp_path, noise):
    write_image(tmp_path / "a.png", noise / 255)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), noise)


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd", ".npy"])
def test_a_confidence_map_keeps_its_numbers(tmp_path, suffix):
    confidence = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    write_map(tmp_path / f"a{suffix}", confidence)
    path = tmp_path / f"a{suffix}"
    found = np.load(path) if suffix == ".npy" else SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    assert np.array_equal(found, confidence)


def test_a_synthetic_png_says_so(tmp_path, noise):
    write_image(tmp_path / "a.png", noise, attributes=SYNTHETIC)
    assert Image.open(tmp_path / "a.png").text["EchoSynth.synthetic"] == "True"


@pytest.mark.parametrize("suffix", [".mha", ".nrrd"])
def test_a_synthetic_mha_and_nrrd_say_so(tmp_path, noise, suffix):
    write_image(tmp_path / f"a{suffix}", noise, attributes=SYNTHETIC)
    image = SimpleITK.ReadImage(str(tmp_path / f"a{suffix}"))
    assert {key: image.GetMetaData(f"EchoSynth.{key}") for key in SYNTHETIC} == {
        k: str(v) for k, v in SYNTHETIC.items()
    }


def test_a_synthetic_nifti_says_so_first_and_as_much_as_fits(tmp_path, noise):
    attributes = {"model_sha256": "0" * 64, **SYNTHETIC}
    write_image(tmp_path / "a.nii.gz", noise, attributes=attributes)
    description = SimpleITK.ReadImage(str(tmp_path / "a.nii.gz")).GetMetaData("descrip")
    assert description == "synthetic=True; model=beam-flow; seed=3"


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_a_synthetic_video_says_so_and_keeps_time(tmp_path, suffix):
    smooth = np.repeat(np.linspace(20, 230, 65).astype(np.uint8)[:, np.newaxis], 71, axis=1)
    cine = EchoCine(np.stack([smooth, smooth[::-1], smooth]), frame_time_ms=25.0)
    write_image(tmp_path / f"a{suffix}", cine.pixels, like=cine, attributes=SYNTHETIC)
    found = read_image(tmp_path / f"a{suffix}")
    assert found.frame_time_ms == pytest.approx(25)
    assert np.abs(found.pixels[:, :65, :71].astype(int) - cine.pixels).mean() < 2
    with av.open(str(tmp_path / f"a{suffix}")) as container:
        assert json.loads(container.metadata["comment"])["EchoSynth.synthetic"] == "True"


@pytest.mark.parametrize("suffix", [".jpg", ".mp4", ".avi", ".txt", ""])
def test_a_label_map_is_never_written_where_its_codes_would_change(tmp_path, noise, suffix):
    with pytest.raises(InputError, match="choose a name that ends in"):
        write_label_map(tmp_path / f"a{suffix}", noise % 4)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [np.full((8, 8), 0.5), np.full((8, 8), 256), np.full((8, 8), -1), np.zeros((0, 8))])
def test_what_is_no_label_map_is_not_written(tmp_path, wrong):
    with pytest.raises(InputError, match="label map"):
        write_label_map(tmp_path / "a.png", wrong)
    assert not list(tmp_path.iterdir())


def test_png_holds_no_cine(tmp_path, noise):
    with pytest.raises(InputError, match="PNG holds one frame"):
        write_image(tmp_path / "a.png", np.stack([noise, noise]))
    assert not list(tmp_path.iterdir())


def test_a_record_is_valid_json_whatever_numpy_put_in_it(tmp_path):
    record = {
        "seed": np.int64(3),
        "dice": np.array([0.5, np.nan]),
        "path": Path("a"),
        "codes": (1, 2),
        "synthetic": np.True_,
    }
    write_record(tmp_path / "a.json", record)
    found = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)
    assert found == {"seed": 3, "dice": [0.5, None], "path": "a", "codes": [1, 2], "synthetic": True}


def test_a_record_of_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot hold"):
        write_record(tmp_path / "a.json", {"what": object()})
    assert not list(tmp_path.iterdir())


@pytest.fixture(params=[*LOSSLESS, ".avi", ".mp4", ".json"])
def writing(request, noise):
    """A function that writes something of each format to a folder."""

    def write(folder):
        if request.param == ".json":
            return write_record(folder / "a.json", {"noise": noise.tolist()})
        return write_image(folder / f"a{request.param}", noise, attributes=SYNTHETIC)

    return write


def test_nothing_temporary_stays_behind(tmp_path, writing):
    path = writing(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there_and_nothing_else(tmp_path, writing):
    resource = pytest.importorskip("resource", reason="the size of a file can be limited on Unix alone")
    path = writing(tmp_path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OutputError, match=path.name) as caught:
            writing(tmp_path)
        assert ".echosynth-" not in str(caught.value)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_rename_that_fails_leaves_nothing(tmp_path, writing, monkeypatch):
    def refuse(source, target):
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        writing(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_missing_or_a_file_is_an_output_error(tmp_path, writing):
    with pytest.raises(OutputError, match="does not exist"):
        writing(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file, not a folder"):
        writing(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_of_the_same_name_is_an_output_error(tmp_path, noise):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match="folder of that name"):
        write_image(tmp_path / "a.png", noise)
