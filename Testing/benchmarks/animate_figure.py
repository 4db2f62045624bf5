"""One picture of a heart that beats: our own synthetic frame at several ejection fractions, and a line of it in time.

`python Testing/benchmarks/animate_figure.py` draws it anew; no patient is in it.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import document
import numpy as np
from matplotlib.figure import Figure

import EchoSynthLib as es
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.outputs import replacing

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
FRACTIONS = (20, 35, 50, 65)
FRAMES, BEATS = 64, 2
COLORS = {CamusCode.LV_CAVITY: "#e74c3c", CamusCode.MYOCARDIUM: "#f5b7b1", CamusCode.LEFT_ATRIUM: "#f5b041"}


def save(path: Path) -> None:
    """End-diastole, end-systole at each ejection fraction, and below it a row through the ventricle over two beats."""
    image = read_image(RESOURCES / "SampleData" / "synthetic_4CH_ED.nii.gz")
    labels, _ = read_label_map(RESOURCES / "LabelMaps" / "parametric_4CH_ED.nii.gz")
    rows, columns = np.nonzero(labels == CamusCode.LV_CAVITY)
    middle, margin = round(float(rows.mean())), (int(columns.max()) - int(columns.min())) // 3
    across = slice(max(int(columns.min()) - margin, 0), int(columns.max()) + margin)
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    panels = figure.subplots(2, len(FRACTIONS) + 1, height_ratios=(3, 1.4))
    for column, fraction in enumerate((None, *FRACTIONS)):
        upper, lower = panels[:, column]
        upper.set_axis_off()
        if fraction is None:
            shown, outlines, title = image.pixels, labels, "given, end-diastole"
            lower.set_axis_off()
            upper.axhline(middle, color="w", linewidth=0.8, linestyle=":")
        else:
            cine, maps, record = es.animate(
                image.pixels,
                labels,
                ejection_fraction=fraction,
                frames=FRAMES,
                beats=BEATS,
                spacing=image.spacing,
                seed=1,
            )
            shown, outlines = cine[record["end_systole"]], maps[record["end_systole"]]
            title = f"end-systole, EF {record['ejection_fraction']['labels']:.1f} %"
            seconds = record["duration_ms"] / 1000
            lower.imshow(
                cine[:, middle, across].T, cmap="gray", aspect="auto", extent=(0, seconds, 0, 1), vmin=0, vmax=255
            )
            lower.set_yticks([])
            lower.set_xlabel("s", fontsize=8)
            lower.tick_params(labelsize=7)
        upper.imshow(shown, cmap="gray", vmin=0, vmax=255, aspect=image.spacing[0] / image.spacing[1])
        for code, color in COLORS.items():
            upper.contour(outlines == code, levels=[0.5], colors=color, linewidths=0.8)
        upper.set_title(title, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    save(document.PICTURES / "animate.png")
