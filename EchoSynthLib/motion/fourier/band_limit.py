"""Band-limited signals: from few samples to many and back, by the low frequencies that both have.

Fourier-Net's decoder pads the spectrum of a low-resolution field with zeros (arXiv 2211.16342, Sec. 3.2); Fourier-Net+
crops the spectrum of its images in the same way (arXiv 2307.02997). Both are linear, and separate into the axes of the
grid: along one axis a complex matrix P (N, n), so that u = Re(P s P^T) = Re(P) s Re(P)^T - Im(P) s Im(P)^T in two
dimensions. Four small products of real matrices stand for two Fourier transforms.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError


def resampling_matrix(samples: int, onto: int) -> NDArray[np.complex128]:
    """P (onto, samples): DFT, the spectrum padded with zeros or cropped, inverse DFT; amplitudes are kept.

    Of `samples` values the frequencies -(m // 2) to (m - 1) // 2 stay, m the smaller of both numbers. With an even m
    its lowest frequency, that of Nyquist, has no partner; the real part of what comes out makes it a cosine.

    Raises:
        InputError: a number is below 1.
    """
    if min(samples, onto) < 1:
        raise InputError(f"A signal has one sample or more; given were {samples} and {onto}.")
    kept = min(samples, onto)
    k = np.arange(kept) - kept // 2
    analysis = np.exp(-2j * np.pi * np.outer(k, np.arange(samples)) / samples) / samples
    return np.exp(2j * np.pi * np.outer(np.arange(onto), k) / onto) @ analysis


def resample(array: NDArray[np.floating], grid: tuple[int, ...]) -> NDArray[np.float64]:
    """The last axes of an array (..., *samples) on another grid (..., *grid), by the frequencies that both have."""
    values = np.asarray(array, np.complex128)
    for axis, onto in enumerate(grid, start=values.ndim - len(grid)):
        matrix = resampling_matrix(values.shape[axis], onto)
        values = np.moveaxis(np.moveaxis(values, axis, -1) @ matrix.T, -1, axis)
    return values.real


def real_terms(dimensions: int) -> list[tuple[float, tuple[bool, ...]]]:
    """The real part of a product of complex factors as a sum of real ones: sign, and which factors are imaginary.

    Re(prod_k (a_k + i b_k)) takes an even number of imaginary parts, and i^2 = -1 for each pair: two terms in two
    dimensions, four in three.
    """
    choices = [parts for parts in product((False, True), repeat=dimensions) if sum(parts) % 2 == 0]
    return [((-1.0) ** (sum(parts) // 2), parts) for parts in choices]
