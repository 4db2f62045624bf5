"""Registration on real cines: half cycles whose ends have label maps, and whole beats without any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.anatomy.deformation import warp_labels
from EchoSynthLib.evaluation.registration import STRUCTURES, forward_backward_error
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.images.contrast import has_contrast
from EchoSynthLib.images.datasets.camus import load_camus_npz

HALF_CYCLES = ("patient0500_2CH", "patient0003_2CH", "patient0003_4CH")
"""Those whose first frame is CAMUS' end-diastole, and whose last is its end-systole; of train."""
SEEN = 16  # gray level above which there is tissue to follow
Row = dict[str, Any]


def half_cycles(data: Path, models: Sequence[str]) -> list[Row] | None:
    """Dice of ED labels carried to ES, there and back again; None where the cines are not there."""
    cines, arrays = data / "camus_cines" / "cines.npz", data / "camus" / "camus_224.npz"
    if not (cines.exists() and arrays.exists()):
        return None
    frames = load_camus_npz(arrays)
    place = {name: i for i, name in enumerate(frames.name.tolist())}
    rows: list[Row] = []
    with np.load(cines, allow_pickle=False) as file:
        for name in HALF_CYCLES:
            cine = file[name]
            ends = [_stretched(frames.label[place[f"{name}_{phase}"]], cine.shape[1:]) for phase in ("ED", "ES")]
            still = structure_dice(ends[0], ends[1], STRUCTURES)
            rows.append({"cine": name, "from, to": "ED, ES", "model": "not carried", **still})
            for model in models:
                there, _ = es.propagate(ends[0], cine, model=model)
                back, _ = es.propagate(ends[1], cine, len(cine) - 1, model=model)
                for way, found, truth in (("ED, ES", there[-1], ends[1]), ("ES, ED", back[0], ends[0])):
                    dice = structure_dice(found, truth, STRUCTURES)
                    rows.append({"cine": name, "from, to": way, "model": model, **dice})
    return rows


def whole_cines(data: Path, model: str = "motion") -> list[Row] | None:
    """Of cines of a beat or more: how far points move, and how far from their beginning they end; in pixels."""
    path = data / "apical_cines" / "cines.npz"
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as file:
        return [{"cine": name, **closure(file[name], model)} for name in file.files]


def closure(cine: NDArray[np.uint8], model: str) -> Row:
    """Tracking from the first frame, where there is tissue.

    Frame `beat` is the one of the second half that is most like the first: the heart is there again, so that what was
    tracked should end where it began, directly or from frame to frame.
    """
    first = cine[0].astype(np.float64)
    tissue = cine[0] > SEEN
    shown = [t for t in range(len(cine)) if has_contrast(cine[t])]
    like = [np.corrcoef(first[tissue], cine[t][tissue])[0, 1] if t in shown else -1 for t in range(len(cine))]
    beat = len(cine) // 2 + int(np.argmax(like[len(cine) // 2 :]))
    tracked, _ = es.track(cine, model=model)
    length = np.linalg.norm(tracked, axis=1)[:, tissue].mean(axis=1)
    farthest = int(np.argmax(length[: beat + 1]))
    back, _ = es.register(cine[0], cine[farthest], model=model)
    return {
        "frames": len(cine),
        "beat": beat,
        "farthest, mean motion": float(length[farthest]),
        "forward and backward": float(forward_backward_error(tracked[farthest], back)[tissue].mean()),
        "tracked, after a beat": float(length[beat]),
        "gray levels before, after": " ".join(f"{value:.2f}" for value in _likeness(cine, tracked, farthest, tissue)),
    }


def _likeness(
    cine: NDArray[np.uint8], tracked: NDArray[np.float32], frame: int, tissue: NDArray[np.bool_]
) -> tuple[float, float]:
    """Correlation of the first frame's gray levels with those of another, as it is and carried back."""
    carried = es.warp(cine[frame], tracked[frame])
    both = (np.corrcoef(cine[0][tissue], other[tissue])[0, 1] for other in (cine[frame], carried))
    before, after = (float(value) for value in both)
    return before, after


def _stretched(labels: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A label map on another grid of the same picture, by the nearest pixel."""
    places = [(np.arange(side) + 0.5) * old / side - 0.5 for side, old in zip(shape, labels.shape, strict=True)]
    rows, columns = np.meshgrid(*places, indexing="ij")
    return warp_labels(labels, np.stack([rows, columns]) - np.indices(shape))
