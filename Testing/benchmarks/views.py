"""How well views are told, and how far the gate keeps apart what is an apical frame of a heart and what is not.

Judged on real frames that nothing was learned from: the val split of CAMUS, and those that lie beside it and are held
out by `classification.views.real`: other frames of one laboratory, cines of two more, muscles, phantoms.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.anatomy.views import APICAL, FOUR_CHAMBER, TWO_CHAMBER, view_of
from EchoSynthLib.classification.views.classes import COARSE, coarse_shares
from EchoSynthLib.classification.views.real import other_pictures
from EchoSynthLib.evaluation.roc import area_under_roc
from EchoSynthLib.image_trust import THRESHOLD
from EchoSynthLib.images.datasets.camus import CamusArrays

FLAGGED = 0.05
_APICAL = {view.name for view in APICAL}


def figures(val: CamusArrays, folder: Path) -> dict[str, Any]:
    """Shares of CAMUS val told right, recalls of coarse classes, the gate's area under the curve, and times."""
    others = [one for one in other_pictures(folder.parent) if one.use == "held"]
    images = [*val.image, *(one.gray for one in others)]
    views = [*(view_of(str(name)).name for name in val.view), *(one.view for one in others)]
    asked = [es.classify_view(np.ascontiguousarray(image)) for image in images]
    shares = [found for found, _ in asked]
    told = [max(one, key=lambda name, one=one: one[name]) for one in shares]
    count = len(val.image)
    pair = (TWO_CHAMBER.name, FOUR_CHAMBER.name)
    of_two = [max(pair, key=lambda name, one=one: one[name]) for one in shares[:count]]
    scores = np.array([record["trust"] for _, record in asked])
    apical = np.array([view in _APICAL for view in views])
    recalls = _recalls(shares[count:], views[count:])
    of_all = [a == b for a, b in zip(told[:count], views[:count], strict=True)]
    return {
        "frames of CAMUS val": count,
        "other frames": len(others),
        "CAMUS val, all views to choose from": float(np.mean(of_all)),
        "CAMUS val, of the two views": float(np.mean([a == b for a, b in zip(of_two, views[:count], strict=True)])),
        **recalls,
        "other frames, mean recall": float(np.mean([recalls[name] for name in recalls])),
        "gate, AUC": area_under_roc(scores[apical], scores[~apical]),
        "gate, AUC without CAMUS": area_under_roc(scores[count:][apical[count:]], scores[~apical]),
        "gate, share of others flagged with 5 % of apical frames": flagged(scores[apical], scores[~apical]),
        "gate, apical frames below the threshold": float(np.mean(scores[apical] < THRESHOLD)),
        "gate, other frames below the threshold": float(np.mean(scores[~apical] < THRESHOLD)),
        **_milliseconds([np.ascontiguousarray(image) for image in images[:40]]),
    }


def flagged(wanted: NDArray[np.float64], others: NDArray[np.float64], share: float = FLAGGED) -> float:
    """Share of the others below the score under which that share of the wanted ones lies."""
    return float(np.mean(others < np.quantile(wanted, share)))


def print_figures(found: dict[str, Any]) -> None:
    """On the terminal."""
    for name, value in found.items():
        print(f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}")


def _recalls(shares: Sequence[dict[str, float]], views: Sequence[str]) -> dict[str, float]:
    """Of each coarse class that there are frames of; their number is in the name."""
    group_of = {name: group for group, names in COARSE.items() for name in names}
    truth = [group_of[view] for view in views]
    told = []
    for one in shares:
        coarse = coarse_shares(one)
        told.append(max(coarse, key=lambda name, coarse=coarse: coarse[name]))
    return {
        f"other frames, recall of {group} ({truth.count(group)})": float(
            np.mean([b == group for a, b in zip(truth, told, strict=True) if a == group])
        )
        for group in COARSE
        if group in truth
    }


def _milliseconds(images: Sequence[NDArray[np.uint8]]) -> dict[str, float]:
    """Processor time of a frame, median."""

    def median(ask: Any) -> float:
        ask(images[0])
        times = []
        for image in images:
            begun = time.process_time()
            ask(image)
            times.append(1000 * (time.process_time() - begun))
        return float(np.median(times))

    return {
        "processor time of classify_view with the gate, ms a frame": median(es.classify_view),
        "processor time of trust, ms a frame": median(es.trust),
    }


if __name__ == "__main__":
    from EchoSynthLib.images.datasets.camus import find_camus, load_camus_npz

    place = find_camus()
    if place is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_camus_npz(place / "camus_224.npz")
    print_figures(figures(frames.select(frames.split == "val"), place))
