"""By how much true volumes miss fitted ones, given what a fit and its pictures tell; learned by `recipe`.

A picture that misses the apex shows a smaller ventricle than there is, and no fit of that picture knows. But long axes
of different lengths, outlines that no heart follows, or a wall that is thick at the apex go along with it. So both the
middle of the errors and their spread are linear in a few such cues, and 90 % intervals are quantiles of the errors over
their spread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.reconstruction.fit.solver import Fit

Vector = NDArray[np.float64]

CUES = (
    "mismatch of the long axes",
    "distance from the outlines",
    "spread of the volume",
    "ventricle over discs",
    "atrium over area and length",
    "wall at the apex",
    "roundness",
    "atrium over ventricle",
    "wall over ventricle",
    "height of the atrium",
    "third view",
)
"""What the errors depend on, in the order of `cues`."""
INSIDE = 0.90
"""Share of the hearts that lie within an interval."""
_KNOWN = (2.0, 98.0)
"""Percentiles of each cue among the hearts that were learned from; beyond them errors are taken as they are there."""
_RIDGE = 20.0
_PARTS = 10
_LARGEST = 1.0
"""Of an error as a logarithm: a picture that shows next to nothing may not decide for all others."""
_LEAST_MISMATCH, _LEAST_ERROR = 0.01, 0.003
"""Added to what a logarithm is taken of: smaller ones are chance."""


def cues(found: Fit, sizes: Mapping[str, float], lengths_mm: Mapping[str, float], atrium_ml: float) -> Vector:
    """(len(CUES),) of one fit.

    Args:
        found: the fit.
        sizes: "lv_ml" and "la_ml" as they are measured in two planes.
        lengths_mm: of the ventricle's long axis in each picture.
        atrium_ml: the fitted left atrium.
    """
    p, lengths = found.parameters, np.log(list(lengths_mm.values()))
    return np.array(
        [
            math.log(_LEAST_MISMATCH + np.ptp(lengths)),
            float(np.mean(np.log(list(found.residual_mm.values())))),
            math.log(found.lv_volume_sd),
            math.log(p.lv_edv_ml / sizes["lv_ml"]),
            math.log(atrium_ml / sizes["la_ml"]),
            p.apex_ratio,
            math.log(p.lv_edv_ml) - 3 * math.log(p.lv_length_mm),
            math.log(atrium_ml / p.lv_edv_ml),
            math.log(p.wall_mm) - math.log(p.lv_edv_ml) / 3,
            math.log(p.la_height),
            float(len(lengths_mm) > 2),
        ]
    )


@dataclass(frozen=True, eq=False)
class ChamberErrors:
    """Of one chamber: the logarithm of its true over its fitted volume.

    Attributes:
        middle: (1 + cues,): its expectation, linear in the standardized cues.
        spread: (1 + cues,): the logarithm of how far it lies off that, the same way.
        low, high: quantiles of what it lies off over the spread.
    """

    middle: Vector
    spread: Vector
    low: float
    high: float

    def at(self, row: Vector) -> tuple[float, float, float]:
        """Expected, lowest and highest logarithm of true over fitted, at 1 and the standardized cues."""
        middle, spread = float(row @ self.middle), math.exp(float(row @ self.spread))
        return middle, middle + self.low * spread, middle + self.high * spread


@dataclass(frozen=True, eq=False)
class VolumeErrors:
    """The errors of all chambers.

    Attributes:
        low, high: (cues,) between which each cue is known.
        center, scale: (cues,) mean and standard deviation of each.
        chambers: by name.
    """

    low: Vector
    high: Vector
    center: Vector
    scale: Vector
    chambers: Mapping[str, ChamberErrors]

    @classmethod
    def learn(cls, seen: NDArray[np.float64], ratios: Mapping[str, Vector]) -> VolumeErrors:
        """From cues (hearts, len(CUES)) and, by chamber, logarithms (hearts,) of true over fitted volumes."""
        low, high = np.percentile(seen, _KNOWN, axis=0)
        held = np.clip(seen, low, high)
        center, scale = held.mean(axis=0), np.maximum(held.std(axis=0), 1e-6)
        rows = np.column_stack([np.ones(len(held)), (held - center) / scale])
        outside = (1 - INSIDE) / 2
        chambers = {}
        for name, values in ratios.items():
            # How far hearts lie off is told by those that middle and spread were not learned from.
            off = np.empty(len(values))
            for part in np.array_split(np.arange(len(values)), _PARTS):
                others = np.setdiff1d(np.arange(len(values)), part)
                middle, spread = _middle_and_spread(rows[others], values[others])
                off[part] = (values[part] - rows[part] @ middle) / np.exp(rows[part] @ spread)
            ends = np.quantile(off, [outside, 1 - outside], method="weibull")
            chambers[name] = ChamberErrors(*_middle_and_spread(rows, values), float(ends[0]), float(ends[1]))
        return cls(low, high, center, scale, chambers)

    def at(self, seen: Vector) -> dict[str, tuple[float, float, float]]:
        """By chamber: expected, lowest and highest logarithm of true over fitted volume, at cues (len(CUES),)."""
        row = np.concatenate([[1.0], (np.clip(seen, self.low, self.high) - self.center) / self.scale])
        return {name: errors.at(row) for name, errors in self.chambers.items()}

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for config.json."""
        tables = {name: _rounded(getattr(self, name)) for name in ("low", "high", "center", "scale")}
        chambers = {
            name: {
                "middle": _rounded(errors.middle),
                "spread": _rounded(errors.spread),
                "low": round(errors.low, 4),
                "high": round(errors.high, 4),
            }
            for name, errors in self.chambers.items()
        }
        return {"cues": list(CUES), **tables, "chambers": chambers}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VolumeErrors:
        """From what `to_dict` gave.

        Raises:
            ValueError: they were learned from other cues.
            LookupError, TypeError: something is missing, or is no number.
        """
        if tuple(values["cues"]) != CUES:
            raise ValueError(f"errors of volumes are told by {', '.join(CUES)}; found were {values['cues']}")
        low, high, center, scale = (np.array(values[name], np.float64) for name in ("low", "high", "center", "scale"))
        chambers = {
            name: ChamberErrors(
                np.array(told["middle"], np.float64),
                np.array(told["spread"], np.float64),
                float(told["low"]),
                float(told["high"]),
            )
            for name, told in values["chambers"].items()
        }
        return cls(low, high, center, scale, chambers)


def _middle_and_spread(rows: NDArray[np.float64], values: Vector) -> tuple[Vector, Vector]:
    middle = _regressed(rows, np.clip(values, -_LARGEST, _LARGEST))
    return middle, _regressed(rows, np.log(np.abs(values - rows @ middle) + _LEAST_ERROR))


def _regressed(rows: NDArray[np.float64], values: Vector) -> Vector:
    """Least squares with small coefficients; the first column is not held small."""
    held = _RIDGE * np.eye(rows.shape[1])
    held[0, 0] = 0.0
    return np.asarray(np.linalg.solve(rows.T @ rows + held, rows.T @ values), dtype=np.float64)


def _rounded(values: Vector) -> list[float]:
    return [round(float(value), 5) for value in values]
