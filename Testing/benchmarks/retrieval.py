"""How often the same view is found in another scan, beside correlation of gray levels and registration.

Hearts and thighs that nobody learned from (a seed of their own), swept in two examinations; the real muscle sequences
that the recipe holds out, and a real rotation of the probe over an apex, whose second scans are simulated.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.retrieval.baselines import registered_correlation
from EchoSynthLib.retrieval.contrastive.drawn.hearts import heart_scans
from EchoSynthLib.retrieval.contrastive.drawn.muscles import muscle_scans
from EchoSynthLib.retrieval.contrastive.judge import (
    WITHIN,
    ByPipeline,
    Scorer,
    area_under_roc,
    by_correlation,
    frame_errors,
    pair_scores,
)
from EchoSynthLib.retrieval.contrastive.scans import Scans, muscle_sequences, seen_clip, split_by_subject
from EchoSynthLib.systems import load_pipeline, models_of

SEED, SUBJECTS, REGISTERED = 9001, 20, 2
"""Of the drawn subjects; of them the first ones alone are registered, for that takes seconds a sweep."""
LONG = 200


def figures(folder: Path) -> dict[str, Any]:
    """Areas under the ROC and shares of frames found by each way, and the time of a clip; `folder` is that of CAMUS."""
    drawn = {
        "hearts": [heart_scans(SEED, number) for number in range(SUBJECTS)],
        "muscles": [muscle_scans(SEED, number) for number in range(SUBJECTS)],
    }
    real = {"real muscle sequences": held_sequences(folder.parent), "real rotation": rotation(folder.parent)}
    ways: dict[str, Scorer] = {"correlation": by_correlation, "registration": by_registration()}
    ways |= {model.name: ByPipeline(load_pipeline(model)) for model in models_of("retrieval")}
    rows = [
        row(name, scorer, drawn, {kind: found for kind, found in real.items() if found})
        for name, scorer in ways.items()
    ]
    told: dict[str, Any] = {"subjects of each kind": SUBJECTS, "ways": rows}
    if models_of("retrieval"):
        clip = np.concatenate([drawn["hearts"][0].first] * 9)[:LONG].repeat(4, axis=1).repeat(4, axis=2)
        started = time.perf_counter()
        es.retrieve(clip[0], clip)
        told[f"seconds for a clip of {LONG} frames"] = time.perf_counter() - started
    return told


def row(name: str, scorer: Scorer, drawn: dict[str, list[Scans]], real: dict[str, list[Scans]]) -> dict[str, Any]:
    """One way's figures; registration is judged on fewer drawn subjects, and on no real ones."""
    few = name == "registration"
    found: dict[str, Any] = {"way": name, "subjects": REGISTERED if few else SUBJECTS}
    for kind, scans in drawn.items():
        some = scans[:REGISTERED] if few else scans
        found[f"{kind}, AUC"] = area_under_roc(*pair_scores(scorer, some))
        found[f"{kind}, within {WITHIN}"] = float(np.mean(frame_errors(scorer, some) <= WITHIN))
    for kind, scans in real.items():
        errors = None if few else frame_errors(scorer, scans, every=True)
        found[f"{kind}, within 1"] = "-" if errors is None else float(np.mean(errors <= 1))
    return found


def by_registration() -> Scorer:
    """Correlation once frames are moved onto one another by the shipped motion model."""

    def scores(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.stack([registered_correlation(registrar, frame, second) for frame in first])

    registrar = partial(_registered, load_pipeline("motion"))
    return scores


def _registered(pipeline: Any, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = pipeline(moving, fixed)
    return found


def held_sequences(root: Path) -> list[Scans]:
    """The real sequences that the recipe does not learn from."""
    from EchoSynthLib.retrieval.contrastive.recipe import HELD_SEQUENCES

    return split_by_subject(muscle_sequences(root / "muscle" / "sequences.npz"), HELD_SEQUENCES, 0)[1]


def rotation(root: Path) -> list[Scans]:
    """Every third plane of the real rotation, as one sweep; a plane's own second scan is its right one."""
    path = root / "apical_cines" / "rotation_sweep.npz"
    if not path.exists():
        return []
    with np.load(path, allow_pickle=False) as arrays:
        frames = seen_clip(arrays["frames"][::3])
    number = np.arange(len(frames), dtype=np.float32)
    return [Scans(frames, None, np.abs(number[:, None] - number[None]), "rotation")]
