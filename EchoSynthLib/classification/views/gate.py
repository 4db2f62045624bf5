"""From shares of views to a score of trust: is this what the model that is asked knows?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.classification.views.classes import APICAL, CLASSES
from EchoSynthLib.zoo.config import number_of

FLAGGED = 0.05
"""Share of apical frames, not learned from, that lie below the threshold."""
THRESHOLD = 0.5
"""Of the score, below which an image is flagged."""
_FLOOR = 1e-4  # of a share, so that no picture is beyond all doubt
_STEEPEST, _FLATTEST = 2.0, 0.3


@dataclass(frozen=True)
class Gate:
    """A logistic function of the log odds of a share, which is 0.5 at the odds below which frames are flagged.

    Attributes:
        odds: logarithm of the odds of the share that the views asked for have together at the threshold.
        steepness: of the function.
    """

    odds: float
    steepness: float

    def score(self, shares: Mapping[str, float], wanted: Sequence[str] = APICAL) -> float:
        """How far an image with these shares can be trusted, in [0, 1], by a model that knows the views `wanted`."""
        together = sum(shares.get(name, 0.0) for name in wanted)
        return 1 / (1 + math.exp(-self.steepness * (log_odds(together) - self.odds)))

    @classmethod
    def fitted(cls, shares: NDArray[np.float64], places: NDArray[np.int64]) -> Gate:
        """The gate for the apical views, from pictures that were not learned from.

        Its threshold flags `FLAGGED` of the apical ones, and it is as steep as a logistic regression with that
        threshold would have it.

        Args:
            shares: (N, classes).
            places: (N,) of `CLASSES`: what they show.
        """
        apical = [CLASSES.index(name) for name in APICAL]
        odds = np.array([log_odds(together) for together in shares[:, apical].sum(1)])
        wanted = np.isin(places, apical)
        threshold = float(np.quantile(odds[wanted], FLAGGED))
        return cls(threshold, _steepness(odds - threshold, wanted))

    def to_dict(self) -> dict[str, float]:
        """Plain numbers for config.json."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Gate:
        """From what `to_dict` gave; ValueError where that is not there."""
        return cls(number_of(config, "odds"), number_of(config, "steepness", 0.0))


def log_odds(share: float) -> float:
    """The logarithm of share over rest, neither of which is less than a small number."""
    kept = min(max(share, _FLOOR), 1 - _FLOOR)
    return math.log(kept / (1 - kept))


def _steepness(odds: NDArray[np.float64], wanted: NDArray[np.bool_]) -> float:
    """Of the likeliest logistic function through 0.5 at 0, both kinds counting the same."""
    sign = np.where(wanted, 1.0, -1.0)
    weight = np.where(wanted, 1 / max(1, wanted.sum()), 1 / max(1, (~wanted).sum()))
    steps = np.linspace(_FLATTEST, _STEEPEST, 35)
    losses = [float((weight * np.logaddexp(0, -step * sign * odds)).sum()) for step in steps]
    return float(steps[int(np.argmin(losses))])
