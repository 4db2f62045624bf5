"""Distances between two sets of feature vectors: Frechet's, and a kernel's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError


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


DEGREE = 3


def kernel_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy of features (N, D) and (M, D).

    MMD^2 = mean_{i != j} k(a_i, a_j) + mean_{i != j} k(b_i, b_j) - 2 mean_{i, j} k(a_i, b_j), with the polynomial
    kernel k(x, y) = (x . y / D + 1)^3 (Binkowski et al., "Demystifying MMD GANs", ICLR 2018, the kernel Inception
    distance, here on whatever features are given). Unlike the Frechet distance it is not biased by the number of
    images; between sets of one distribution it is 0 in the mean, and so may be a little below.

    Raises:
        InputError: a set has fewer than two vectors, or the sets' vectors differ in length.
    """
    first, second = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (a, b))
    if min(len(first), len(second)) < 2 or first.shape[1] != second.shape[1]:
        raise InputError(
            f"A kernel distance takes two vectors or more of each set, of one length; given were {first.shape} and "
            f"{second.shape}."
        )
    return _mean_of_pairs(first) + _mean_of_pairs(second) - 2 * float(_kernel(first, second).mean())


def _kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return (x @ y.T / x.shape[1] + 1) ** DEGREE


def _mean_of_pairs(x: NDArray[np.float64]) -> float:
    """Mean of k(x_i, x_j) over i != j."""
    values = _kernel(x, x)
    return float((values.sum() - np.trace(values)) / (len(x) * (len(x) - 1)))
