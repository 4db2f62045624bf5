"""Provenance: what every record says of how a result was made, and what of it stands on the result itself.

A record is a dictionary of JSON-able values. Each has `task` and `echosynth_version`; where they apply it has
`model` and `model_sha256`, `synthetic`, `origin`, `seed`, `input` or `source_label_map`, `seconds`, `warnings` and
`outputs`; and what is the task's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from EchoSynthLib.types import Record

STAMP: Mapping[str, type] = {
    "synthetic": bool,
    "origin": str,
    "model": str,
    "seed": int,
    "index": int,
    "steps": int,
    "solver": str,
    "echosynth_version": str,
    "view": str,
    "model_sha256": str,
    "source_label_map": str,
}
"""What a synthetic image says of itself, in its file or its node; a NIfTI header has room for the first few."""

SYNTHETIC = "synthetic"
DERIVED = "derived from a patient's image"
"""`origin` of what shows no patient, and of what no scanner has seen but that a patient's image is inside of: such an
image may tell whose it is, and is as private as the one that it was made from."""


class Model(Protocol):
    """What a record says of a model; a `zoo.ModelFolder` has it."""

    @property
    def name(self) -> str:
        """Of its folder."""

    @property
    def sha256(self) -> str:
        """Of its weights."""


def new_record(
    task: str,
    *,
    model: Model | None = None,
    source: Path | None = None,
    label_map: Path | None = None,
    synthetic: bool = False,
    started: float | None = None,
) -> Record:
    """What the record of a result begins with; the task adds what is its own.

    Args:
        task: that made it.
        model: that made it.
        source: file or folder that it was made from.
        label_map: file or folder of label maps that it was made from.
        synthetic: whether it shows what no scanner has seen.
        started: the perf_counter's reading then, for `seconds`.
    """
    from EchoSynthLib import __version__

    record: Record = {"task": task, "echosynth_version": __version__}
    if model is not None:
        record |= {"model": model.name, "model_sha256": model.sha256}
    if synthetic:
        record["synthetic"] = True
    if source is not None:
        record["input"] = str(source.resolve())
    if label_map is not None:
        record["source_label_map"] = str(label_map.resolve())
    if started is not None:
        record["seconds"] = seconds_since(started)
    return record


def seconds_since(started: float) -> float:
    """The `seconds` of a record; `started` is the perf_counter's."""
    return round(time.perf_counter() - started, 4)


def with_warnings(record: Mapping[str, Any], texts: Iterable[str]) -> Record:
    """The record with these texts added to its `warnings`, each once; no text adds no such key.

    Warnings are for the user: what was done although something is doubtful, such as a remark of the reader.
    """
    warnings = list(dict.fromkeys([*record.get("warnings", []), *texts]))
    return {**record, "warnings": warnings} if warnings else dict(record)


def stamp_of(record: Mapping[str, Any]) -> Record:
    """What an image's file says of itself, from its record.

    Of the label map the file's name alone: images are passed on, and folders may be named after people.
    """
    stamp = {key: record[key] for key in STAMP if record.get(key) is not None}
    if "source_label_map" in stamp:
        stamp["source_label_map"] = Path(stamp["source_label_map"]).name
    return stamp
