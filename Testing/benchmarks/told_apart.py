"""How well a small classifier tells two sets of shapes apart from their numbers: the area under its ROC curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.evaluation.roc import area_under_roc

FOLDS = 5
_RIDGE = 10.0


def told_apart(one: NDArray[np.float64], other: NDArray[np.float64], seed: int = 0) -> float:
    """The cross-validated AUC of a logistic regression on the numbers, their squares and products.

    Args:
        one, other: (n, k) and (m, k), a row a shape, the rows of a patient in one set apart from those of others.
        seed: of the folds.
    """
    values = np.concatenate([one, other])
    truth = np.arange(len(values)) < len(one)
    fold = np.random.default_rng(seed).permutation(len(values)) % FOLDS
    scores = np.empty(len(values))
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        scores[test] = _fitted(values[train], truth[train])(values[test])
    # Each fold's scores are their own scale, so they are compared within folds.
    return float(
        np.mean([area_under_roc(scores[(fold == n) & truth], scores[(fold == n) & ~truth]) for n in range(FOLDS)])
    )


def _fitted(values: NDArray[np.float64], truth: NDArray[np.bool_]):
    from scipy.optimize import minimize

    middle, spread = np.median(values, axis=0), values.std(axis=0) + 1e-9
    pairs = np.triu_indices(values.shape[1])

    def design(x: NDArray[np.float64]) -> NDArray[np.float64]:
        z = np.clip((x - middle) / spread, -5, 5)
        return np.column_stack([np.ones(len(z)), z, 0.3 * z[:, pairs[0]] * z[:, pairs[1]]])

    a = design(values)
    # Both sets count alike, whatever their sizes.
    weight = np.where(truth, 0.5 / truth.mean(), 0.5 / (~truth).mean())
    penalty = np.r_[0, np.full(a.shape[1] - 1, _RIDGE)]

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = a @ w
        value = float((weight * (np.logaddexp(0, score) - truth * score)).sum() + 0.5 * (penalty * w * w).sum())
        slope = a.T @ (weight * (1 / (1 + np.exp(-score)) - truth)) + penalty * w
        return value, slope

    w = minimize(loss, np.zeros(a.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return lambda x: design(x) @ w
