from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_camus import SIDE, drawn_hearts, write_drawn_camus

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, ScanConversion
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap
from EchoSynthLib.errors import InputError
from EchoSynthLib.training.beam_data import BeamData, load_beam_data


@pytest.fixture(scope="module")
def hearts() -> list[HeartMap]:
    return drawn_hearts()


@pytest.fixture(scope="module")
def camus(tmp_path_factory: pytest.TempPathFactory, hearts: list[HeartMap]) -> Path:
    return write_drawn_camus(tmp_path_factory.mktemp("camus"), hearts)


@pytest.fixture(scope="module")
def cache(camus: Path) -> Path:
    return camus.parent / "cache" / "beam_data.npz"


@pytest.fixture(scope="module")
def frames(camus: Path, cache: Path) -> BeamData:
    return load_beam_data(camus, cache)


def test_every_frame_comes_on_its_grid_and_in_beam_space(frames: BeamData) -> None:
    assert frames.image.shape == frames.label.shape == (3, SIDE, SIDE)
    assert frames.beam_image.shape == frames.beam_label.shape == (3, *BEAM_SHAPE)
    assert {frames.image.dtype, frames.label.dtype, frames.beam_image.dtype, frames.beam_label.dtype} == {
        np.dtype(np.uint8)
    }
    assert set(np.unique(frames.beam_label)) == {0, 1, 2, 3}


def test_the_sector_is_the_one_that_the_heart_was_drawn_in(frames: BeamData, hearts: list[HeartMap]) -> None:
    assert frames.sectors.shape == (3, 7)
    for i, heart in enumerate(hearts):
        found, true = frames.sector(i), heart.sector
        assert math.degrees(abs(found.opening_angle - true.opening_angle)) < 3
        assert abs(found.apex_column - true.apex_column) < 3
        assert found.radius_far == pytest.approx(true.radius_far, rel=0.04)


def test_the_label_map_comes_back_from_beam_space(frames: BeamData) -> None:
    for i in range(3):
        back = ScanConversion(frames.sector(i), (SIDE, SIDE))(frames.beam_label[i], order=0)
        for code in (1, 2, 3):
            one, other = back == code, frames.label[i] == code
            assert 2 * (one & other).sum() / (one.sum() + other.sum()) > 0.95


def test_image_and_label_stay_together_in_beam_space(frames: BeamData) -> None:
    for image, label in zip(frames.beam_image, frames.beam_label, strict=True):
        assert image[label == 2].mean() > 2.5 * image[label == 1].mean()


def test_views_and_qualities_have_their_codes(frames: BeamData) -> None:
    assert frames.view.tolist() == [0, 1, 1]
    assert frames.quality.tolist() == [0, 2, -1]


def test_depth_is_the_length_of_the_beams_where_the_spacing_is_known(frames: BeamData, hearts: list[HeartMap]) -> None:
    for i in (0, 1):
        assert frames.depth[i] == pytest.approx(hearts[i].sector.radius_far * hearts[i].spacing[0], rel=0.04)
    assert math.isnan(frames.depth[2])


def test_a_split_holds_its_own_frames(frames: BeamData) -> None:
    train = frames.part("train")
    assert train.name.tolist() == frames.name[:2].tolist()
    assert len(train.beam_image) == len(train.sectors) == 2
    assert train.sector(1) == frames.sector(1)


def test_an_unknown_split_is_named_with_the_known_ones(frames: BeamData) -> None:
    with pytest.raises(InputError, match=r"'holdout'.*train.*val"):
        frames.part("holdout")


def test_the_cache_is_made_once_and_read_after(
    frames: BeamData, camus: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: object) -> None:
        raise AssertionError("the cache was not used")

    made = cache.stat().st_mtime_ns
    monkeypatch.setattr("EchoSynthLib.training.beam_data._make", never)
    again = load_beam_data(camus, cache)
    assert cache.stat().st_mtime_ns == made
    for name in BeamData.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(frames, name))
    assert [path.name for path in cache.parent.iterdir()] == [cache.name]


