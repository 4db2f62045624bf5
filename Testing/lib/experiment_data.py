"""A small data set in CAMUS' array layout for whole experiments: some hearts to learn from, others to be judged on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from drawn_camus import SIDE, picture

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart

COLUMNS = "row,name,patient,view,phase,split,native_width,native_height,spacing_x_mm,spacing_y_mm,spacing_basis"


def write_small_camus(folder: Path, train: int = 3, val: int = 2) -> Path:
    """Patients of two frames each, one of either view; returns the path of the .npz."""
    folder.mkdir(parents=True, exist_ok=True)
    lines, images, labels, names, splits = [COLUMNS], [], [], [], []
    for patient in range(train + val):
        split = "train" if patient < train else "val"
        for view in ("2CH", "4CH"):
            heart = parametric_heart(view, phase=patient / (train + val), shape=(SIDE, SIDE))
            name = f"patient{patient:04d}_{view}_ED"
            row_mm, column_mm = heart.spacing
            basis = "4CH_nifti" if view == "4CH" else "assumed_4CH_size"
            lines.append(f"{len(names)},{name},{name[:11]},{view},ED,{split},549,389,{column_mm},{row_mm},{basis}")
            images.append(picture(heart, len(names)))
            labels.append(heart.label_map)
            names.append(name)
            splits.append(split)
    path = folder / "camus_224.npz"
    np.savez(path, image=np.stack(images), label=np.stack(labels), name=np.array(names), split=np.array(splits))
    path.with_name("index.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
