"""A picture: what is still known of each site as others join, by experts and by a network that is tuned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import needs
from EchoSynthLib.experiment.experts.report import FINE_TUNED, KEY, WEIGHTED

NAME = "steps.png"
INCHES = (8.0, 3.2)
DOTS_PER_INCH = 120


def save(results: Mapping[str, Any], folder: Path) -> list[str]:
    """steps.png: of each site a line over the steps, for the fusion on the left and for fine-tuning on the right.

    Nothing where the steps of either are not known yet.

    Raises:
        EchoSynthError: matplotlib is not installed.
    """
    after, sites = results["after"], list(results["sites"])
    if not {WEIGHTED[0], FINE_TUNED} <= set(after):
        return []
    with needs("full", "Drawing plots"):
        from matplotlib.figure import Figure
    figure = Figure(figsize=INCHES, layout="constrained")
    for axes, name in zip(figure.subplots(1, 2, sharey=True), (WEIGHTED[0], FINE_TUNED), strict=True):
        for first, site in enumerate(sites):
            axes.plot(sites[first:], [100 * after[name][step][site][KEY] for step in sites[first:]], "o-", label=site)
        axes.set_xticks(range(len(sites)), sites)
        axes.set_ylim(-3, 103)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("after this site has joined")
        axes.grid(color="0.9")
    figure.axes[0].set_ylabel("balanced accuracy, %")
    figure.axes[0].legend(title="frames of", fontsize=8, title_fontsize=8, loc="lower left")
    figure.savefig(folder / NAME, dpi=DOTS_PER_INCH)
    return [NAME]
