"""The distribution of motion, learned from pairs: ridge regression, and principal modes of what it leaves (torch).

Flow matching on the same modes was tried (a perceptron of 0.26 M numbers, four steps) and dropped: with 800 pairs its
energy score on the val split of CAMUS was 10.3 at best and rose from there, that of these Gaussian modes 9.6, that of
the mean motion alone 13.3, in steps of the grid over the whole field; less is better.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from EchoSynthLib.synthesis.beating.generator import Sight
from EchoSynthLib.synthesis.beating.network import MotionNetwork
from EchoSynthLib.synthesis.beating.pairs import MOMENTS, Lessons

COMPONENTS = 24
MODES = 40
RIDGE = 100.0
"""Weight of squared weights, of features of unit variance."""
RIDGE_OF_RATIO = 30.0
RIDGE_OF_LOOPS = 300.0
FOLDS = 5
"""Of patients, each left out once, so that what is left of the motion is as large as in new hearts."""
_LEAST_RATIO, _LARGEST_RATIO = 0.05, 1.6  # of -log(1 - EF): tracings of 5 to 80 %


def learned(
    lessons: Lessons,
    patient: NDArray[np.str_],
    loops: tuple[Sequence[Sight], NDArray[np.float32]],
    seed: int = 0,
) -> tuple[MotionNetwork, float]:
    """The network, and the standard deviation of -log(1 - EF) among hearts of one shape.

    Args:
        lessons: of the pairs to learn from.
        patient: (N,) whose they are.
        loops: second modes in time, with what is seen of the hearts they are of.
        seed: of the folds.
    """
    count = len(lessons.view)
    network = MotionNetwork(min(COMPONENTS, 3 * count), min(MODES, count))
    _set_features(network, lessons)
    ratio = np.clip(lessons.ratio, _LEAST_RATIO, _LARGEST_RATIO)
    with torch.no_grad():
        features = [
            network.features(
                torch.from_numpy(lessons.members[:, moment]),
                torch.from_numpy(lessons.pose[:, moment]),
                torch.from_numpy(lessons.view[:, None]),
            )
            .numpy()
            .astype(np.float64)
            for moment in range(len(MOMENTS))
        ]
    inputs = np.stack([_expanded(f, ratio, e) for f, e in zip(features, MOMENTS, strict=True)], axis=1)
    targets = lessons.velocity.reshape(count, len(MOMENTS), -1).astype(np.float64)
    weights = ridge(_flat(inputs), _flat(targets), RIDGE)
    left = np.zeros_like(targets)
    for part in folds(patient, seed):
        rest = ~part
        if rest.any() and part.any():
            left[part] = targets[part] - inputs[part] @ ridge(_flat(inputs[rest]), _flat(targets[rest]), RIDGE)
    # One set of modes for all moments: those of end-diastole, from which most cines are made.
    _, sizes, directions = np.linalg.svd(left[:, 0], full_matrices=False)
    modes = directions * sizes[:, None] / np.sqrt(count)
    phases = np.concatenate([np.concatenate([f, e * f], axis=1) for f, e in zip(features, MOMENTS, strict=True)])
    of_ratio = ridge(phases, np.tile(ratio, len(MOMENTS))[:, None], RIDGE_OF_RATIO)
    spread = float((np.tile(ratio, len(MOMENTS)) - (phases @ of_ratio)[:, 0]).std())
    ends = np.concatenate([features[0], features[-1]])
    of_phase = ridge(ends, np.repeat([0.0, 1.0], count)[:, None], RIDGE_OF_RATIO)
    found = {
        "weights": weights,
        "second": _second(network, *loops),
        "modes": modes[: network.modes.shape[0]],
        "ratio": of_ratio,
        "phase": of_phase,
    }
    for name, values in found.items():
        getattr(network, name).copy_(torch.from_numpy(values))
    return network, spread


def _second(network: MotionNetwork, sights: Sequence[Sight], loops: NDArray[np.float32]) -> NDArray[np.float64]:
    """(features, outputs): drawn hearts are less varied than real ones, so that features are held down the more."""
    with torch.no_grad():
        features = network.features(
            torch.from_numpy(np.stack([sight.members for sight in sights])),
            torch.from_numpy(np.stack([sight.pose for sight in sights])),
            torch.tensor([[sight.view] for sight in sights]),
        )
    return ridge(features.numpy().astype(np.float64), loops.reshape(len(loops), -1).astype(np.float64), RIDGE_OF_LOOPS)


def ridge(inputs: NDArray[np.float64], targets: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Weights (d, outputs) of least squares; the first one, of the constant, is free."""
    penalty = weight * np.eye(inputs.shape[1])
    penalty[0, 0] = 1e-6
    return np.asarray(np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ targets), np.float64)


def folds(patient: NDArray[np.str_], seed: int) -> list[NDArray[np.bool_]]:
    """(N,) masks of `FOLDS` parts, no patient in two."""
    names, number = np.unique(patient, return_inverse=True)
    order = np.random.default_rng((seed, *b"folds")).permutation(len(names))
    return [order[number] % FOLDS == fold for fold in range(FOLDS)]


def _set_features(network: MotionNetwork, lessons: Lessons) -> None:
    seen = lessons.members.reshape(-1, network.mean.shape[0]).astype(np.float64)
    mean = seen.mean(axis=0)
    _, sizes, directions = np.linalg.svd(seen - mean, full_matrices=False)
    kept = network.basis.shape[1]
    scale = np.maximum(sizes[:kept] / np.sqrt(len(seen)), 1e-6)
    poses = lessons.pose.reshape(-1, lessons.pose.shape[-1])
    values = {
        "mean": mean,
        "basis": (directions[:kept] / scale[:, None]).T,
        "pose_mean": poses.mean(axis=0),
        "pose_scale": 1 / np.maximum(poses.std(axis=0), 1e-3),
    }
    for name, array in values.items():
        getattr(network, name).copy_(torch.from_numpy(array))


def _expanded(features: NDArray[np.float64], ratio: NDArray[np.float64], emptied: float) -> NDArray[np.float64]:
    """(1, l, e, l e) x f, as in `network.MotionNetwork.forward`."""
    l_f = ratio[:, None] * features
    return np.concatenate([features, l_f, emptied * features, emptied * l_f], axis=1)


def _flat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(-1, values.shape[-1])
