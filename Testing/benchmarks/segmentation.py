"""Figures of the segmenter on CAMUS val."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from perturbations import CHANGES

import EchoSynthLib as es
from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.evaluation.bootstrap import bootstrap_over_patients
from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES, mean_structure_dice, structure_dice
from EchoSynthLib.images.datasets.camus import CamusArrays

ROW = dict[str, object]


def clean_dice(val: CamusArrays) -> list[ROW]:
    """Mean per-image Dice on the 224 grid, with a 95 % interval by bootstrap over patients."""
    dice = [structure_dice(es.segment(image)[0], label) for image, label in zip(val.image, val.label, strict=True)]
    rows: list[ROW] = []
    for name in STRUCTURE_CODES:
        values = np.array([d[name] for d in dice])
        rows.append({"structure": name, **asdict(bootstrap_over_patients(values, val.patient)), "worst": values.min()})
    return rows


def cleaning_gain(val: CamusArrays) -> dict[str, dict[str, float]]:
    """Dice with and without the largest-component and hole-filling step."""
    from EchoSynthLib.images.grid import from_grid, to_grid

    network = es.load_pipeline("segmenter")
    raw = []
    for image in val.image:
        logits, _ = network.network(to_grid(image.astype(np.float32) / 255, network.grid)[None, None])
        raw.append(from_grid(logits[0], image.shape).argmax(axis=0))  # type: ignore[arg-type]
    return {
        "as the network gives it": mean_structure_dice(raw, val.label),
        "cleaned": mean_structure_dice([es.segment(image)[0] for image in val.image], val.label),
    }


def changed_dice(val: CamusArrays, every: int = 1) -> dict[str, dict[str, float]]:
    """Mean Dice under each change alone, over every n-th val frame.

    A structure that a change pushes out of the picture, by more than half of its area, is not judged in that frame.
    """
    chosen = range(0, len(val.image), every)
    sectors = {i: fit_sector(val.image[i]) for i in chosen}
    table: dict[str, dict[str, float]] = {}
    for name, change in {"as it is": lambda image, label, _: (image, label), **CHANGES}.items():
        rows: list[dict[str, float]] = []
        for i in chosen:
            image, label = change(val.image[i], val.label[i], sectors[i])
            found = structure_dice(es.segment(image)[0], label)
            rows.append({key: found[key] for key in found if _seen(label, val.label[i], key)})
        table[name] = {key: float(np.mean([r[key] for r in rows if key in r])) for key in STRUCTURE_CODES}
    return table


def _seen(label: NDArray[np.uint8], whole: NDArray[np.uint8], structure: str) -> bool:
    codes = STRUCTURE_CODES[structure]
    return bool(np.isin(label, codes).sum() >= 0.5 * np.isin(whole, codes).sum())


def view_accuracy(val: CamusArrays) -> float:
    """Share of val frames whose view is told right."""
    told = [es.segment(image)[1]["view"] for image in val.image]
    return float(np.mean(np.array(told) == val.view))


def native_dice(frames: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> dict[str, float]:
    """Mean Dice on native-resolution frames and their reference label maps."""
    return mean_structure_dice([es.segment(image)[0] for image, _ in frames], [label for _, label in frames])
