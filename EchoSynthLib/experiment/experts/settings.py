"""What the experiment with experts can be told, and how long each of its networks learns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FIRST_EPOCHS, ADDED_EPOCHS, TOGETHER_EPOCHS = 32.0, 16.0, 24.0
"""Of the first site's expert, of those that begin with its weights, and of the network of all frames."""
FUSION_ITERATIONS = 1200
PRESET = "tiny"
"""Of the experts' networks: many are trained."""
BATCH = 64


@dataclass(frozen=True)
class ExpertsSettings:
    """What a user decides.

    Attributes:
        data: CAMUS .npz with index.csv beside it: the real site.
        output: folder for report, results, picture and stages.
        effort: factor of all epochs and iterations.
        hearts: (train, val) of each drawn site, instead of its own numbers.
        seed: of everything random.
        device: that torch knows.
    """

    data: Path
    output: Path
    effort: float = 1.0
    hearts: tuple[int, int] | None = None
    seed: int = 0
    device: str = "cpu"

    def iterations(self, count: int, epochs: float) -> int:
        """Of so many epochs of so many train frames."""
        return max(1, round(self.effort * epochs * count / BATCH))

    @property
    def fusion_iterations(self) -> int:
        """Of each fusion."""
        return max(1, round(self.effort * FUSION_ITERATIONS))
