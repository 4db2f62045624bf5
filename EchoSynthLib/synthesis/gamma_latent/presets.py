"""The sizes of the Gamma autoencoder (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.synthesis.gamma_latent.autoencoder import GammaAutoencoder

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "L64": {"channels": (64, 128, 192), "blocks": (2, 2, 2)},
    "L128": {"channels": (64, 128), "blocks": (2, 2)},
    "small": {"channels": (8, 16, 48), "blocks": (1, 1, 2), "attention": False, "groups": 8},
    "small-L128": {"channels": (8, 24), "blocks": (1, 2), "attention": False, "groups": 8},
}
"""L64 and L128 make 64 x 64 and 128 x 128 latents of 256 x 256 images (Stojanovski et al. 2024).

The small ones halve as often as L64 (small) and L128, and are tapered: as their width grows with depth, no level costs
more than another, so that they train on two CPU cores.
"""


def build(preset: str = "small", **changes: object) -> GammaAutoencoder:
    """An untrained autoencoder.

    Args:
        preset: a name of PRESETS.
        changes: arguments of the network that differ from the preset.

    Raises:
        InputError: there is no such preset.
    """
    if preset not in PRESETS:
        raise InputError(f"There is no autoencoder {preset!r}; known are {', '.join(PRESETS)}.")
    return GammaAutoencoder(**{**PRESETS[preset], **changes})
