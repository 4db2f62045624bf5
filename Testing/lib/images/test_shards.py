"""Shards: what is written is read again, by our own reader, by torch's loaders and as WebDataset reads."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.labeled_image import LabeledImage
from EchoSynthLib.images.datasets.layouts import Pair, Shards
from EchoSynthLib.images.datasets.shards import Sample, read_shard, shards_of, write_shards


def pair(number: int, name: str = "") -> Pair:
    rng = np.random.default_rng(number)
    image, label_map = rng.integers(0, 256, (12, 9), np.uint8), rng.integers(0, 4, (12, 9), np.uint8)
    case = LabeledImage(name or f"heart_{number:03d}", image, label_map, (0.5, 0.25), None, {"synthetic": True})
    return case, {"synthetic": True, "seed": number, "spacing_mm": [0.5, 0.25], "quality": None, "note": "größer"}


def written(folder: Path, count: int, pairs_per_shard: int = 3) -> Path:
    folder.mkdir()
    write_shards((Sample.of_pair(*pair(number)) for number in range(count)), folder, pairs_per_shard)
    return folder


@pytest.mark.parametrize(("count", "shards"), [(1, [1]), (3, [3]), (4, [3, 1]), (9, [3, 3, 3])])
def test_each_shard_holds_the_number_asked_for_and_the_last_the_rest(
    tmp_path: Path, count: int, shards: list[int]
) -> None:
    files = shards_of(written(tmp_path / "s", count))
    assert [path.name for path in files] == [f"shard-{index:06d}.tar" for index in range(len(shards))]
    assert [len(list(read_shard(path))) for path in files] == shards


def test_a_pair_comes_back_bit_for_bit(tmp_path: Path) -> None:
    samples = [sample for path in shards_of(written(tmp_path / "s", 5)) for sample in read_shard(path)]
    for number, sample in enumerate(samples):
        case, record = sample.pair()
        given_case, given_record = pair(number)
        np.testing.assert_array_equal(case.image, given_case.image)
        np.testing.assert_array_equal(case.label_map, given_case.label_map)
        assert (case.name, case.spacing, record) == (given_case.name, given_case.spacing, given_record)


def test_equal_pairs_make_equal_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = written(tmp_path / "one", 4)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    monkeypatch.setattr("time.time", lambda: 0.0)
    other = written(tmp_path / "other", 4)
    assert [path.read_bytes() for path in shards_of(one)] == [path.read_bytes() for path in shards_of(other)]
    with tarfile.open(shards_of(one)[0]) as tar:
        assert {(info.mtime, info.uid, info.gid, info.uname, info.gname) for info in tar} == {(0, 0, 0, "", "")}


def test_the_members_of_a_pair_follow_one_another_under_one_key(tmp_path: Path) -> None:
    """As WebDataset groups them: all that shares what comes before the first dot."""
    with tarfile.open(shards_of(written(tmp_path / "s", 2))[0]) as tar:
        assert tar.getnames() == [
            f"heart_00{number}.{member}" for number in (0, 1) for member in ("image.png", "label.png", "json")
        ]
        picture = Image.open(io.BytesIO(tar.extractfile("heart_000.image.png").read()))  # type: ignore[union-attr]
        assert picture.text == {"EchoSynth.synthetic": "True"}  # type: ignore[attr-defined]
        assert json.loads(tar.extractfile("heart_000.json").read())["seed"] == 0  # type: ignore[union-attr]


def test_webdataset_reads_them(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="the library webdataset is not installed")
    folder = written(tmp_path / "s", 7)
    urls = [str(path) for path in shards_of(folder)]
    read = list(webdataset.WebDataset(urls, shardshuffle=False).decode("l8"))
    assert [sample["__key__"] for sample in read] == [f"heart_{number:03d}" for number in range(7)]
    np.testing.assert_array_equal(read[5]["image.png"], pair(5)[0].image)
    np.testing.assert_array_equal(read[5]["label.png"], pair(5)[0].label_map)
    assert read[5]["json"]["seed"] == 5


def test_a_case_without_record_says_what_its_image_says() -> None:
    case, _ = pair(1)
    _, record = Sample.of_pair(case, None).pair()
    assert record == {"synthetic": True, "spacing_mm": [0.5, 0.25]}


def test_what_no_shard_holds_is_refused(tmp_path: Path) -> None:
    case, record = pair(1)
    bare = LabeledImage("bare", case.image, None)
    with pytest.raises(InputError, match="bare has no label map"):
        Sample.of_pair(bare, record)
    with pytest.raises(InputError, match="record of heart_001"):
        Sample.of_pair(case, {"strange": object()})
    with pytest.raises(InputError, match="no shard in"):
        shards_of(tmp_path)


def test_damaged_shards_are_named(tmp_path: Path) -> None:
    path = shards_of(written(tmp_path / "s", 3))[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:1100])
    with pytest.raises(InputError, match=r"shard-000000\.tar cannot be read"):
        list(read_shard(path))
    path.write_bytes(b"no tar at all" * 100)
    with pytest.raises(InputError, match=r"shard-000000\.tar cannot be read"):
        list(read_shard(path))
    sample = Sample.of_pair(*pair(1))
    with pytest.raises(InputError, match=r"has no member 'label\.png'"):
        Sample("heart", {name: sample.members[name] for name in ("image.png", "json")}).pair()
    with pytest.raises(InputError, match="pair heart of a shard is damaged"):
        Sample("heart", {**sample.members, "image.png": b"no picture"}).pair()


def test_two_pairs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Two pairs would be called heart"):
        Shards("Hearts").write([pair(1, "heart"), pair(2, "heart")], tmp_path)


def test_pairs_are_written_as_they_come(tmp_path: Path) -> None:
    """The first shards are on disk before the last pair is made: memory does not grow with their number."""

    def pairs() -> Iterator[Pair]:
        for number in range(10):
            assert len(list(tmp_path.glob("shards/*.tar"))) == -(-number // 2)
            yield pair(number)

    assert Shards("Hearts", pairs_per_shard=2).write(pairs(), tmp_path) == {"shards": "shards"}


def loaded(folder: Path, workers: int, **options: Any) -> list[tuple[Any, Any]]:
    torch = pytest.importorskip("torch")
    from EchoSynthLib.training.shard_data import ShardDataset

    loader = torch.utils.data.DataLoader(
        ShardDataset(folder, **options),
        batch_size=None,
        num_workers=workers,
        generator=torch.Generator().manual_seed(4),
    )
    return list(loader)


@pytest.mark.parametrize(
    ("workers", "pairs_per_shard"),
    [(0, 3), pytest.param(2, 3, marks=pytest.mark.slow), pytest.param(2, 20, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("shuffle", [0, 4])
def test_torch_gets_each_pair_once_however_many_workers_read(
    tmp_path: Path, workers: int, pairs_per_shard: int, shuffle: int
) -> None:
    found = loaded(written(tmp_path / "s", 10, pairs_per_shard), workers, shuffle=shuffle)
    expected = {pair(number)[0].image.tobytes() for number in range(10)}
    assert len(found) == 10
    assert {image.numpy().tobytes() for image, _ in found} == expected
    assert {tuple(image.shape) for image, _ in found} == {(1, 12, 9)}


def test_the_order_is_that_of_the_shards_or_a_seeds(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = written(tmp_path / "s", 10)

    def order(seed: int, shuffle: int) -> list[int]:
        torch.manual_seed(seed)
        return [record["seed"] for _, record in loaded(folder, 0, shuffle=shuffle, transform=lambda pair: pair)]

    assert order(0, 0) == list(range(10))
    assert order(0, 4) == order(0, 4)
    assert order(0, 4) != order(1, 4)
    assert sorted(order(0, 4)) == list(range(10))


@given(st.lists(st.integers()), st.integers(1, 7), st.integers(0, 99))
def test_shuffling_loses_and_doubles_nothing(things: list[int], size: int, seed: int) -> None:
    pytest.importorskip("torch")
    from EchoSynthLib.training.shard_data import shuffled

    assert sorted(shuffled(things, size, np.random.default_rng(seed))) == sorted(things)
