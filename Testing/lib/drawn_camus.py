"""A small data set in CAMUS' array layout, drawn from parametric hearts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, parametric_heart

FRAMES = (  # view, phase, split, quality, known spacing
    ("2CH", 0.0, "train", "Good", True),
    ("4CH", 0.0, "train", "Poor", True),
    ("4CH", 1.0, "val", "", False),
)
SIDE = 224


def picture(heart: HeartMap, seed: int) -> np.ndarray:
    """The heart as an echocardiogram: speckle in the sector, dark cavities, bright walls, black outside."""
    echogenicity = np.array([70.0, 25.0, 150.0, 30.0])[heart.label_map]
    amplitude = np.hypot(*np.random.default_rng(seed).standard_normal((2, SIDE, SIDE)))
    gray = np.clip(echogenicity * (0.7 + 0.4 * amplitude), 12, 255)
    return (gray * heart.sector.mask((SIDE, SIDE))).astype(np.uint8)


def drawn_hearts() -> list[HeartMap]:
    """The hearts of FRAMES."""
    return [parametric_heart(view, phase, shape=(SIDE, SIDE)) for view, phase, *_ in FRAMES]


def write_drawn_camus(folder: Path, hearts: list[HeartMap]) -> Path:
    """Write `camus_224.npz` with its `index.csv`; returns the path of the former."""
    names = [f"patient{i:04d}_{view}_ED" for i, (view, *_) in enumerate(FRAMES)]
    np.savez(
        folder / "camus_224.npz",
        image=np.stack([picture(heart, i) for i, heart in enumerate(hearts)]),
        label=np.stack([heart.label_map for heart in hearts]),
        name=np.array(names),
        split=np.array([split for _, _, split, _, _ in FRAMES]),
    )
    lines = ["name,patient,view,phase,split,native_width,native_height,spacing_x_mm,spacing_y_mm,image_quality"]
    for name, heart, (view, _, split, quality, known) in zip(names, hearts, FRAMES, strict=True):
        row_mm, column_mm = heart.spacing if known else ("", "")
        lines.append(f"{name},{name[:11]},{view},ED,{split},549,389,{column_mm},{row_mm},{quality}")
    (folder / "index.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "camus_224.npz"
