"""Frechet distance between two sets of feature vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Squared Frechet distance of the Gaussians fitted to features (N, D) and (M, D).

    d^2 = |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)) (Heusel et al. 2017). The last trace is the sum of the
    roots of the eigenvalues of S_a^(1/2) S_b S_a^(1/2), which is symmetric: no complex matrix root is needed.
    """
    first, second = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (a, b))
    covariance_a, covariance_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (first, second))
    values, vectors = np.linalg.eigh(covariance_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ covariance_b @ root), 0, None)).sum()
    mean = first.mean(axis=0) - second.mean(axis=0)
    # Rounding may leave a tiny negative number between equal sets.
    return max(0.0, float(mean @ mean + np.trace(covariance_a) + np.trace(covariance_b) - 2 * cross))
