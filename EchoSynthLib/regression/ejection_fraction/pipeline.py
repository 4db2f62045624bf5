"""An ejection fraction as a user calls it: a cine in, percent with an interval out (numpy)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.picture_box import of_unit_variance
from EchoSynthLib.regression import Told
from EchoSynthLib.regression.ejection_fraction.windows import Sampling, guessed_frame_time
from EchoSynthLib.runtime import Network, OnnxNetwork
from EchoSynthLib.zoo.config import number_of, whole_number_of

FEWEST_FRAMES_A_SECOND = 8.0
SHORTEST_MS = 600.0
"""Of a cine: of less, hardly any heart shows both ends of its beat."""
_NINE_OF_TEN = 1.645  # standard deviations of a normal distribution to either side


class EjectionPipeline:
    """Cines to ejection fractions, window by window.

    Args:
        network: cines (1, T, side, side) of mean 0 and variance 1 to ejection fractions (1,), 1 for all of the volume.
        config: `frames`, `seconds` and `side` of a window; `residual`, the standard deviation, in percent, of what
            cines that were not learned from were told wrong by.
    """

    def __init__(self, network: Network, config: Mapping[str, Any]) -> None:
        self.network = network
        self.sampling = Sampling(
            whole_number_of(config, "frames", 2, 1000),
            number_of(config, "seconds", 0.1),
            whole_number_of(config, "side", 16, 1024),
        )
        self.residual = number_of(config, "residual", 0.0)

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> EjectionPipeline:
        """The pipeline on the fast path; `threads` as in `OnnxNetwork`."""
        return cls(OnnxNetwork(folder / "ejection_fraction.onnx", threads), config)

    def __call__(self, cine: NDArray[np.uint8], frame_time: float | None) -> Told:
        """See `EjectionRegressor`."""
        pictures = self.sampling.seen(cine)
        doubts = _doubts(len(cine), frame_time)
        if len(cine) == 2:
            shown = self.sampling.ends()
        else:
            shown = self.sampling.windows(len(cine), frame_time or guessed_frame_time(pictures))
        found = [float(self.network(of_unit_variance(pictures[window])[None])[0][0]) for window in shown]
        percent = np.clip(100 * np.array(found), 0, 100)
        mean = float(percent.mean())
        reach = _NINE_OF_TEN * math.hypot(self.residual, float(percent.std()))
        low, high = max(0.0, mean - reach), min(100.0, mean + reach)
        return Told(mean, (low, high), tuple(percent.tolist()), tuple(doubts))


def _doubts(count: int, frame_time: float | None) -> list[str]:
    """What of a cine is unlike those that were learned from."""
    if count == 2:
        return ["two frames are taken for both ends of a beat, end-diastole first; a cine tells more"]
    if frame_time is None:
        return ["the time between frames is not known, so a heart of 70 beats a minute is assumed; give it"]
    doubts = []
    if 1000 / frame_time < FEWEST_FRAMES_A_SECOND - 0.05:
        doubts.append(
            f"{1000 / frame_time:.3g} frames a second are fewer than the {FEWEST_FRAMES_A_SECOND:g} that were learned "
            "from, so that the smallest cavity may lie between two of them"
        )
    if (count - 1) * frame_time < SHORTEST_MS:
        doubts.append(
            f"the cine lasts {(count - 1) * frame_time:.0f} ms, in which hardly any heart shows both ends of its beat; "
            "where it does not, this is no ejection fraction"
        )
    return doubts
