"""Measurements as a table in a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from EchoSynthLib.measurement.study import Study
from EchoSynthLib.measurement.texts import worded
from EchoSynthLib.outputs import replacing

COLUMNS = (
    "case",
    "where",
    "name",
    "value",
    "unit",
    "light",
    "formula",
    "source",
    "label",
    "shown",
    "shown_unit",
    "place",
    "low",
    "high",
    "between",
)
"""What follows the columns for scripts is for reading, see `texts.Worded`; `low` and `high` are in `unit` and hold nine
times of ten, `between` is the same for reading."""


def rows_of(case: str, study: Study) -> list[dict[str, object]]:
    """A row for each measurement of a study; `light` is the color of the structure where it was measured.

    What several frames give together has the worst color of them all.
    """
    lights = {where: frame.lights for where, frame in study.frames.items()}
    together = study.structure_lights
    rows: list[dict[str, object]] = []
    for entry in study.table:
        light = lights.get(entry.where, together)[_structure(entry.name)].color
        words = worded(entry, study)
        told = {
            "label": words.label,
            "shown": words.text,
            "shown_unit": words.unit,
            "place": words.place,
            "between": words.between,
        }
        rows.append({"case": case, "light": light, **vars(entry), **told})
    return rows


def _structure(name: str) -> str:
    return "LA" if name.startswith("LA ") or "left atrium" in name else "LV"


def write_csv(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write rows as CSV in UTF-8; numbers keep all their digits."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path
