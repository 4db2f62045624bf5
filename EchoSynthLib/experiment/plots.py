"""Two plots: what a generator's images are worth against what they cost, and against how real they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import needs
from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES

INCHES = (11, 3.6)
DOTS_PER_INCH = 150


def save_plots(results: Mapping[str, Any], folder: Path) -> list[str]:
    """dice_against_cost.png and dice_against_frechet.png; the files' names, none where there is nothing to show.

    Raises:
        EchoSynthError: matplotlib is not installed.
    """
    generators = {row["model"]: row for row in results["generators"] if "multiply_accumulates" in row}
    networks = [row for row in results["networks"] if row["trained_on"] == "synthetic" and row["model"] in generators]
    if not networks:
        return []
    cost = {name: row["multiply_accumulates"] / 1e9 for name, row in generators.items()}
    frechet = {name: row["frechet"] for name, row in generators.items()}
    real = results["networks"][0]
    return [
        _save(networks, real, cost, "GMAC per image", folder / "dice_against_cost.png", logarithmic=True),
        _save(networks, real, frechet, "Frechet distance to real val frames", folder / "dice_against_frechet.png"),
    ]


def _save(
    networks: Sequence[Mapping[str, Any]],
    real: Mapping[str, Any],
    across: Mapping[str, float],
    label: str,
    path: Path,
    logarithmic: bool = False,
) -> str:
    with needs("full", "Drawing plots"):
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogFormatter
    figure = Figure(figsize=INCHES, layout="constrained")
    for axes, name in zip(figure.subplots(1, len(STRUCTURE_CODES)), STRUCTURE_CODES, strict=True):
        trained_on_real = real["dice"][name]
        axes.axhspan(100 * trained_on_real["low"], 100 * trained_on_real["high"], color="0.9")
        axes.axhline(100 * trained_on_real["mean"], color="0.5")
        for network in networks:
            dice, x = network["dice"][name], across[network["model"]]
            below, above = 100 * (dice["mean"] - dice["low"]), 100 * (dice["high"] - dice["mean"])
            axes.errorbar(x, 100 * dice["mean"], [[below], [above]], fmt="o", capsize=3, label=network["model"])
        if logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(LogFormatter())
            # Between the powers of ten, too, where models lie within a decade or two.
            axes.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 1)))
        axes.margins(x=0.1)
        axes.set(xlabel=label, title=name, ylabel="Dice, %" if name == next(iter(STRUCTURE_CODES)) else "")
    # Beside the axes: names inside would cover one another where models cost alike.
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", fontsize=8)
    figure.suptitle(
        "Trained on synthetic images, in gray on real ones; tested on real ones; 95 % over patients", fontsize=10
    )
    figure.savefig(path, dpi=DOTS_PER_INCH)
    return path.name
