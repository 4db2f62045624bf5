"""What every record says of how a result was made."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import EchoSynthLib
from EchoSynthLib.records import new_record, stamp_of, with_warnings


@dataclass(frozen=True)
class Model:
    name: str = "beam-flow"
    sha256: str = "ab" * 32


def test_a_record_begins_with_task_and_version() -> None:
    assert new_record("read") == {"task": "read", "echosynth_version": EchoSynthLib.__version__}


def test_a_record_tells_model_origin_and_that_the_image_is_synthetic(tmp_path: Path) -> None:
    begun = time.perf_counter() - 2
    record = new_record("synthesize", model=Model(), label_map=tmp_path / "heart.npy", synthetic=True, started=begun)
    assert record["synthetic"] is True
    assert (record["model"], record["model_sha256"]) == ("beam-flow", "ab" * 32)
    assert record["source_label_map"] == str((tmp_path / "heart.npy").resolve())
    assert 2 <= record["seconds"] < 60
    assert new_record("segment", source=tmp_path)["input"] == str(tmp_path.resolve())


def test_each_warning_stands_there_once_and_none_leaves_no_key() -> None:
    assert with_warnings({"task": "read"}, []) == {"task": "read"}
    assert with_warnings({"warnings": ["dark"]}, ["turned", "dark"])["warnings"] == ["dark", "turned"]


def test_an_image_says_that_it_is_synthetic_but_not_in_whose_folder_its_label_map_lay() -> None:
    told = {
        "synthetic": True,
        "seed": 3,
        "quality": "good",
        "solver": None,
        "source_label_map": "/archive/jane/heart.npy",
    }
    assert stamp_of(told) == {"synthetic": True, "seed": 3, "source_label_map": "heart.npy"}