def copied(camus: Path, folder: Path) -> Path:
    for name in ("camus_224.npz", "index.csv"):
        (folder / name).write_bytes((camus.parent / name).read_bytes())
    return folder / "camus_224.npz"


def rewritten(data: Path, **changes: np.ndarray) -> None:
    """The data with other arrays in a file of the same size and time."""
    before = data.stat()
    with np.load(data) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(data, **(arrays | changes))
    os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (data.stat().st_size, data.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_other_data_of_the_same_size_and_time_are_seen(camus: Path, frames: BeamData, tmp_path: Path) -> None:
    data, cache = copied(camus, tmp_path), tmp_path / "cache.npz"
    np.testing.assert_array_equal(load_beam_data(data, cache).image, frames.image)
    rewritten(data, image=frames.image[::-1].copy())
    np.testing.assert_array_equal(load_beam_data(data, cache).image, frames.image[::-1])


def test_another_index_is_seen(camus: Path, tmp_path: Path) -> None:
    data, cache = copied(camus, tmp_path), tmp_path / "cache.npz"
    assert load_beam_data(data, cache).split.tolist() == ["train", "train", "val"]
    index = data.with_name("index.csv")
    index.write_text(index.read_text().replace(",ED,train,", ",ED,val  ,", 1).replace("val  ", "other"))
    assert load_beam_data(data, cache).split.tolist() == ["other", "train", "val"]


def test_a_cache_of_an_earlier_version_or_a_damaged_one_is_made_anew(
    camus: Path, frames: BeamData, tmp_path: Path
) -> None:
    data, cache = copied(camus, tmp_path), tmp_path / "cache.npz"
    old = f"{data.stat().st_size} bytes, beam space {BEAM_SHAPE}"
    stale = {name: getattr(frames, name)[::-1] for name in BeamData.__dataclass_fields__}
    np.savez(cache, origin=np.array(old), **stale)
    np.testing.assert_array_equal(load_beam_data(data, cache).image, frames.image)
    cache.write_bytes(cache.read_bytes()[:1000])
    np.testing.assert_array_equal(load_beam_data(data, cache).image, frames.image)


def test_a_frame_that_shows_no_sector_gets_a_typical_one_that_holds_its_labels(tmp_path: Path, camus: Path) -> None:
    with np.load(camus) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["image"] = np.zeros_like(arrays["image"])
    np.savez(tmp_path / "camus_224.npz", **arrays)
    (tmp_path / "index.csv").write_bytes(camus.with_name("index.csv").read_bytes())
    found = load_beam_data(tmp_path / "camus_224.npz", tmp_path / "cache.npz")
    for i in range(3):
        assert found.sector(i).mask((SIDE, SIDE))[found.label[i] > 0].mean() > 0.97


def test_missing_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        load_beam_data(tmp_path / "nowhere.npz", tmp_path / "cache.npz")
    assert not (tmp_path / "cache.npz").exists()


def test_the_summary_counts_what_a_model_was_trained_on(frames: BeamData) -> None:
    assert frames.part("train").summary() == "own data, split train: 2 patients, 2 frames"


def test_the_summary_does_not_take_synthetic_images_for_real_ones(frames: BeamData) -> None:
    train = frames.part("train")
    drawn = [replace(train, name=np.array([f"{name}_synthetic{i}" for name in train.name])) for i in range(3)]
    images = ", 6 synthetic images of the label maps of 2 frames"
    assert joined(*drawn).summary() == f"split train: 2 patients, no real image{images}"
    assert joined(train, *drawn).summary() == f"own data, split train: 2 patients, 2 frames{images}"


def joined(*parts: BeamData) -> BeamData:
    names = BeamData.__dataclass_fields__
    return BeamData(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
