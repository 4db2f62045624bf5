"""Writes the tables of Docs/benchmarks.md from results.json: `make bench` does, after it has measured.

A table stands between `<!-- NAME: written by make bench -->` and `<!-- end -->`; all else is written by hand.
The tables of a part that results.json does not hold stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.outputs import replacing

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
DOCUMENT = HERE.parents[1] / "Docs" / "benchmarks.md"
PICTURES = DOCUMENT.with_suffix("")

STRUCTURES = {"LV cavity": "LV cavity", "LV cavity+myocardium": "cavity + myocardium", "left atrium": "left atrium"}
DEFAULT = "synthetic, default steps"
RUNS = {
    "real": "real frames",
    "synthetic, 1 step": "1 step",
    DEFAULT: "default steps",
    "synthetic, 50 steps": "50 steps",
}
Figures = Mapping[str, Any]


def write(results: Mapping[str, Any], document: Path = DOCUMENT) -> None:
    """Puts the figures of `results`, as results.json holds them, into the document."""
    text = document.read_text(encoding="utf-8")
    for part, kept in results.items():
        block = f"{_measured(kept)}\n\n{TABLES[part](kept['figures'])}"
        text, found = re.subn(
            rf"(<!-- {part}: written by make bench -->\n).*?(<!-- end -->)",
            lambda match, block=block: f"{match[1]}\n{block}\n\n{match[2]}",
            text,
            flags=re.DOTALL,
        )
        if found != 1:
            raise ValueError(f"{document} has {found} places for the figures of {part}; it should have one.")
    with replacing(document) as whole:
        whole.write_text(text, encoding="utf-8", newline="\n")


def table(rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; the first row is its head."""
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def segmentation(figures: Figures) -> str:
    """Dice with its interval, at native resolution and under each change; the view."""
    rows: list[list[object]] = [["mean Dice per image", *STRUCTURES.values()]]
    clean = {row["structure"]: row for row in figures["clean"]}
    told = [f"{clean[s]['mean']:.3f} ({clean[s]['low']:.3f}-{clean[s]['high']:.3f})" for s in STRUCTURES]
    rows.append(["as it is (95 % interval, bootstrap over patients)", *told])
    if "native 4CH" in figures:
        rows.append(["four-chamber, native resolution", *_by_structure(figures["native 4CH"])])
    for change, dice in figures["changed"].items():
        if change != "as it is":
            rows.append([change, *_by_structure(dice)])
    raw, cleaned = figures["cleaning"].values()
    gain = max(cleaned[s] - raw[s] for s in STRUCTURES)
    return (
        f"{table(rows)}\n\nThe view is told right in {figures['view accuracy']:.1%}. Keeping the largest component and "
        f"filling holes gains {gain:.4f} at most."
    )


def synthesis(figures: Figures) -> str:
    """How images obey, their speckle and their distance to real ones, for each number of steps."""
    obeyed = figures["obeyed"]
    rows: list[list[object]] = [["val label maps, one seed each", *RUNS.values()]]
    for structure, name in STRUCTURES.items():
        label = f"label map obeyed: Dice with its segmentation, {name}"
        rows.append([label, *(f"{obeyed[run][structure]:.3f}" for run in RUNS)])
    for key, label in (
        ("speckle, largest deviation", "speckle (lag-1 along both axes, std/mean; three regions), largest difference"),
        ("fine speckle, largest deviation", "the same without everything wider than 3 pixels"),
    ):
        rows.append([label, "-", *(f"{figures[key][run]:.1%}" for run in list(RUNS)[1:])])
    frechet = figures["Frechet (synthetic, train, ratio)"]
    label = "Frechet distance to val over that of real train frames"
    rows.append([label, "1", *(f"{frechet[run][2]:.2f}" for run in list(RUNS)[1:])])
    free = " / ".join(_by_structure(obeyed[f"{DEFAULT}, no sector given"]))
    return f"{table(rows)}\n\nWithout a given sector the default steps obey at {free}."


def registration(figures: Figures) -> str:
    """Each way to register with its Dice, distances, folds and cost, and all else beside it."""
    names = {"LV cavity": "LV", "myocardium": "myocardium", "left atrium": "LA"}
    head = [f"{figures['pairs']} pairs, ED to ES", *(f"Dice {name}" for name in names.values())]
    head += ["HD95 LV / myocardium / LA [mm]", "folded [%]", "M parameters", "GMAC", "ms", "ms, torch"]
    rows: list[list[object]] = [list(head)]
    for row in figures["methods"]:
        distances = " / ".join(f"{row[f'HD95 {name}']:.1f}" for name in names)
        costs = ["-" if row[c] is None else f"{row[c]:.3g}" for c in ("M parameters", "GMAC", "ms", "ms, torch")]
        rows.append([row["method"], *(f"{row[n]:.3f}" for n in names), distances, f"{row['folded, %']:.2g}", *costs])
    other = {name: value for name, value in figures.items() if name not in ("pairs", "methods")}
    return f"{table(rows)}\n\n{rows_of(other)}"


def rows_of(figures: Figures) -> str:
    """Any figures: lists of rows as tables of their own, all others together in one."""
    parts, single = [], []
    for name, value in _flat(figures):
        if isinstance(value, list):
            parts.append(f"**{name}**\n\n{table([list(value[0]), *(list(row.values()) for row in value)])}")
        else:
            single.append([name, value])
    if single:
        parts.insert(0, table([["figure", "value"], *single]))
    return "\n\n".join(parts)


TABLES: dict[str, Callable[[Figures], str]] = {
    "segmentation": segmentation,
    "synthesis": synthesis,
    "cost": rows_of,
    "measurement": rows_of,
    "cycle": rows_of,
    "contour": rows_of,
    "registration": registration,
    "reconstruction": rows_of,
    "animate": rows_of,
    "views": rows_of,
    "retrieval": rows_of,
    "panel": rows_of,
}


def _measured(kept: Mapping[str, Any]) -> str:
    return f"Measured on {kept['date']}: {kept['machine'].replace(' 1 cores', ' 1 core')}."


def _by_structure(dice: Mapping[str, float]) -> list[str]:
    return [f"{dice[structure]:.3f}" for structure in STRUCTURES]


def _flat(figures: Figures, before: str = "") -> list[tuple[str, Any]]:
    """Figures within figures with the names of both; a single row as a list of one."""
    found: list[tuple[str, Any]] = []
    for name, value in figures.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}: ")
        else:
            found.append((before + name, value))
    return found


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


def read_results(path: Path = RESULTS) -> dict[str, Any]:
    """What `make bench` has kept: of each part date, machine and figures.

    Raises:
        InputError: it is damaged.
    """
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}); get it anew from git, or remove it.") from error
    if not isinstance(kept, dict) or not all(isinstance(part, dict) for part in kept.values()):
        raise InputError(f"{path} holds no figures by parts; get it anew from git, or remove it.")
    return kept


if __name__ == "__main__":
    write(read_results())
