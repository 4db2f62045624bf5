"""The ejection fraction that a segmenter sees in a made cine, against the one that its label maps have.

They differ by points: a segmenter draws end-systolic cavities a little too large, in real frames, too, and another way
of measuring reads another number. A line between them is fitted on cines of training patients and stands in the model's
config.json, field `seen`; it is used only where it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.synthesis.animation import EJECTION_FRACTIONS

_FEWEST = 3


@dataclass(frozen=True)
class SeenLine:
    """seen = slope * asked + constant, in percent."""

    slope: float
    constant: float

    @classmethod
    def fitted(cls, asked: ArrayLike, seen: ArrayLike) -> SeenLine:
        """The line through ejection fractions in percent whose slope is the median of those of all pairs.

        Now and then a segmenter loses the ventricle; such a cine says nothing of the others (Sen, J Am Stat Assoc
        63:1379-1389, 1968).

        Raises:
            InputError: fewer than three, or none that differ.
        """
        from scipy.stats import theilslopes

        x, y = np.asarray(asked, np.float64), np.asarray(seen, np.float64)
        if x.shape != y.shape or x.size < _FEWEST or np.ptp(x) == 0:
            raise InputError(
                f"A line is fitted to {_FEWEST} ejection fractions or more that differ, each with the one seen; given "
                f"were {x.size} and {y.size}."
            )
        slope, constant, *_ = theilslopes(y, x)
        return cls(float(slope), float(constant))

    def to_config(self) -> list[float]:
        """What `from_config` reads."""
        return [round(self.slope, 4), round(self.constant, 2)]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SeenLine | None:
        """The line of a model's config.json; None where it has none.

        Raises:
            ModelError: its field `seen` is no line.
        """
        told = config.get("seen")
        if told is None:
            return None
        try:
            line = cls(*map(float, told))
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"config.json has a field `seen` that is no line ({error}); get the model anew."
            ) from error
        if not line.slope > 0:
            raise ModelError(f"config.json has a field `seen` whose slope is {line.slope:g}; get the model anew.")
        return line

    def asked_for(self, seen: float) -> float:
        """The ejection fraction to ask for, in percent, so that a segmenter sees this one."""
        return float(np.clip((seen - self.constant) / self.slope, *EJECTION_FRACTIONS))
