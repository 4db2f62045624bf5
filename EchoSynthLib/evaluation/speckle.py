"""Second-order speckle statistics inside a region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SPECKLE_STATISTICS = ("lag-1 along rows", "lag-1 along columns", "std/mean")


def lag_one_autocorrelation(image: NDArray[np.generic], region: NDArray[np.bool_], axis: int) -> float:
    """Correlation of neighboring pixels along an axis (0: down a column), over pairs that both lie in the region.

    The region's own mean and variance are used; nan where it holds fewer than two pairs or does not vary.
    """
    values = np.asarray(image, dtype=np.float64)
    if region.sum() < 2:
        return float("nan")
    centered = values - values[region].mean()
    variance = float((centered[region] ** 2).mean())
    one = np.take(centered, range(centered.shape[axis] - 1), axis)
    two = np.take(centered, range(1, centered.shape[axis]), axis)
    inside = np.take(region, range(centered.shape[axis] - 1), axis)
    both = inside & np.take(region, range(1, centered.shape[axis]), axis)
    if variance == 0 or both.sum() < 2:
        return float("nan")
    return float((one[both] * two[both]).mean() / variance)


def speckle_statistics(image: NDArray[np.generic], region: NDArray[np.bool_]) -> dict[str, float]:
    """Lag-1 autocorrelation from row to row and from column to column, and std/mean, of one region of an image."""
    values = np.asarray(image, dtype=np.float64)[region]
    mean = float(values.mean()) if values.size else 0.0
    ratio = float(values.std() / mean) if mean > 0 else float("nan")
    return {
        "lag-1 along rows": lag_one_autocorrelation(image, region, 0),
        "lag-1 along columns": lag_one_autocorrelation(image, region, 1),
        "std/mean": ratio,
    }


def mean_statistics(
    images: Iterable[NDArray[np.generic]], regions: Iterable[Mapping[str, NDArray[np.bool_]]]
) -> dict[str, dict[str, float]]:
    """Mean over images of `speckle_statistics` for each named region; images where a statistic is nan are left out."""
    rows: dict[str, list[dict[str, float]]] = {}
    for image, named in zip(images, regions, strict=True):
        for name, region in named.items():
            rows.setdefault(name, []).append(speckle_statistics(image, region))
    return {
        name: {key: float(np.nanmean([row[key] for row in found])) for key in SPECKLE_STATISTICS}
        for name, found in rows.items()
    }


def speckle_regions(label_map: NDArray[np.uint8], sector_mask: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """LV cavity, myocardium and the rest of the sector of a label map (H, W), two pixels off the sector's border."""
    inside = ndimage.binary_erosion(sector_mask, iterations=2)
    names = {"LV cavity": 1, "myocardium": 2, "rest of the sector": 0}
    return {name: (label_map == code) & inside for name, code in names.items()}


def largest_deviation(found: Mapping[str, Mapping[str, float]], reference: Mapping[str, Mapping[str, float]]) -> float:
    """Largest relative difference of any statistic in any region, of tables as `mean_statistics` gives them."""
    return max(abs(found[region][name] / value - 1) for region, row in reference.items() for name, value in row.items())
