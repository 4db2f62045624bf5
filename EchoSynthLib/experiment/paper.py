"""The papers' figures, to stand beside what was measured here. None of it was measured on the same frames."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedDice:
    """Mean per-image Dice in per cent on real CAMUS test frames: LV endo, LV epi (the union), left atrium."""

    trained_on: str
    endo: float
    epi: float
    atrium: float
    source: str


@dataclass(frozen=True)
class NetworkCost:
    """Million parameters, and 10^9 multiply-accumulates of one network evaluation and of decoding a latent."""

    model: str
    parameters: float
    evaluation: float
    decoding: float = 0.0


ECHO_FROM_NOISE = "Stojanovski et al., Echo from Noise, ASMUS 2023, doi 10.1007/978-3-031-44521-7_4"
EFFICIENT = (
    "Stojanovski et al., Efficient Semantic Diffusion Architectures for Model Training on Synthetic Echocardiograms, "
    "2024, arXiv 2409.19371"
)

DICE = (PublishedDice("synthetic (SDM), tested on 50 real patients", 88.6, 91.9, 85.2, ECHO_FROM_NOISE),)
COST = (
    NetworkCost("sdm", 652.2, 1711),
    NetworkCost("vp", 86.4, 2157),
    NetworkCost("ve", 87.1, 2168),
    NetworkCost("edm", 359.3, 2333),
    NetworkCost("edm-l128", 377.1, 604, 250),
    NetworkCost("edm-l64", 390.1, 163, 71),
)
"""At 256 x 256; of the latent models with the autoencoder's parameters. Counted on networks built as the released code
configures them (`networks.semantic.presets.PAPER`), not copied from the papers' tables."""
SDM_EVALUATIONS = 1000
SDM_OPERATIONS = COST[0].evaluation * 1e9 * SDM_EVALUATIONS
"""Multiply-accumulates of one image of the paper's SDM: the number to beat."""
