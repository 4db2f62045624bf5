"""How alike frames of a cine are, in moving tissue and in blood: made cines beside the real ones they are made from.

`python Testing/benchmarks/beating_temporal.py`, on the cines of `ECHOSYNTH_DATA`.

Patches of 11 x 11 pixels are looked for in a later frame, within the way that tissue may have gone; the mean of the
largest normalized correlations is given for lags of 1, 2, 4 and 8 frames. Of a real cine the frame with the largest
cavity, as the segmenter sees it, is made to beat with the ejection fraction that is seen, and as many frames a second.
Their frame rates are not known: a beat is taken for 857 ms, and a half cycle for its systole.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter, zoom

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import find_camus
from EchoSynthLib.images.gray import to_gray8
from EchoSynthLib.synthesis.beating.adherence import area_squared_over_length, seen_in

LAGS = (1, 2, 4, 8)
HEART_RATE = 70.0
SIDE = 224
FILES = ("apical_cines/cines.npz", "camus_cines/cines.npz", "tte47/cines_with_overlays.npz")
SET_ON = {"apical_cines a4c", "camus_cines patient0500_2CH", "camus_cines patient0236_2CH"}
"""Cines by which the constants of `synthesis/beating/look.py` were chosen; on all others nothing was."""
LEFT_OUT = ("plax",)
PLACES = {"tissue": (CamusCode.MYOCARDIUM, 2), "blood": (CamusCode.LV_CAVITY, 7)}
"""Code, and pixels from its border on."""
_HALF = 5  # of a patch, in pixels, beside its middle
_PATCHES, _STARTS = 25, 10
_LEAST = 3.0  # standard deviation of gray levels of a patch that shows something
Cine = NDArray[np.uint8]


def rows() -> list[dict[str, Any]]:
    """The correlations of each real cine and of the one made from its frame; [] without data."""
    found = []
    for name, cine in cines():
        try:
            found += both(name, cine)
        except InputError as error:
            print(f"{name}: {error}")
            continue
        print(*found[-2:], sep="\n", flush=True)
    return found


def cines() -> Iterator[tuple[str, Cine]]:
    """Name and frames (T, SIDE, SIDE)."""
    camus = find_camus()
    for path in FILES if camus is not None else ():
        file = Path(camus).parent / path  # type: ignore[arg-type]
        if not file.exists():
            continue
        with np.load(file, allow_pickle=False) as arrays:
            for name in arrays.files:
                if name not in LEFT_OUT:
                    yield f"{file.parent.name} {name}", np.stack([_square(to_gray8(frame)) for frame in arrays[name]])


def both(name: str, cine: Cine) -> list[dict[str, Any]]:
    """A row of the real cine, and one of the made one."""
    labels = np.stack([es.segment(frame)[0] for frame in cine])
    given = fullest(labels)
    made, maps, _ = es.animate(cine[given], labels[given], **beat_like(name, cine, labels))
    told = {"cine": name, "constants set on it": "yes" if name in SET_ON else "no", "frames": len(cine)}
    return [
        told | {"of": "real"} | correlations(cine, labels),
        told | {"of": "made"} | correlations(made, maps),
    ]


def fullest(labels: NDArray[np.uint8]) -> int:
    """The frame with the largest cavity."""
    return int(np.argmax([area_squared_over_length(one) for one in labels]))


def beat_like(name: str, cine: Cine, labels: NDArray[np.uint8]) -> dict[str, Any]:
    """How a frame has to beat to be as the real cine is."""
    beat_ms = 60_000 / HEART_RATE
    half = name.startswith("camus")
    step_ms = beat_ms * Beat.at(HEART_RATE).aortic_closing / len(cine) if half else beat_ms / frames_of_beat(cine)
    return {
        "ejection_fraction": float(np.clip(seen_in(list(labels)), 15, 75)),
        "view": "2CH" if "2CH" in name else "4CH",
        "frames": len(cine),
        "frame_rate": 1000 / step_ms,
        "heart_rate": HEART_RATE,
        "seed": 1,
    }


def frames_of_beat(cine: Cine) -> int:
    """The frame, of the second half, that is most like the first: one beat later."""
    first = cine[0].astype(float)
    shown = first > 0
    half = len(cine) // 2
    return half + int(np.argmax([np.corrcoef(first[shown], frame[shown])[0, 1] for frame in cine[half:]]))


def correlations(cine: Cine, label_maps: NDArray[np.uint8]) -> dict[str, str]:
    """The mean largest correlation at each lag, in moving tissue and in blood, as text."""
    lags = ", ".join(map(str, LAGS))
    return {
        f"{place}, lags {lags}": " ".join("-" if np.isnan(value) else f"{value:.2f}" for value in values)
        for place, values in alikeness(cine, label_maps).items()
    }


def alikeness(cine: Cine, label_maps: NDArray[np.uint8], seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """The mean largest correlation at each lag, (4,), in moving tissue and in blood; NaN where there is too little."""
    rng = np.random.default_rng(seed)
    fine = [frame.astype(np.float32) - gaussian_filter(frame.astype(np.float32), 4) for frame in cine]
    told = {}
    for place, (code, border) in PLACES.items():
        values = []
        for lag in LAGS:
            found: list[float] = []
            for t in range(0, len(cine) - lag, max(1, len(cine) // _STARTS)):
                points = np.argwhere(binary_erosion(label_maps[t] == code, iterations=border))
                if len(points) >= 10:
                    chosen = points[rng.integers(len(points), size=_PATCHES)]
                    found += matched(fine[t], fine[t + lag], chosen, min(3 + lag, 9))
            values.append(float(np.mean(found)) if found else np.nan)
        told[place] = np.array(values)
    return told


def matched(one: NDArray[np.float32], other: NDArray[np.float32], points: NDArray[np.int_], reach: int) -> list[float]:
    """The largest normalized correlation of the patch around each point within so many pixels in another frame."""
    found, size = [], 2 * _HALF + 1
    for row, column in points:
        patch = one[row - _HALF : row + _HALF + 1, column - _HALF : column + _HALF + 1]
        wide = _HALF + reach
        around = other[row - wide : row + wide + 1, column - wide : column + wide + 1]
        if patch.shape != (size, size) or around.shape != (2 * wide + 1, 2 * wide + 1):
            continue
        patch = patch - patch.mean()
        strength = float(np.sqrt(np.square(patch).sum()))
        if strength < _LEAST * size:
            continue
        windows = sliding_window_view(around, (size, size))
        mean = windows.mean(axis=(2, 3))
        power = np.square(windows).sum(axis=(2, 3)) - mean**2 * size**2
        together = np.einsum("ijkl,kl->ij", windows, patch)
        found.append(float((together / (strength * np.sqrt(np.maximum(power, 1e-3)))).max()))
    return found


def _square(frame: Cine) -> Cine:
    factors = SIDE / frame.shape[0], SIDE / frame.shape[1]
    order = 1 if frame.shape[0] > SIDE / 2 else 3
    return np.clip(np.rint(zoom(frame.astype(np.float32), factors, order=order)), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    if not rows():
        sys.exit("The cines were not found (ECHOSYNTH_DATA).")
