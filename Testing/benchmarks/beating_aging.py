"""Fits how speckle ages to real cines: `tissue` and `blood` of `synthesis/beating/look.py` and the model's config.json.

`python Testing/benchmarks/beating_aging.py`, on those cines of `ECHOSYNTH_DATA` that `beating_temporal.SET_ON` names,
and on no others. Each is made anew with every aging of a grid; the one is taken whose correlations at lags of 1, 2, 4
and 8 frames come nearest to those of the real cines, by the mean square of the part by which they miss. Tissue and
blood are looked at in the same made cines, since the places of one show nothing of the other.
"""

from __future__ import annotations

import sys
from itertools import product, zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import beating_temporal
import numpy as np
from beating_temporal import Cine
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.synthesis.beating.aging import Aging
from EchoSynthLib.synthesis.beating.look import Look
from EchoSynthLib.synthesis.beating.pipeline import BeatingPipeline
from EchoSynthLib.systems import load_pipeline

GRID = {
    "tissue": [Aging(*both) for both in product((10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 60.0), (0.0, 0.1, 0.2, 0.4))],
    "blood": [Aging(*both) for both in product((2.0, 4.0, 8.0, 12.0), (0.0, 0.1, 0.2, 0.35))],
}
Missed = dict[str, list[NDArray[np.float64]]]
"""Of each place, for each of its agings: (4,) the part by which the correlations of each lag are too large."""


def missed(name: str, cine: Cine) -> Missed:
    """What cines that are made of one real one miss."""
    labels = np.stack([es.segment(frame)[0] for frame in cine])
    given, real = beating_temporal.fullest(labels), beating_temporal.alikeness(cine, labels)
    asked = {"beats": 1, "phase": "ED", "spacing": None} | beating_temporal.beat_like(name, cine, labels)
    shipped = load_pipeline("beating")
    found: Missed = {place: [] for place in GRID}
    print(name, flush=True)
    for tissue, blood in zip_longest(*GRID.values(), fillvalue=None):
        look = Look(tissue or GRID["tissue"][0], blood or GRID["blood"][0])
        made = BeatingPipeline(shipped.motion, shipped.generator, look)(cine[given], labels[given], **asked)
        alike = beating_temporal.alikeness(made.cine, made.label_maps)
        for place, aging in (("tissue", tissue), ("blood", blood)):
            if aging is not None:
                found[place].append(alike[place] / real[place] - 1)
    return found


def main() -> None:
    """Print the agings of both places, the best one first, and what each misses."""
    every = [missed(name, cine) for name, cine in beating_temporal.cines() if name in beating_temporal.SET_ON]
    if not every:
        sys.exit("The cines were not found (ECHOSYNTH_DATA).")
    for place, agings in GRID.items():
        off = np.array([one[place] for one in every])
        root = np.sqrt(np.square(off).mean(axis=(0, 2)))
        print(f"\n{place}: ms, lasting share, root mean square missed, mean too large at each lag, in percent")
        for at in np.argsort(root)[:8]:
            lags = " ".join(f"{100 * value:+.1f}" for value in off[:, at].mean(axis=0))
            print(f"{agings[at].time_ms:g} {agings[at].lasting:g}: {100 * root[at]:.1f}; {lags}")


if __name__ == "__main__":
    main()
