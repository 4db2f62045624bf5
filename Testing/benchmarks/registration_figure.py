"""One picture of registration: Dice against multiply-adds and against time, ours beside the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from EchoSynthLib.outputs import replacing

JUDGED = ("LV cavity", "myocardium", "left atrium")
ACROSS = {"GMAC": "multiply-adds of a pair [G]", "ms": "time of a pair on one core [ms]"}
OURS = ("#c0392b", "#e67e22", "#7b241c", "#d98880")
OTHERS = ("#34495e", "#2980b9", "#5dade2", "#16a085", "#7f8c8d")
MARKS = {"ours": "o", "VoxelMorph": "^", "demons": "s"}


def save(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the rows of `registration.figures`; what has no cost at all is a line across."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, (cost, title) in zip((left, right), ACROSS.items(), strict=True):
        _draw(axes, rows, cost)
        axes.set_xlabel(title)
    left.set_ylabel("mean Dice of LV cavity, myocardium and LA")
    handles = {
        label: handle for axes in (left, right) for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    named = [row["method"] for row in rows if row["method"] in handles]
    figure.legend([handles[name] for name in named], named, loc="outside right upper", frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Software": None})


def _draw(axes: Axes, rows: Sequence[Mapping[str, Any]], cost: str) -> None:
    colors = {True: iter(OURS), False: iter(OTHERS)}
    for row in rows:
        name, dice = row["method"], _mean_dice(row)
        if not any(row[across] for across in ACROSS):
            axes.axhline(dice, color="0.7", linestyle="--", label=name)
            continue
        color = next(colors[name.startswith("ours")])
        if row[cost]:
            mark = next((mark for what, mark in MARKS.items() if name.startswith(what)), "D")
            axes.plot(row[cost], dice, mark, color=color, markersize=10, label=name)
    axes.set_xscale("log")
    axes.margins(x=0.15, y=0.1)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="0.92")
    axes.set_axisbelow(True)


def _mean_dice(row: Mapping[str, Any]) -> float:
    return float(np.mean([row[name] for name in JUDGED]))
